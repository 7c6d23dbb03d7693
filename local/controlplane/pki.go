package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Authority is one cluster's certificate authority. It signs what kubeadm
// would: serving certificates, and client certificates whose subject is the
// Kubernetes user (CN) and groups (O).
type Authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority opens the authority in a directory, or makes one there.
func NewAuthority(dir string) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if a, err := openAuthority(dir); !errors.Is(err, os.ErrNotExist) {
		return a, err
	}
	a := &Authority{dir: dir, cert: &x509.Certificate{
		Subject: pkix.Name{CommonName: "ringspan-local-ca"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}}
	var err error
	a.key, err = a.sign("ca", a.cert)
	return a, err
}

func openAuthority(dir string) (*Authority, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "ca.crt"), filepath.Join(dir, "ca.key"))
	if err != nil {
		return nil, err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: the authority's key is not an elliptic curve key", dir)
	}
	return &Authority{dir: dir, cert: pair.Leaf, key: key}, nil
}

// Path is where one of the authority's files lies.
func (a *Authority) Path(file string) string { return filepath.Join(a.dir, file) }

// sign writes NAME.key and then NAME.crt: with the certificate, both are there.
func (a *Authority) sign(name string, template *x509.Certificate) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	signer := a.key
	if signer == nil { // the authority itself
		signer = key
	}
	template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, err
	}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(10, 0, 0)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := writePEM(a.Path(name+".key"), "EC PRIVATE KEY", keyDER); err != nil {
		return nil, err
	}
	return key, writePEM(a.Path(name+".crt"), "CERTIFICATE", der)
}

func writePEM(path, kind string, der []byte) error {
	part := path + ".part" // so that a killed process leaves a whole file or none
	if err := os.WriteFile(part, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// Server signs a serving certificate.
func (a *Authority) Server(name string, dnsNames []string, ips ...net.IP) error {
	_, err := a.sign(name, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: dnsNames, IPAddresses: ips,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return err
}

// Client signs a client certificate for a user and groups.
func (a *Authority) Client(name, user string, groups ...string) error {
	_, err := a.sign(name, &x509.Certificate{
		Subject:  pkix.Name{CommonName: user, Organization: groups},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err
}

// Kubeconfig signs a client certificate and writes NAME.kubeconfig with all
// credentials inline.
func (a *Authority) Kubeconfig(name, server, user string, groups ...string) (string, error) {
	if err := a.Client(name, user, groups...); err != nil {
		return "", err
	}
	read := func(file string) []byte { data, _ := os.ReadFile(a.Path(file)); return data }
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: read("ca.crt")}
	config.AuthInfos["u"] = &clientcmdapi.AuthInfo{ClientCertificateData: read(name + ".crt"), ClientKeyData: read(name + ".key")}
	config.Contexts["x"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}
	config.CurrentContext = "x"
	path := a.Path(name + ".kubeconfig")
	return path, clientcmd.WriteToFile(*config, path)
}

// SigningKey makes the key that signs service account tokens, once.
func (a *Authority) SigningKey(name string) error {
	if _, err := os.Stat(a.Path(name + ".crt")); err == nil {
		return nil
	}
	_, err := a.sign(name, &x509.Certificate{Subject: pkix.Name{CommonName: name}})
	return err
}
