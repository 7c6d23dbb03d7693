package controlplane

import (
	"crypto/x509"
	"encoding/pem"
	"net/netip"
	"os"
	"strings"
	"testing"
)

func plane(t *testing.T) Plane {
	return Plane{
		Region: "west", Dir: t.TempDir(), Address: netip.MustParseAddr("172.21.255.10"),
		ServiceRange: netip.MustParsePrefix("10.100.0.0/16"), HostServer: "https://127.0.0.1:6443",
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func certificate(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(read(t, path)))
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCredentialsOutliveARestart(t *testing.T) {
	p := plane(t)
	first, err := p.Credentials()
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]string{}
	for _, file := range []string{"ca.crt", "ca.key", "service-account.crt", "service-account.key"} {
		kept[file] = read(t, first.Path(file))
	}
	old := certificate(t, first.Path("apiserver.crt"))
	second, err := p.Credentials()
	if err != nil {
		t.Fatal(err)
	}
	for file, before := range kept {
		if read(t, second.Path(file)) != before {
			t.Errorf("%s is another one after the restart: tokens and kubeconfigs would be void", file)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(read(t, second.Path("ca.crt"))))
	for _, c := range []*x509.Certificate{old, certificate(t, second.Path("apiserver.crt"))} {
		for _, name := range []string{"kubernetes.default.svc", "127.0.0.1", "172.21.255.10", "10.100.0.1"} {
			if _, err := c.Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
				t.Errorf("serving certificate: %v", err)
			}
		}
	}
}

func TestKubeconfigCarriesUserAndGroups(t *testing.T) {
	a, err := NewAuthority(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path, err := a.Kubeconfig("node", "https://172.21.255.10:6443", "system:node:n1", "system:nodes")
	if err != nil {
		t.Fatal(err)
	}
	if text := read(t, path); !strings.Contains(text, "server: https://172.21.255.10:6443") || strings.Contains(text, a.Path("")) {
		t.Errorf("the kubeconfig is\n%s", text)
	}
	c := certificate(t, a.Path("node.crt"))
	if c.Subject.CommonName != "system:node:n1" || len(c.Subject.Organization) != 1 || c.Subject.Organization[0] != "system:nodes" {
		t.Errorf("the subject is %s", c.Subject)
	}
}

func TestADamagedAuthorityIsNoNewOne(t *testing.T) {
	dir := t.TempDir()
	a, err := NewAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.Path("ca.key"), []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewAuthority(dir); err == nil {
		t.Error("a damaged key was replaced or taken")
	}
}
