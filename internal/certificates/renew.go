package certificates

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"maps"
	"time"
)

// Renew makes what is due; name is of the datacenter, for whoever looks at a
// certificate. What it returns is all that changed.
func Renew(now time.Time, name string, have Set) (Set, error) {
	all, changed := Set{}, Set{}
	maps.Copy(all, have)
	for _, kind := range Kinds() { // a leaf is looked at with the authority that is just made
		if due(now, kind, all) == "" {
			continue
		}
		bundle, err := issue(now, kind, name, all)
		if err != nil {
			return nil, fmt.Errorf("making the %s's certificate: %w", kind, err)
		}
		all[kind], changed[kind] = bundle, bundle
	}
	return changed, nil
}

func issue(now time.Time, kind Kind, name string, have Set) (Bundle, error) {
	if kind == Authority {
		return newAuthority(now, name, have[Authority])
	}
	ca, err := have[Authority].parse()
	if err != nil {
		return Bundle{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Bundle{}, err
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: string(kind) + " of " + name}, DNSNames: []string{string(kind) + ".management.ringspan"},
		NotBefore: now.Add(-backdated), NotAfter: now.Add(LeafLife), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage[kind]},
	}
	return sign(template, ca.certificate, key, ca.key, have[Authority].CA)
}

// newAuthority keeps the key of the one before, if that can be used.
func newAuthority(now time.Time, name string, before Bundle) (Bundle, error) {
	var key crypto.Signer
	if old, err := before.parse(); err == nil && old.certificate.IsCA && sameKey(old.certificate, old.key) {
		key = old.key
	}
	if key == nil {
		fresh, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return Bundle{}, err
		}
		key = fresh
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "management of " + name}, NotBefore: now.Add(-backdated), NotAfter: now.Add(AuthorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	return sign(template, template, key, key, nil)
}

// sign makes a bundle; without ca the certificate is its own authority.
func sign(template, parent *x509.Certificate, key, signer crypto.Signer, ca []byte) (Bundle, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return Bundle{}, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Bundle{}, err
	}
	b := Bundle{CA: ca, Certificate: pemOf("CERTIFICATE", der), Key: pemOf("PRIVATE KEY", pkcs8)}
	if ca == nil {
		b.CA = b.Certificate
	}
	return b, nil
}
