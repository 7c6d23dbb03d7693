package agent

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/certificates"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// secured is an agent with the certificates of a set in its files.
func secured(t *testing.T, server certificates.Bundle, log *output) (base, dir string) {
	t.Helper()
	dir = t.TempDir()
	write(t, dir, server.Data())
	t.Setenv("MGMT_API_TLS_CA_CERT_FILE", filepath.Join(dir, certificates.AuthorityKey))
	t.Setenv("MGMT_API_TLS_CERT_FILE", filepath.Join(dir, certificates.CertificateKey))
	t.Setenv("MGMT_API_TLS_KEY_FILE", filepath.Join(dir, certificates.PrivateKey))
	a := New(testConfig(t, log))
	s := a.newServer(a.Handler(), longestCall)
	if err := useTLS(s, os.Getenv); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = s.Close() })
	return "https://" + listener.Addr().String(), dir
}

// asks is one question over a new connection.
func asks(t *testing.T, base string, client certificates.Bundle) error {
	t.Helper()
	return over(t, base, client, func(c *mgmtapi.Client) error {
		_, err := c.Status(t.Context())
		return err
	})
}

// over makes a call over a new connection.
func over(t *testing.T, base string, client certificates.Bundle, do func(*mgmtapi.Client) error) error {
	t.Helper()
	config, err := client.ClientTLS()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	return do(mgmtapi.New(base, &http.Client{Transport: transport, Timeout: patience}))
}

func issued(t *testing.T, now time.Time, have certificates.Set) certificates.Set {
	t.Helper()
	set, err := certificates.Renew(now, "ring/dc1", have)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestWhoMayCallTheAgent(t *testing.T) {
	old, other := issued(t, time.Now().Add(-2*certificates.LeafLife), nil), issued(t, time.Now(), nil)
	own := issued(t, time.Now(), old) // of the same authority
	log := &output{}
	base, dir := secured(t, own[certificates.Server], log)
	trusting := func(b certificates.Bundle) certificates.Bundle { b.CA = own[certificates.Server].CA; return b }
	if err := asks(t, base, own[certificates.Client]); err != nil {
		t.Errorf("the operator: %v", err)
	}
	if err := over(t, base, own[certificates.Client], func(c *mgmtapi.Client) error { return c.Stop(t.Context()) }); err != nil {
		t.Errorf("the operator: %v", err)
	}
	await(t, "it is logged", func() bool { return len(linesWith(log.String(), `caller="client`)) > 0 })
	if found := linesWith(log.String(), `caller="client of ring/dc1" from=127.0.0.1`); len(found) != 1 {
		t.Errorf("who called isn't in the log: %s", log)
	}
	for why, client := range map[string]certificates.Bundle{
		"another ring's operator":         trusting(other[certificates.Client]),
		"a certificate that has ended":    old[certificates.Client],
		"a node with its own, a server's": own[certificates.Server],
	} {
		if err := asks(t, base, client); err == nil || !strings.Contains(err.Error(), "remote error: tls") {
			t.Errorf("%s: %v", why, err)
		}
	}
	if code, answer := ask(t, "http"+strings.TrimPrefix(base, "https"), "POST", "/api/v0/ops/auth/role", `{"username":"me","password":"x","is_superuser":true}`); code != http.StatusBadRequest || !strings.Contains(answer, "HTTPS server") {
		t.Errorf("in the clear: %d %s", code, answer)
	}

	write(t, dir, other[certificates.Server].Data()) // the kubelet brings new files
	if err := asks(t, base, other[certificates.Client]); err != nil {
		t.Errorf("after the rotation, without a restart: %v", err)
	}
	if err := asks(t, base, trusting(own[certificates.Client])); err == nil {
		t.Error("a client of the authority before is still let in")
	}
}
