package ring

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	renderer "github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/hash"
)

// ofBefore is a ring as a version left it that knew of no base configurations, with its first datacenter.
func ofBefore(t *testing.T) (*State, *cassandra.CassandraDatacenter) {
	t.Helper()
	k := parse(t, twoDatacenters)
	k.Annotations = map[string]string{api.RingIDAnnotation: "id", "ringspan.io/revision": "3/eu-west-1/abc", "ringspan.io/origin": "eu-west-1"}
	have, err := Build(k, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	have.Status.Conditions = []cassandra.DatacenterCondition{{Type: cassandra.DatacenterInitialized, Status: corev1.ConditionTrue}}
	s := &State{Region: "eu-west-1", Ring: k, Here: []Here{{Datacenter: Read[cassandra.CassandraDatacenter]{Found: have}}, {}}}
	return s, have
}

// An upgrade of the operator changes nothing of a ring that is older than base configurations: not the datacenter, so none of
// its pods, and not a byte of what its nodes are configured with.
func TestRingsOfBeforeStayAsTheyAre(t *testing.T) {
	s, have := ofBefore(t)
	if got, want := hash.Object(have.Spec), "af701d2c914da205"; got != want {
		t.Errorf("the spec of the datacenter is another one than the version before made: %s, want %s", got, want)
	}
	have.Annotations[api.ResourceHashAnnotation] = "" // as Make writes it, with what it tells of the others
	for _, step := range Make(s).Steps {
		if dc, is := step.Object.(*cassandra.CassandraDatacenter); is {
			if d := cmp.Diff(have.Spec, dc.Spec); d != "" {
				t.Errorf("another spec: %s", d)
			}
			*have = *dc.DeepCopy()
		}
	}
	for _, step := range Make(s).Steps {
		if step.Verb == Apply {
			t.Errorf("planned: %s", step)
		}
	}
	golden(t, "testdata/of_before.yaml", rendered(t, have))
}

// rendered is a node's cassandra.yaml.
func rendered(t *testing.T, dc *cassandra.CassandraDatacenter) string {
	t.Helper()
	in, err := renderer.ParseInput(dc.Spec.Config, "")
	if err != nil {
		t.Fatal(err)
	}
	in.ClusterName, in.Version = dc.Spec.ClusterName, dc.Spec.ServerVersion
	files, err := renderer.Render(in, renderer.Node{Address: "10.0.0.1", Datacenter: dc.Name, Rack: "r1", Seeds: []string{"10.0.0.1"}, DataDir: "/var/lib/cassandra"})
	if err != nil {
		t.Fatal(err)
	}
	return string(files["cassandra.yaml"])
}

// What a datacenter has stays through every state of the record and of the others; only the ring's user changes it.
func TestADatacenterKeepsItsBase(t *testing.T) {
	for _, record := range []string{"", renderer.BaseLatest, renderer.BaseCompatible, renderer.BaseNone, "mistyped"} {
		for _, has := range renderer.Bases() {
			for _, other := range renderer.Bases() {
				s, have := ofBefore(t)
				s.Ring.Annotations[api.BaseConfigurationAnnotation] = record
				have.Spec.Config = configWith(t, have.Spec.Config, has)
				there := have.DeepCopy()
				there.Name, there.Namespace = "dc2", "other"
				there.Spec.Config = configWith(t, there.Spec.Config, other)
				s.Peers = []Peer{{Region: "eu-central-1", Reachable: true, Datacenters: map[types.NamespacedName]*cassandra.CassandraDatacenter{s.key(s.templates()[1]): there}}}
				for _, asked := range []string{"", renderer.BaseCompatible} {
					s.Ring.Spec.Cassandra.BaseConfiguration = asked
					want, err := Build(s.Ring, 0, nil)
					if err != nil {
						t.Fatal(err)
					}
					known := s.planBase(&Plan{}, 0, want, have)
					right := orElse(asked, has)
					if has == renderer.BaseLatest { // from which there is no way back
						right = has
					}
					if got := BaseOf(want); !known || got != right {
						t.Errorf("on record %q, has %s, the other one %s, asked for %q: %t, %s", record, has, other, asked, known, got)
					}
				}
			}
		}
	}
}

func configWith(t *testing.T, config json.RawMessage, base string) json.RawMessage {
	t.Helper()
	out, err := withBase(config, base)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// One that is added takes the ring's, or waits where that can't be known.
func TestAnAddedDatacenterTakesTheRingsBase(t *testing.T) {
	latest, compatible := renderer.BaseLatest, renderer.BaseCompatible
	for _, c := range []struct {
		why                string
		record             string // on this region's copy
		peer               string // "away", "silent since it began", or what its copy has on record
		there              string // what its datacenter has; "" for none there
		want, waits, wrong string
	}{
		{why: "the first of a ring that was founded with the latest", record: latest, peer: "", want: latest},
		{why: "while the other region was never seen", record: latest, peer: "away", want: latest},
		{why: "the record is lost here", peer: latest, want: latest},
		{why: "the record is lost everywhere, and the other datacenter is known", peer: "", there: latest, want: latest},
		{why: "the record is older than what the ring has", record: latest, peer: latest, there: compatible, want: compatible},
		{why: "an older operator passed a record on and made its datacenter without", record: latest, peer: latest, there: renderer.BaseNone, want: renderer.BaseNone},
		{why: "a ring that is older than the record", peer: "", there: renderer.BaseNone, want: renderer.BaseNone},
		{why: "nothing is known of a region", peer: "away", waits: "region eu-central-1 to say with which base configuration the ring was founded"},
		{why: "a mistyped record", record: "latest", peer: "", wrong: `annotation ringspan.io/base-configuration: "latest": there are cassandra_latest.yaml, cassandra.yaml, none`},
	} {
		t.Run(c.why, func(t *testing.T) {
			s, have := ofBefore(t)
			s.Here[0] = Here{}
			if c.record != "" {
				s.Ring.Annotations[api.BaseConfigurationAnnotation] = c.record
			}
			p := Peer{Region: "eu-central-1", Reachable: c.peer != "away"}
			if p.Reachable {
				p.Copy = s.Ring.DeepCopy()
				delete(p.Copy.Annotations, api.BaseConfigurationAnnotation)
				if c.peer != "" {
					p.Copy.Annotations[api.BaseConfigurationAnnotation] = c.peer
				}
			}
			if c.there != "" {
				there := have.DeepCopy()
				there.Spec.Config = configWith(t, there.Spec.Config, c.there)
				p.Datacenters = map[types.NamespacedName]*cassandra.CassandraDatacenter{s.key(s.templates()[1]): there}
			}
			s.Peers = []Peer{p}
			want, err := Build(s.Ring, 0, nil)
			if err != nil {
				t.Fatal(err)
			}
			plan := Plan{}
			known := s.planBase(&plan, 0, want, nil)
			if known != (c.want != "") || known && BaseOf(want) != c.want {
				t.Errorf("known %t: %s", known, BaseOf(want))
			}
			if text := plan.String(); !strings.Contains(text, c.waits) || !strings.Contains(text, c.wrong) || known && text != (Plan{}).String() {
				t.Errorf("plan: %s", text)
			}
		})
	}
}

// What is put on a ring with its id.
func TestARingIsFoundedWithABase(t *testing.T) {
	for _, c := range []struct{ why, spec, note, want string }{
		{"of 5.0", "{serverVersion: 5.0.9, datacenters: [{size: 3}]}", "", renderer.BaseLatest},
		{"its user asks for none", "{serverVersion: 5.0.9, baseConfiguration: none, datacenters: [{size: 3}]}", "", renderer.BaseNone},
		{"a datacenter of 4.1", "{serverVersion: 5.0.9, datacenters: [{size: 3}, {size: 3, serverVersion: 4.1.8}]}", "", renderer.BaseNone},
		{"something else than Cassandra", "{serverVersion: 5.0.9, serverType: dse, datacenters: [{size: 3}]}", "", renderer.BaseNone},
		{"without a version", "{datacenters: [{size: 3}]}", "", renderer.BaseNone},
		{"its user asks for another one", "{serverVersion: 5.0.9, baseConfiguration: cassandra.yaml, datacenters: [{size: 3}]}", "", renderer.BaseCompatible},
		{"its manifest has it on record already", "{serverVersion: 5.0.9, datacenters: [{size: 3}]}", renderer.BaseCompatible, renderer.BaseCompatible},
	} {
		k := parse(t, "{spec: {cassandra: "+c.spec+"}}")
		if c.note != "" {
			k.Annotations = map[string]string{api.BaseConfigurationAnnotation: c.note}
		}
		recordBase(k)
		if d := cmp.Diff(c.want, k.Annotations[api.BaseConfigurationAnnotation]); d != "" {
			t.Errorf("%s: %s", c.why, d)
		}
	}
	recordBase(&api.K8ssandraCluster{}) // of a spec that nothing can be made of yet
}
