package ring

import (
	"slices"
	"strings"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// namedByRing are what a datacenter doesn't act on and the ring names itself, by its own path.
var namedByRing = []string{"spec.cdc", "spec.dseWorkloads", "annotation k8ssandra.io/inject-secret"}

// notActedOn lists what of the ring has no effect: what nobody passes on, lists that aren't merged, and what its datacenters say
// that they don't act on.
func (s *State) notActedOn() []string {
	names := append(NotActedOn(s.Ring), s.listsNotMerged()...)
	for i, t := range s.templates() {
		status := s.statusOf(i)
		if status == nil {
			continue
		}
		c := status.Condition(cassandra.DatacenterFieldsNotActedOn)
		if !status.IsTrue(cassandra.DatacenterFieldsNotActedOn) {
			continue
		}
		for _, name := range items(strings.TrimPrefix(c.Message, "not acted on: ")) {
			if !slices.ContainsFunc(namedByRing, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
				names = append(names, "datacenter "+t.Metadata.Name+": "+name)
			}
		}
	}
	return names
}

// items are what a list names; commas in brackets are no ends of an item.
func items(list string) (all []string) {
	depth, begin := 0, 0
	for i, c := range list {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				all, begin = append(all, list[begin:i]), i+1
			}
		}
	}
	all = append(all, list[begin:])
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}
