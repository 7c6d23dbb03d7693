package eks

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"

	"github.com/ringspan/ringspan/local/aws/plane"
)

// noEndpoint is that of a cluster without a plane: port 1 of this machine,
// where nothing listens, with a certificate authority that signs nothing.
func (a *API) noEndpoint() plane.Endpoint {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic("eks: no randomness: " + err.Error())
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kubernetes"}, NotBefore: a.now().Add(-5 * time.Minute), NotAfter: a.now().AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic("eks: making a certificate: " + err.Error()) // the template is our own
	}
	return plane.Endpoint{URL: "https://127.0.0.1:1", CA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}
