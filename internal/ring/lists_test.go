package ring

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/topology"
)

// What a datacenter says of an element that the ring has is laid over it; what only one of them has stays.
func TestListsAreMergedByName(t *testing.T) {
	for name, test := range map[string]struct{ ring, datacenter, want string }{
		"racks": {
			`racks: [{name: r1, nodeAffinityLabels: {a: ring, b: ring}}, {name: r2}]`,
			`racks: [{name: r3}, {name: r1, nodeAffinityLabels: {a: dc, c: dc}}]`,
			`racks: [{name: r1, nodeAffinityLabels: {a: dc, b: ring, c: dc}}, {name: r2}, {name: r3}]`,
		},
		"containers and what is in them": {
			`containers: [{name: cassandra, env: [{name: A, value: ring}, {name: B, value: ring}, {name: C, value: ring}], volumeMounts: [{name: v, mountPath: /a}], ports: [{containerPort: 1, name: one}]}, {name: sidecar, image: ring}]`,
			`containers: [{name: other}, {name: cassandra, env: [{name: B, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: C}, {name: D, value: dc}], volumeMounts: [{name: w, mountPath: /a}, {name: w, mountPath: /b}], ports: [{containerPort: 2}]}]`,
			`containers: [{name: cassandra, env: [{name: A, value: ring}, {name: B, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: C, value: ring}, {name: D, value: dc}], volumeMounts: [{name: w, mountPath: /a}, {name: w, mountPath: /b}], ports: [{containerPort: 1, name: one}, {containerPort: 2}]}, {name: sidecar, image: ring}, {name: other}]`,
		},
		"init containers run in the order of the ring's list": {
			`initContainers: [{name: server-config-init}, {name: after}]`, `initContainers: [{name: last}, {name: after, image: dc}]`,
			`initContainers: [{name: server-config-init}, {name: after, image: dc}, {name: last}]`,
		},
		"volumes, of which one has one source": {
			`extraVolumes: {volumes: [{name: v, emptyDir: {}}, {name: w, emptyDir: {}}], pvcs: [{name: p, mountPath: /p, pvcSpec: {storageClassName: ring}}]}`,
			`extraVolumes: {volumes: [{name: v, configMap: {name: dc}}], pvcs: [{name: q, mountPath: /q}, {name: p, pvcSpec: {storageClassName: dc}}]}`,
			`extraVolumes: {volumes: [{name: v, configMap: {name: dc}}, {name: w, emptyDir: {}}], pvcs: [{name: p, mountPath: /p, pvcSpec: {storageClassName: dc}}, {name: q, mountPath: /q}]}`,
		},
		"additional volumes": {
			`storageConfig: {additionalVolumes: [{name: a, mountPath: /a}]}`, `storageConfig: {additionalVolumes: [{name: b, mountPath: /b}]}`,
			`storageConfig: {additionalVolumes: [{name: a, mountPath: /a}, {name: b, mountPath: /b}]}`,
		},
		"tolerations are replaced": {`tolerations: [{key: ring}]`, `tolerations: [{key: dc}]`, `tolerations: [{key: dc}]`},
		"so are lists of the configuration": {
			`config: {cassandraYaml: {volumes: [{name: a}, {name: b}]}}`, `config: {cassandraYaml: {volumes: [{name: c}]}}`, `config: {cassandraYaml: {volumes: [{name: c}]}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			k, template := &api.K8ssandraCluster{}, api.CassandraDatacenterTemplate{}
			var want api.DatacenterOptions
			k.Spec.Cassandra = &api.CassandraClusterTemplate{}
			unmarshal(t, test.ring, &k.Spec.Cassandra.DatacenterOptions)
			unmarshal(t, test.datacenter, &template.DatacenterOptions)
			unmarshal(t, test.want, &want)
			before := k.DeepCopy()
			got, err := Options(k, template, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(before, k); diff != "" {
				t.Errorf("the ring was changed: %s", diff)
			}
		})
	}
}

func unmarshal(t *testing.T, text string, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

const ownRacks = `
metadata: {name: ring, namespace: ns, annotations: {ringspan.io/revision: 1/west, ringspan.io/ring-id: id}}
spec:
  cassandra:
    serverVersion: 5.0.9
    racks: [{name: r1}, {name: r2}, {name: r3}]
    containers: [{name: sidecar, image: example.com/sidecar}]
    datacenters:
    - {metadata: {name: dc1}, k8sContext: west, size: 3, racks: [{name: r1}]}
    - {metadata: {name: dc2}, k8sContext: central, size: 3, racks: [{name: a}]}
`

// A datacenter that was made when its lists replaced the ring's keeps its racks, whichever region looks at it and whatever that
// one sees of it, and says so. Somebody can ask for the other.
func TestNoRackComesUnasked(t *testing.T) {
	const all, one, annotated = "r1 r2 r3", "r1", cassandra.ListsAnnotation + "=" + api.ListsMerged
	for _, test := range []struct {
		name  string
		state func(t *testing.T, s *State)
		want  string // racks of dc1
		other string // and what is told of dc2's
		named bool
	}{
		{name: "a new ring", state: func(*testing.T, *State) {}, want: all, other: "r1 r2 r3 a"},
		{name: "the former version made it", state: func(t *testing.T, s *State) { s.made(t, 0, Replacing{"dc1": true, "dc2": true}) }, want: one, other: "a", named: true},
		{name: "this version made it", state: func(t *testing.T, s *State) { s.made(t, 0, nil) }, want: all, other: "r1 r2 r3 a"},
		{name: "each region's own version made its own", state: func(t *testing.T, s *State) {
			s.made(t, 0, nil)
			s.made(t, 1, Replacing{"dc1": true, "dc2": true})
		}, want: all, other: "a"},
		{name: "another region is away, and what it has was told", state: func(t *testing.T, s *State) {
			s.made(t, 0, Replacing{"dc1": true, "dc2": true})
			s.away("dc2")
		}, want: one, other: "a", named: true},
		{name: "another region is away, whose racks are merged", state: func(t *testing.T, s *State) {
			s.made(t, 0, Replacing{"dc1": true})
			s.away("dc2")
		}, want: one, other: "r1 r2 r3 a", named: true},
		{name: "somebody asks for it", state: func(t *testing.T, s *State) {
			s.made(t, 0, Replacing{"dc1": true, "dc2": true})
			s.made(t, 1, Replacing{"dc1": true, "dc2": true})
			s.Ring.Annotations[api.ListsAnnotation] = api.ListsMerged
		}, want: all, other: "a"},
		{name: "it was lost, and is to be made again", state: func(_ *testing.T, s *State) { s.away("dc1") }, want: one, other: "r1 r2 r3 a", named: true},
		{name: "another ring's has its name", state: func(t *testing.T, s *State) {
			s.made(t, 0, Replacing{"dc1": true, "dc2": true})
			s.Here[0].Datacenter.Found.Labels[api.ClusterNameLabel] = "other"
		}, want: all, other: "r1 r2 r3 a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &State{Region: "west", Ring: parse(t, ownRacks), Here: make([]Here, 2), Peers: []Peer{{Region: "central", Datacenters: map[types.NamespacedName]*cassandra.CassandraDatacenter{}}}}
			s.Ring.Status.Datacenters = map[string]api.K8ssandraStatus{}
			test.state(t, s)
			for range 2 { // what was written is what is read next
				dc, err := Build(s.Ring, 0, s.replacing())
				if err != nil {
					t.Fatal(err)
				}
				if got := strings.Join(cassandra.NamesOfRacks(dc.Spec.Racks), " "); got != test.want {
					t.Errorf("racks %s, want %s", got, test.want)
				}
				if got := dc.Spec.PodTemplateSpec; (got != nil) != true || len(got.Spec.Containers) != 1 {
					t.Errorf("pods: %v, want the ring's sidecar", got)
				}
				told, err := topology.Decode(dc.Annotations[topology.Annotation])
				if err != nil {
					t.Fatal(err)
				}
				if other, _ := told.Datacenter("dc2"); strings.Join(other.Racks, " ") != test.other {
					t.Errorf("dc2 is told to have racks %s, want %s", other.Racks, test.other)
				}
				if marked := dc.Annotations[cassandra.ListsAnnotation] == api.ListsMerged; marked != (test.want == all) {
					t.Errorf("%s is %t", annotated, marked)
				}
				named := slices.ContainsFunc(s.listsNotMerged(), func(n string) bool { return strings.Contains(n, "spec.cassandra.racks in datacenter dc1") })
				if named != test.named {
					t.Errorf("named: %q", s.listsNotMerged())
				}
				if s.Here[0].Datacenter.Found == nil || !s.isAnothers(s.Here[0].Datacenter.Found) {
					s.Here[0].Datacenter.Found = dc
				}
			}
		})
	}
}

// made has a datacenter in its region, as a version made it.
func (s *State) made(t *testing.T, i int, as Replacing) {
	t.Helper()
	dc, err := Build(s.Ring, i, as)
	if err != nil {
		t.Fatal(err)
	}
	if i == 0 {
		s.Here[0].Datacenter.Found = dc
		return
	}
	s.Peers[0].Reachable, s.Peers[0].Datacenters[types.NamespacedName{Namespace: "ns", Name: dc.Name}] = true, dc
}

// away has a datacenter that this region's copy knows, and that can't be seen.
func (s *State) away(name string) {
	s.Ring.Status.Datacenters[name] = api.K8ssandraStatus{ContextName: "west", Cassandra: &cassandra.CassandraDatacenterStatus{}}
}
