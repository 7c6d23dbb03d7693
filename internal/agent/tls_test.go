package agent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// authority signs certificates for 127.0.0.1, for both sides.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue returns certificate and key as PEM.
func (a authority) issue(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	own := newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, own.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

func write(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMutualTLSAndRotation(t *testing.T) {
	ca, dir := newAuthority(t), t.TempDir()
	cert, key := ca.issue(t, 10)
	write(t, dir, map[string][]byte{"ca": ca.pem, "cert": cert, "key": key})
	t.Setenv("MGMT_API_TLS_CA_CERT_FILE", filepath.Join(dir, "ca"))
	t.Setenv("MGMT_API_TLS_CERT_FILE", filepath.Join(dir, "cert"))
	t.Setenv("MGMT_API_TLS_KEY_FILE", filepath.Join(dir, "key"))

	server := &http.Server{Handler: New(testConfig(t, &output{})).Handler(), ReadHeaderTimeout: time.Second}
	if err := useTLS(server, os.Getenv); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	defer server.Close()

	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	base := "https://" + listener.Addr().String()
	serial := func(certificates ...tls.Certificate) (string, error) {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: certificates}}
		defer transport.CloseIdleConnections()
		seen := ""
		transport.TLSClientConfig.VerifyConnection = func(s tls.ConnectionState) error {
			seen = s.PeerCertificates[0].SerialNumber.String()
			return nil
		}
		_, err := mgmtapi.New(base, &http.Client{Transport: transport, Timeout: 5 * time.Second}).Status(t.Context())
		return seen, err
	}

	own, err := tls.X509KeyPair(ca.issue(t, 20))
	if err != nil {
		t.Fatal(err)
	}
	if seen, err := serial(own); err != nil || seen != "10" {
		t.Errorf("with a certificate: serial %s, %v", seen, err)
	}
	if _, err := serial(); err == nil {
		t.Error("a client without a certificate was let in")
	}
	stranger, err := tls.X509KeyPair(newAuthority(t).issue(t, 30))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := serial(stranger); err == nil {
		t.Error("a client of another authority was let in")
	}
	cert, key = ca.issue(t, 11)
	write(t, dir, map[string][]byte{"cert": cert, "key": key})
	if seen, err := serial(own); err != nil || seen != "11" {
		t.Errorf("after the rotation: serial %s, %v", seen, err)
	}
}

func TestTLSFilesBelongTogether(t *testing.T) {
	for _, test := range []struct {
		why, says string
		env       map[string]string
	}{
		{"none", "", nil},
		{"one", "belong together", map[string]string{"MGMT_API_TLS_CERT_FILE": "x"}},
		{"missing", "no such file", map[string]string{"MGMT_API_TLS_CERT_FILE": "/x", "MGMT_API_TLS_KEY_FILE": "/x", "MGMT_API_TLS_CA_CERT_FILE": "/x"}},
	} {
		err := useTLS(&http.Server{ReadHeaderTimeout: time.Second}, func(name string) string { return test.env[name] })
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", test.why, err)
		}
	}
}
