package datacenter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// Hashes of the article's dc1. A StatefulSet whose spec hash is another one restarts its nodes, so that one changes only with
// what users ask for, never with the program. Another template hash lets the nodes restart when their spec is next edited.
func TestHashesStayAsTheyAre(t *testing.T) {
	s := state(nil)
	s.Agent = "agent:1"
	set, err := s.StatefulSet(s.DC.Spec.Racks[0], 1)
	if err != nil {
		t.Fatal(err)
	}
	s.sign(set)
	var got strings.Builder
	for _, name := range []string{specHashAnnotation, templateHashAnnotation, api.ResourceHashAnnotation} {
		fmt.Fprintln(&got, name, set.Annotations[name])
	}
	for _, service := range s.Services() {
		stamp(service)
		fmt.Fprintln(&got, service.Name, service.Annotations[api.ResourceHashAnnotation])
	}
	want := `ringspan.io/spec-hash 82c26604616b6a21
ringspan.io/template-hash b56b971053fb1dd5
cassandra.datastax.com/resource-hash 426027b2b5df282c
multi-region-seed-service da079643dab01c2a
multi-region-dc1-service 7309f382f24e88dd
multi-region-dc1-all-pods-service ed885e6db9274240
multi-region-dc1-additional-seed-service b4524a719740ce91
`
	if d := cmp.Diff(want, got.String()); d != "" {
		t.Error(d)
	}
}
