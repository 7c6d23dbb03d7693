package certificates

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"
)

// How long certificates hold, and how much of that is left when they are made
// anew. They begin earlier than they are made: a region's clock may be wrong.
const (
	AuthorityLife = 10 * 365 * 24 * time.Hour
	AuthorityLeft = 2 * 365 * 24 * time.Hour
	LeafLife      = 90 * 24 * time.Hour
	LeafLeft      = 30 * 24 * time.Hour
	backdated     = 30 * 24 * time.Hour
)

// Reason says why a bundle has to be made.
type Reason struct {
	Kind Kind
	Why  string
}

// Due tells which bundles have to be made, the authority first, and why.
func Due(now time.Time, have Set) (all []Reason) {
	if wellKnown(now, have) {
		return nil
	}
	for _, kind := range Kinds() {
		if why := due(now, kind, have); why != "" {
			all = append(all, Reason{kind, why})
		}
	}
	if len(all) == 0 {
		remember(now, have)
	}
	return all
}

func due(now time.Time, kind Kind, have Set) string {
	bundle, there := have[kind]
	if !there {
		return "there is none"
	}
	p, err := bundle.parse()
	if err != nil {
		return "it can't be used: " + err.Error()
	}
	switch {
	case kind == Authority && !p.certificate.IsCA:
		return "it is no authority"
	case kind == Authority && !holds(bundle.CA, p.certificate):
		return "its " + AuthorityKey + " doesn't hold its " + CertificateKey
	case now.Before(p.certificate.NotBefore):
		return "it holds from " + p.certificate.NotBefore.Format(time.DateOnly)
	case now.Add(left(kind)).After(p.certificate.NotAfter):
		return "it ends on " + p.certificate.NotAfter.Format(time.DateOnly)
	case kind != Authority:
		return misfit(now, kind, bundle, p, have[Authority])
	}
	return ""
}

// left is how much of a certificate's life is left when it is made anew.
func left(kind Kind) time.Duration {
	if kind == Authority {
		return AuthorityLeft
	}
	return LeafLeft
}

// holds tells whether a certificate is one of a file's: else nothing that it signs
// would ever fit.
func holds(file []byte, certificate *x509.Certificate) bool {
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		if bytes.Equal(block.Bytes, certificate.Raw) {
			return true
		}
	}
	return false
}

// misfit says why a leaf isn't one of the present authority's.
func misfit(now time.Time, kind Kind, bundle Bundle, p parsed, authority Bundle) string {
	ca, err := authority.parse()
	if err != nil {
		return "" // the authority is made first
	}
	if !bytes.Equal(bundle.CA, authority.CA) {
		return "the authority was made anew"
	}
	if err := verify(now, p.certificate, ca.pool, usage[kind]); err != nil {
		return fmt.Sprintf("the authority doesn't vouch for it: %v", err)
	}
	return ""
}

var usage = map[Kind]x509.ExtKeyUsage{Client: x509.ExtKeyUsageClientAuth, Server: x509.ExtKeyUsageServerAuth}

// verify checks a chain, whatever name is in the certificate: agents are reached
// at addresses that change, and the authority speaks for one datacenter only.
func verify(now time.Time, certificate *x509.Certificate, pool *x509.CertPool, use x509.ExtKeyUsage, others ...*x509.Certificate) error {
	options := x509.VerifyOptions{Roots: pool, Intermediates: x509.NewCertPool(), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{use}}
	for _, c := range others {
		options.Intermediates.AddCert(c)
	}
	_, err := certificate.Verify(options)
	return err
}

// Fit says why two bundles that a user gave don't go together; nil when they do.
func Fit(now time.Time, client, server Bundle) error {
	c, err := client.parse()
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	s, err := server.parse()
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if err := verify(now, c.certificate, s.pool, x509.ExtKeyUsageClientAuth); err != nil {
		return fmt.Errorf("agents refuse the client: %w", err)
	}
	if err := verify(now, s.certificate, c.pool, x509.ExtKeyUsageServerAuth); err != nil {
		return fmt.Errorf("the operator refuses the agents: %w", err)
	}
	return nil
}
