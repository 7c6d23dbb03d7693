package ring

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// What a user says of the replicas of system keyspaces counts when the ring begins with it, and never afterwards.
func TestInitialSystemReplication(t *testing.T) {
	const rule = `{"dc1":3,"second":3}`
	for _, c := range []struct {
		name, said, founded string
		begins              bool
		want, named         string
	}{
		{name: "nothing is said", begins: true, want: rule},
		{name: "it begins with it", said: `{"dc1": 1, "second": 2}`, begins: true, want: `{"dc1":1,"second":2}`},
		{name: "of one datacenter", said: `{"dc1": 1}`, begins: true, want: `{"dc1":1,"second":3}`},
		{name: "of one that isn't there, and none", said: `{"dc9": 1, "dc1": 0}`, begins: true, want: rule},
		{name: "what can't be read", said: `dc1: 1`, begins: true, want: rule, named: `annotation k8ssandra.io/initial-system-replication (it must be like {"dc1":3})`},
		{name: "fewer than none", said: `{"dc1": -1}`, begins: true, want: rule, named: `annotation k8ssandra.io/initial-system-replication (it must be like {"dc1":3})`},
		{name: "an older ring", said: `{"dc1": 1}`, want: rule, named: "annotation k8ssandra.io/initial-system-replication (it counts when a ring begins)"},
		{name: "changed since", said: `{"dc1": 2}`, founded: `{"dc1": 1}`, want: `{"dc1":1,"second":3}`, named: "annotation k8ssandra.io/initial-system-replication (it counts when a ring begins)"},
		{name: "taken off since", founded: `{"dc1": 1}`, want: `{"dc1":1,"second":3}`},
		{name: "taken over by another region", said: `{"dc1": 2}`, founded: `{"dc1": 1}`, begins: true, want: `{"dc1":1,"second":3}`, named: "annotation k8ssandra.io/initial-system-replication (it counts when a ring begins)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := parse(t, twoDatacenters)
			k.Annotations = map[string]string{}
			for key, value := range map[string]string{api.InitialSystemReplicationAnnotation: c.said, api.FoundedReplicationAnnotation: c.founded} {
				if value != "" {
					k.Annotations[key] = value
				}
			}
			if c.begins {
				recordFounding(k)
			}
			dc, err := Build(k, 0, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, dc.Annotations[api.InitialSystemReplicationAnnotation]); d != "" {
				t.Error(d)
			}
			if named := NotActedOn(k); c.named == "" && len(named) > 0 || c.named != "" && !slices.Equal(named, []string{c.named}) {
				t.Errorf("named: %q, want %q", named, c.named)
			}
		})
	}
}
