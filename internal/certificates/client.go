package certificates

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

var errNoCertificate = errors.New("the agent shows no certificate")

// ClientTLS is how a client that holds the bundle speaks to agents: it shows its
// certificate, and believes none but the bundle's authority.
func (b Bundle) ClientTLS() (*tls.Config, error) {
	p, err := b.parse()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{p.pair}, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, //nolint:gosec // of the name only: VerifyConnection checks the rest, also when a session is resumed
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 {
				return errNoCertificate
			}
			return verify(time.Now(), s.PeerCertificates[0], p.pool, x509.ExtKeyUsageServerAuth, s.PeerCertificates[1:]...)
		},
	}, nil
}
