package certificates

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Kind says what a certificate is for.
type Kind string

// The kinds, in the order in which they are made.
const (
	Authority Kind = "authority" // signs the others
	Client    Kind = "client"    // the operator's
	Server    Kind = "server"    // the agents'
)

// Kinds are all of them; the authority is first, because the others need it.
func Kinds() []Kind { return []Kind{Authority, Client, Server} }

// Keys of a Secret, as K8ssandra names them.
const (
	AuthorityKey   = "ca.crt"
	CertificateKey = "tls.crt"
	PrivateKey     = "tls.key"
)

// Bundle is what one Secret holds, as PEM. An authority's own certificate is in
// both CA and Certificate.
type Bundle struct{ CA, Certificate, Key []byte }

// Set is a datacenter's bundles; a kind that is missing has none.
type Set map[Kind]Bundle

// FromData reads a Secret's keys.
func FromData(data map[string][]byte) Bundle {
	return Bundle{CA: data[AuthorityKey], Certificate: data[CertificateKey], Key: data[PrivateKey]}
}

// Data are a Secret's keys.
func (b Bundle) Data() map[string][]byte {
	return map[string][]byte{AuthorityKey: b.CA, CertificateKey: b.Certificate, PrivateKey: b.Key}
}

// parsed is a bundle that can be used.
type parsed struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pool        *x509.CertPool // of the CA's certificates
	pair        tls.Certificate
}

var errNoAuthority = errors.New(AuthorityKey + " holds no certificate")

// parse checks that a bundle is whole: its key is its certificate's.
func (b Bundle) parse() (p parsed, err error) {
	for _, one := range []struct {
		name string
		data []byte
	}{{AuthorityKey, b.CA}, {CertificateKey, b.Certificate}, {PrivateKey, b.Key}} {
		if len(one.data) == 0 {
			return p, fmt.Errorf("key %s is missing", one.name)
		}
	}
	if p.pair, err = tls.X509KeyPair(b.Certificate, b.Key); err != nil {
		return p, fmt.Errorf("%s and %s: %w", CertificateKey, PrivateKey, err)
	}
	p.certificate = p.pair.Leaf
	p.key, _ = p.pair.PrivateKey.(crypto.Signer)
	p.pool = x509.NewCertPool()
	if !p.pool.AppendCertsFromPEM(b.CA) {
		return p, errNoAuthority
	}
	return p, nil
}

// sameKey tells whether a bundle's certificate is of a key.
func sameKey(certificate *x509.Certificate, key crypto.Signer) bool {
	public, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	return ok && key != nil && public.Equal(key.Public())
}

func pemOf(kind string, der []byte) []byte {
	var b bytes.Buffer
	_ = pem.Encode(&b, &pem.Block{Type: kind, Bytes: der}) // writes to memory
	return b.Bytes()
}
