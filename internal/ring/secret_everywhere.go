package ring

import (
	"encoding/json"
	"slices"

	corev1 "k8s.io/api/core/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// tellSecretEverywhere tells a datacenter that has a former role of the superuser's Secret to drop when all copies of the
// Secret are as the one beside it: until then clients elsewhere log in with that role. What was told is good for that version
// of the Secret alone. A region that can't be read now may have an older one.
func (s *State) tellSecretEverywhere(i int, want, have *cassandra.CassandraDatacenter) {
	beside := s.secretBeside(i)
	if have == nil || beside == nil || !hasFormerRole(have, beside) {
		return
	}
	for j, t := range s.templates() {
		other := s.secretBeside(j)
		if !s.isHere(t) {
			other = s.secretIn(RegionOf(s.Ring, t))
		}
		if other == nil || !sameLogin(other, beside) {
			return
		}
	}
	want.Annotations[cassandra.SecretEverywhereAnnotation] = beside.ResourceVersion
}

// secretBeside is the superuser's Secret in the namespace of one of this region's datacenters.
func (s *State) secretBeside(i int) *corev1.Secret {
	if t := s.templates()[i]; !s.isHere(t) || s.asker().Own(Namespace(s.Ring, t)) {
		return s.Secret.Found
	}
	return s.Here[i].Secret.Found
}

// hasFormerRole tells whether a datacenter has on record that it made a role from a Secret that names another one now.
func hasFormerRole(dc *cassandra.CassandraDatacenter, secret *corev1.Secret) bool {
	var roles map[string][]string
	if json.Unmarshal([]byte(dc.Annotations[cassandra.WrittenRolesAnnotation]), &roles) != nil {
		return false
	}
	return slices.ContainsFunc(roles[secret.Name], func(name string) bool { return name != string(secret.Data["username"]) })
}
