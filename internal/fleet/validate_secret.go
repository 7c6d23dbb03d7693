package fleet

import (
	"slices"
	"strings"
)

// validateSecrets finds Secrets that nothing can use, and references to Secrets
// that are not there.
func (f *File) validateSecrets() (errs []error) {
	for i := range f.Secrets {
		s := &f.Secrets[i]
		x := &faults{d: s.at}
		if !objectName.MatchString(s.Name) {
			x.bad("metadata.name", "%q is not a name of a Kubernetes object", s.Name)
		}
		if len(f.Rings) > 0 && !slices.ContainsFunc(f.Rings, func(r Ring) bool { return r.Namespace == s.Namespace }) {
			x.bad("metadata.namespace", "no ring is in namespace %s: nothing could use Secret %s", s.Namespace, s.Name)
		}
		for _, other := range f.Secrets[:i] {
			if other.Name == s.Name && other.Namespace == s.Namespace {
				x.bad("metadata.name", "Secret %s is in line %d already", s.Name, other.at.root.Line)
			}
		}
		errs = append(errs, x.errs...)
	}
	for i := range f.Rings {
		errs = append(errs, f.validateSuperuser(&f.Rings[i])...)
	}
	return errs
}

// validateSuperuser checks the login of a ring, if it is given.
func (f *File) validateSuperuser(ring *Ring) []error {
	if ring.Spec.Cassandra == nil || ring.Spec.Cassandra.SuperuserSecretRef.Name == "" {
		return nil
	}
	name := ring.Spec.Cassandra.SuperuserSecretRef.Name
	i := slices.IndexFunc(f.Secrets, func(s Secret) bool { return s.Name == name && s.Namespace == ring.Namespace })
	if i < 0 {
		x := &faults{d: ring.at}
		x.bad("spec.cassandra.superuserSecretRef.name", "Secret %s is not in the file; add it in namespace %s with username and password, or leave superuserSecretRef out to have one made", name, ring.Namespace)
		return x.errs
	}
	s := &f.Secrets[i]
	x := &faults{d: s.at}
	for _, key := range []string{"username", "password"} {
		if value, field := s.value(key); value == "" {
			x.bad(field, "Secret %s has no %s, and ring %s logs in with it", name, key, ring.Name)
		} else if strings.TrimSpace(value) != value || strings.ContainsAny(value, "\n\x00") {
			x.bad(field+"."+key, "the %s begins or ends with white space or has a line break: is that what it should be?", key)
		}
	}
	user, field := s.value("username")
	if password, _ := s.value("password"); user == "cassandra" && password == "cassandra" {
		x.bad(field, "cassandra with password cassandra is the login that everybody knows; choose another")
	}
	return x.errs
}

// value is a key's value, whichever way it is given, and where that is.
func (s *Secret) value(key string) (value, field string) {
	if v, ok := s.StringData[key]; ok {
		return v, "stringData"
	}
	if v, ok := s.Data[key]; ok {
		return string(v), "data"
	}
	if len(s.Data) > 0 {
		return "", "data"
	}
	return "", "stringData"
}
