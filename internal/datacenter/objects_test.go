package datacenter

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// state is the article's dc1, changed.
func state(change func(*api.CassandraDatacenter)) *State {
	dc := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc1", Namespace: "ns"}}
	dc.Spec = api.CassandraDatacenterSpec{
		ClusterName: "multi-region", ServerType: "cassandra", ServerVersion: "5.0.9", Size: 3,
		Racks:         []api.Rack{{Name: "rack1"}, {Name: "rack2"}, {Name: "rack3"}},
		StorageConfig: api.StorageConfig{CassandraDataVolumeClaimSpec: &corev1.PersistentVolumeClaimSpec{StorageClassName: new("local-path")}},
	}
	if change != nil {
		change(dc)
	}
	s := &State{DC: dc}
	s.Ring = s.StandAlone()
	return s
}

func template(t *testing.T, change func(*api.CassandraDatacenter)) corev1.PodTemplateSpec {
	t.Helper()
	s := state(change)
	set, err := s.StatefulSet(s.DC.Racks()[0], 1)
	if err != nil {
		t.Fatal(err)
	}
	return set.Spec.Template
}

func containers(list []corev1.Container) (names []string) {
	for _, c := range list {
		names = append(names, c.Name)
	}
	return names
}

// The names that users of cass-operator look for.
func TestNamesOfObjects(t *testing.T) {
	s := state(nil)
	var names []string
	for _, o := range s.Services() {
		names = append(names, o.Name)
	}
	set, err := s.StatefulSet(s.DC.Spec.Racks[0], 1)
	if err != nil {
		t.Fatal(err)
	}
	names = append(names, set.Name, set.Spec.ServiceName, set.Spec.VolumeClaimTemplates[0].Name, s.DisruptionBudget().Name)
	want := []string{
		"multi-region-seed-service", "multi-region-dc1-service", "multi-region-dc1-all-pods-service", "multi-region-dc1-additional-seed-service",
		"multi-region-dc1-rack1-sts", "multi-region-dc1-all-pods-service", "server-data", "dc1-pdb",
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]string{api.ClusterLabel: "multi-region", api.DatacenterLabel: "dc1", api.RackLabel: "rack1"}, set.Spec.Selector.MatchLabels); d != "" {
		t.Error(d)
	}
}

// Pods have the labels of what the spec says. Those that somebody put on the datacenter itself choose none.
func TestLabelsOfADatacenterChooseNoPods(t *testing.T) {
	s := state(func(dc *api.CassandraDatacenter) {
		dc.Labels = map[string]string{api.ClusterLabel: "another", api.DatacenterLabel: "another"}
	})
	if d := cmp.Diff(map[string]string{api.ClusterLabel: "multi-region", api.DatacenterLabel: "dc1"}, Selector(s.DC)); d != "" {
		t.Error(d)
	}
}

func TestServicePorts(t *testing.T) {
	ports := func(s *corev1.Service) map[string]int32 {
		out := map[string]int32{}
		for _, p := range s.Spec.Ports {
			out[p.Name] = p.Port
		}
		return out
	}
	all := state(nil).Services()
	if d := cmp.Diff(map[string]int32{"native": 9042, "tls-native": 9142, "mgmt-api": 8080, "prometheus": 9103, "metrics": 9000}, ports(all[1])); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]int32{"native": 9042, "mgmt-api": 8080, "prometheus": 9103, "metrics": 9000}, ports(all[2])); d != "" {
		t.Error(d)
	}
	if !all[0].Spec.PublishNotReadyAddresses || all[0].Labels[api.DatacenterLabel] != "" || len(all[3].Spec.Selector) > 0 {
		t.Error("the seed service is for seeds that aren't ready and for all datacenters; the foreign seeds' has no selector")
	}
}

func TestPodTemplate(t *testing.T) {
	p := template(t, nil)
	if d := cmp.Diff([]string{"cassandra", "server-system-logger"}, containers(p.Spec.Containers)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"server-config-init"}, containers(p.Spec.InitContainers)); d != "" {
		t.Error(d)
	}
	for _, c := range append(p.Spec.InitContainers, p.Spec.Containers...) {
		if !*c.SecurityContext.ReadOnlyRootFilesystem || *c.SecurityContext.AllowPrivilegeEscalation {
			t.Errorf("container %s may write its root or gain privileges", c.Name)
		}
	}
	if !*p.Spec.SecurityContext.RunAsNonRoot || *p.Spec.SecurityContext.FSGroup != 999 {
		t.Errorf("security: %+v", p.Spec.SecurityContext)
	}
}

func TestTheAgentsImage(t *testing.T) {
	for _, c := range []struct{ operators, specs, want string }{
		{"", "", AgentImage()},
		{"registry.example.com/ringspan/agent:v1", "", "registry.example.com/ringspan/agent:v1"},
		{"registry.example.com/ringspan/agent:v1", "k8ssandra/cass-config-builder:1.0", "registry.example.com/ringspan/agent:v1"},
	} {
		s := state(func(dc *api.CassandraDatacenter) { dc.Spec.ConfigBuilderImage = c.specs })
		s.Agent = c.operators
		set, err := s.StatefulSet(s.DC.Racks()[0], 1)
		if err != nil {
			t.Fatal(err)
		}
		if named := slices.Contains(s.notActedOn(), "spec.configBuilderImage"); named != (c.specs != "") {
			t.Errorf("%+v: named as not acted on: %t", c, named)
		}
		if got := set.Spec.Template.Spec.InitContainers[0].Image; got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestWhatTheSpecChangesInAPod(t *testing.T) {
	for _, c := range []struct {
		reason string
		change func(*api.CassandraDatacenter)
		check  func(p corev1.PodTemplateSpec) bool
	}{
		{"the logger can be left out", func(dc *api.CassandraDatacenter) { dc.Spec.DisableSystemLoggerSidecar = true },
			func(p corev1.PodTemplateSpec) bool { return len(p.Spec.Containers) == 1 }},
		{"an own image may need to write its root", func(dc *api.CassandraDatacenter) { dc.Spec.ServerImage = "mine:1" },
			func(p corev1.PodTemplateSpec) bool {
				return p.Spec.Containers[0].Image == "mine:1" && !*p.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem
			}},
		{"old Cassandra writes its root", func(dc *api.CassandraDatacenter) { dc.Spec.ServerVersion = "4.0.1" },
			func(p corev1.PodTemplateSpec) bool {
				return !*p.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem
			}},
		{"a read-only root can be refused", func(dc *api.CassandraDatacenter) { dc.Spec.ReadOnlyRootFilesystem = new(false) },
			func(p corev1.PodTemplateSpec) bool {
				return !*p.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem
			}},
		{"the user's values win, containers merge by name", func(dc *api.CassandraDatacenter) {
			dc.Spec.PodTemplateSpec = &corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"mine": "yes"}},
				Spec: corev1.PodSpec{TerminationGracePeriodSeconds: new(int64(7)), Containers: []corev1.Container{
					{Name: "cassandra", Env: []corev1.EnvVar{{Name: "PRODUCT_NAME", Value: "other"}}}, {Name: "extra", Image: "extra:1"}}},
			}
		}, func(p corev1.PodTemplateSpec) bool {
			i := slices.IndexFunc(p.Spec.Containers, func(c corev1.Container) bool { return c.Name == "cassandra" })
			e := slices.IndexFunc(p.Spec.Containers[i].Env, func(e corev1.EnvVar) bool { return e.Name == "PRODUCT_NAME" })
			return *p.Spec.TerminationGracePeriodSeconds == 7 && p.Labels["mine"] == "yes" && p.Labels[api.ClusterLabel] != "" && len(p.Spec.Containers) == 3 &&
				p.Spec.Containers[i].Env[e].Value == "other" && p.Spec.Containers[i].Image == "cassandra:5.0.9"
		}},
		{"a template without containers takes none away", func(dc *api.CassandraDatacenter) {
			dc.Spec.PodTemplateSpec = &corev1.PodTemplateSpec{Spec: corev1.PodSpec{PriorityClassName: "high"}}
		}, func(p corev1.PodTemplateSpec) bool {
			return len(p.Spec.Containers) == 2 && p.Spec.PriorityClassName == "high"
		}},
		{"the host's network needs the cluster's DNS", func(dc *api.CassandraDatacenter) {
			dc.Spec.Networking = &api.NetworkingConfig{HostNetwork: true}
		},
			func(p corev1.PodTemplateSpec) bool {
				return p.Spec.HostNetwork && p.Spec.DNSPolicy == corev1.DNSClusterFirstWithHostNet
			}},
		{"labels and annotations reach pods", func(dc *api.CassandraDatacenter) {
			dc.Spec.AdditionalLabels, dc.Spec.AdditionalAnnotations = map[string]string{"l": "1"}, map[string]string{"a": "2"}
		}, func(p corev1.PodTemplateSpec) bool { return p.Labels["l"] == "1" && p.Annotations["a"] == "2" }},
		{"without a claim the data goes with the pod", func(dc *api.CassandraDatacenter) { dc.Spec.StorageConfig = api.StorageConfig{} },
			func(p corev1.PodTemplateSpec) bool {
				return slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == DataVolume && v.EmptyDir != nil })
			}},
		{"several nodes may share a machine", func(dc *api.CassandraDatacenter) { dc.Spec.AllowMultipleNodesPerWorker = true },
			func(p corev1.PodTemplateSpec) bool { return p.Spec.Affinity.PodAntiAffinity == nil }},
		{"without it they don't", nil, func(p corev1.PodTemplateSpec) bool {
			return len(p.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) == 1
		}},
		{"the configuration names the ring and its seeds", nil, func(p corev1.PodTemplateSpec) bool {
			return slices.ContainsFunc(p.Spec.Containers[0].Env, func(e corev1.EnvVar) bool {
				return e.Name == "CONFIG_FILE_DATA" && strings.Contains(e.Value, `"seeds":"multi-region-seed-service,multi-region-dc1-additional-seed-service"`)
			})
		}},
	} {
		if !c.check(template(t, c.change)) {
			t.Errorf("not so: %s", c.reason)
		}
	}
}

// The old name of the zone's label finds nodes of today, which have the new one.
func TestZoneLabelsInBothSpellings(t *testing.T) {
	for _, rack := range []api.Rack{
		{Name: "rack1", NodeAffinityLabels: map[string]string{"failure-domain.beta.kubernetes.io/zone": "eu-west-1a", "disk": "fast"}},
		{Name: "rack1", DeprecatedZone: "eu-west-1a", NodeAffinityLabels: map[string]string{"disk": "fast"}},
	} {
		p := template(t, func(dc *api.CassandraDatacenter) { dc.Spec.Racks = []api.Rack{rack} })
		var got []string
		for _, term := range p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
			var all []string
			for _, e := range term.MatchExpressions {
				all = append(all, e.Key+"="+strings.Join(e.Values, "|"))
			}
			got = append(got, strings.Join(all, " "))
		}
		want := []string{"disk=fast failure-domain.beta.kubernetes.io/zone=eu-west-1a", "disk=fast topology.kubernetes.io/zone=eu-west-1a"}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
}

func TestSeedSlices(t *testing.T) {
	s := state(func(dc *api.CassandraDatacenter) {
		dc.Spec.AdditionalSeeds = []string{"172.22.34.66", "fd00::1", "seed.example", "172.22.1.122", "172.22.1.122"}
	})
	got := map[string][]string{}
	for _, slice := range s.SeedSlices() {
		for _, e := range slice.Endpoints {
			got[slice.Name] = append(got[slice.Name], e.Addresses...)
		}
	}
	service := "multi-region-dc1-additional-seed-service"
	want := map[string][]string{service + "-ipv4": {"172.22.1.122", "172.22.34.66"}, service + "-ipv6": {"fd00::1"}, service + "-fqdn": {"seed.example"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if s.founds() {
		t.Error("a datacenter with seeds elsewhere would found a ring of its own")
	}
}

func TestWhatIsNoLongerAskedForGoes(t *testing.T) {
	s := state(nil)
	s.Hashes = map[string]string{"Service multi-region-dc1-node-port-service": "x", "EndpointSlice multi-region-dc1-additional-seed-service-ipv4": "x"}
	s.DC.Annotations = map[string]string{api.DisablePDBCreationAnnotation: ""}
	s.Hashes["PodDisruptionBudget dc1-pdb"] = "x"
	var p Plan
	s.planObjects(&p)
	var gone []string
	for _, step := range p.Steps {
		if step.Verb == Delete {
			gone = append(gone, step.Target)
		}
	}
	slices.Sort(gone)
	want := []string{"EndpointSlice multi-region-dc1-additional-seed-service-ipv4", "PodDisruptionBudget dc1-pdb", "Service multi-region-dc1-node-port-service"}
	if d := cmp.Diff(want, gone); d != "" {
		t.Error(d)
	}
}

// Another datacenter's object of the same name is left alone.
func TestASharedServiceHasOneOwner(t *testing.T) {
	s := state(nil)
	s.Foreign = map[string]bool{"Service multi-region-seed-service": true}
	var p Plan
	s.planObjects(&p)
	if slices.ContainsFunc(p.Steps, func(x Step) bool { return x.Target == "Service multi-region-seed-service" }) {
		t.Error("two datacenters would write the seed service in turn")
	}
}

func TestReplicationKeepsDatacentersThatNobodyToldOf(t *testing.T) {
	s := state(nil)
	simple := map[string]string{"class": "org.apache.cassandra.locator.SimpleStrategy", "replication_factor": "3"}
	got := s.everywhere(simple, map[string]int{"dc1": 3}, map[string]int{"dc1": 3, "elsewhere": 2})
	if d := cmp.Diff(map[string]int{"dc1": 3, "elsewhere": 2}, got); d != "" {
		t.Error(d)
	}
}
