package datacenter

import (
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/ringspan/ringspan/internal/cassandra"
)

// configRefused says why nodes of a rack must not be started with the configuration of a set's template; "" when they may. What
// the datacenter's nodes have run with until now, as the sets that are there say, may have made data that they could not read
// any more. A rack that a person forces is taken at the person's word: its nodes may never have come up with what they were
// given.
func (s *State) configRefused(rack string, want *appsv1.StatefulSet) string {
	if why := s.configSecretError(); why != "" {
		return why
	}
	after, known := s.inputOf(&want.Spec.Template)
	if !known {
		return "" // the agent says what it doesn't know
	}
	if err := cassandra.CheckBase(after.Base, after.Version); err != nil {
		return s.configField() + ": " + err.Error()
	}
	if slices.Contains(s.DC.Spec.ForceUpgradeRacks, rack) {
		return ""
	}
	sets := maps.Clone(s.StatefulSets)
	if was := s.remaking(); was != nil && sets[was.Rack] == nil { // its pods run
		sets[was.Rack] = was.Set
	}
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		before, known := s.inputOf(&sets[name].Spec.Template)
		if !known || slices.Contains(s.DC.Spec.ForceUpgradeRacks, name) {
			continue
		}
		if why := cassandra.Unreadable(before, after); why != "" {
			return s.configField() + ": " + why
		}
	}
	return ""
}

// inputOf is what a pod template gives to its node's agent, and whether that is understood.
func (s *State) inputOf(t *corev1.PodTemplateSpec) (cassandra.Input, bool) {
	data, known := s.configOf(&t.Spec)
	if !known {
		return cassandra.Input{}, false
	}
	in, err := cassandra.ParseInput(data, "")
	in.Version = valueOf(cassandraOf(&t.Spec), "PRODUCT_VERSION")
	return in, err == nil
}

func valueOf(c *corev1.Container, name string) string {
	for _, e := range c.Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}
