package propagation

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// NameOf is the name that a Propagation of an object is given when it is made for somebody: kind-name. An object's name may be
// none that a Propagation can have, as a ClusterRole's with a colon, or too long: what doesn't fit is replaced then, and a sum of
// the whole is added, so that no two objects of a kind share one. What the object is called stands in the Propagation.
func NameOf(kind, name string) string {
	plain := strings.ToLower(kind) + "-" + name
	if len(validation.IsDNS1123Subdomain(plain)) == 0 {
		return plain
	}
	end := "-" + sum(kind, name)
	fits := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r > '~':
			return -1
		}
		return '-'
	}, strings.ToLower(plain))
	return strings.Trim(fits[:min(len(fits), validation.DNS1123SubdomainMaxLength-len(end))], "-") + end
}

func sum(kind, name string) string {
	all := sha256.Sum256([]byte(kind + "/" + name))
	return hex.EncodeToString(all[:4])
}
