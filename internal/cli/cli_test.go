package cli

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

func TestMemory(t *testing.T) {
	f, err := fleet.Load("../../examples/article.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for meminfo, want := range map[string]string{
		"MemTotal: 1 kB\nMemAvailable:    8388608 kB\n": "",
		"MemAvailable:    3145728 kB\n":                 "",
		"MemAvailable:    2097152 kB\n":                 "too little memory: 2048 MiB are free, and 2 regions with 6 Cassandra nodes take about 3980 MiB",
		"nothing of the kind":                           "",
	} {
		err := checkMemory(meminfo, f)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", meminfo, err)
		}
	}
}

// A phase begins when the last ring has got there, and only once.
func TestMilestones(t *testing.T) {
	var told []string
	m := newMilestones(2, func(name string) { told = append(told, name) }, "nodes", "roles")
	first, second := m.of(0), m.of(1)
	first(2)
	second(1)
	first(2)
	second(2)
	second(1)
	if diff := cmp.Diff([]string{"nodes", "roles"}, told); diff != "" {
		t.Error(diff)
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		in   []string
		want string
	}{{nil, ""}, {[]string{"a"}, "a"}, {[]string{"a", "b"}, "a and b"}, {[]string{"a", "b", "c"}, "a, b and c"}} {
		if got := listed("and", c.in); got != c.want {
			t.Errorf("%v: %q", c.in, got)
		}
	}
}

var labels = map[string]string{k8ssandra.ClusterNameLabel: "ring", k8ssandra.ClusterNamespaceLabel: "default"}

// ringIn is a region's copy of a ring of two datacenters.
func ringIn(ready corev1.ConditionStatus, message string) k8ssandra.K8ssandraCluster {
	k := k8ssandra.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Name: "ring", Namespace: "default", Annotations: map[string]string{k8ssandra.RevisionAnnotation: "1/west/abc"}}}
	k.Spec.Cassandra = &k8ssandra.CassandraClusterTemplate{}
	for _, d := range [][2]string{{"dc1", "west"}, {"dc2", "central"}} {
		t := k8ssandra.CassandraDatacenterTemplate{K8sContext: d[1], Size: 1}
		t.Metadata.Name = d[0]
		k.Spec.Cassandra.Datacenters = append(k.Spec.Cassandra.Datacenters, t)
	}
	k.Status.Conditions = []k8ssandra.K8ssandraClusterCondition{{Type: k8ssandra.ClusterReady, Status: ready, Message: message}}
	return k
}

func datacenter(name string, ready corev1.ConditionStatus, message string) cassandra.CassandraDatacenter {
	dc := cassandra.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", Labels: labels}}
	dc.Spec.ClusterName, dc.Spec.Size = "ring", 1
	dc.Status.Conditions = []cassandra.DatacenterCondition{{Type: cassandra.DatacenterReady, Status: ready, Message: message}}
	return dc
}

func view(region, own string, alive bool) ringstatus.View {
	return ringstatus.View{Region: region, Pods: map[string]string{own: region + "-pod"}, Endpoints: []mgmtapi.Endpoint{
		{Address: "172.21.0.10", Datacenter: "dc1", Rack: "r", Alive: own == "172.21.0.10" || alive, Status: "NORMAL"},
		{Address: "172.22.0.10", Datacenter: "dc2", Rack: "r", Alive: own == "172.22.0.10" || alive, Status: "NORMAL"},
	}}
}

func wholeRing() []regionFacts {
	return []regionFacts{
		{region: "central", rings: []k8ssandra.K8ssandraCluster{ringIn("True", "")}, dcs: []cassandra.CassandraDatacenter{datacenter("dc2", "True", "")}, views: []ringstatus.View{view("central", "172.22.0.10", true)}},
		{region: "west", rings: []k8ssandra.K8ssandraCluster{ringIn("True", "")}, dcs: []cassandra.CassandraDatacenter{datacenter("dc1", "True", "")}, views: []ringstatus.View{view("west", "172.21.0.10", true)}},
	}
}

func TestJoinOfAWholeRing(t *testing.T) {
	all := join(wholeRing())
	if len(all) != 1 || !all[0].Ready || all[0].Message != "" || len(all[0].Nodes) != 2 || all[0].Nodes[0].State != "UN" {
		t.Fatalf("%+v", all)
	}
	if d := all[0].Datacenters; d[0].Region != "west" || d[0].Up != 1 || !d[1].Ready {
		t.Errorf("%+v", d)
	}
}

// Ready is what every region says and the nodes prove.
func TestJoinIsReadyOnlyWhenAllSaySo(t *testing.T) {
	facts := wholeRing()
	facts[1].rings[0] = ringIn("False", "datacenter dc1: waiting for pods")
	if s := join(facts)[0]; s.Ready || s.Message != "datacenter dc1: waiting for pods" {
		t.Errorf("one region waits: %+v", s)
	}
	facts = wholeRing()
	facts[0].views[0].Endpoints, facts[1].views[0].Endpoints = nil, nil
	if s := join(facts)[0]; s.Ready || s.Message != "0 of 1 nodes of dc1 are up; 0 of 1 nodes of dc2 are up" {
		t.Errorf("no node answers: %+v", s)
	}
	facts = wholeRing()
	facts[1].views[0] = ringstatus.View{Region: "west", Refused: "the nodes of dc1 in west can't be asked: forbidden"}
	if s := join(facts)[0]; !s.Ready || s.Message != "the nodes of dc1 in west can't be asked: forbidden" {
		t.Errorf("one region's nodes may not be asked, and the others see them: %+v", s)
	}
	facts = wholeRing()
	facts[0].rings = nil
	if s := join(facts)[0]; s.Ready || s.Message != "region central has not taken the ring over yet" {
		t.Errorf("one region has no copy: %+v", s)
	}
}

// A region that can't be asked: it is named, its peers say since when they miss
// it, and its datacenter is shown as it was last seen.
func TestJoinWithoutARegion(t *testing.T) {
	since := metav1.NewTime(time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC))
	facts := wholeRing()
	facts[0] = regionFacts{region: "central", err: errors.New("connection refused")}
	k := &facts[1].rings[0]
	last := datacenter("dc2", "True", "").Status
	k.Status.Datacenters = map[string]k8ssandra.K8ssandraStatus{"dc2": {Cassandra: &last}}
	k.Status.Peers = []k8ssandra.PeerStatus{{Region: "central", Since: since, Message: "no route"}}
	facts[1].views[0] = view("west", "172.21.0.10", false)
	s := join(facts)[0]
	if s.Ready || s.Regions[0].Reachable || s.Regions[0].Message != "connection refused" {
		t.Errorf("%+v", s.Regions)
	}
	if p := s.Regions[1].Peers; len(p) != 1 || p[0].Reachable || !p[0].Since.Equal(since.Time) {
		t.Errorf("%+v", p)
	}
	if s.Nodes[1].State != "DN" || s.Nodes[1].Pod != "" || !s.Datacenters[1].Ready || s.Datacenters[1].Up != 0 {
		t.Errorf("%+v %+v", s.Nodes[1], s.Datacenters[1])
	}
}

// A datacenter without a ring is shown as one of its own.
func TestJoinShowsLoners(t *testing.T) {
	facts := wholeRing()
	alone := datacenter("lonely", "False", "waiting for pods")
	alone.Labels, alone.Spec.ClusterName = nil, "a-cluster"
	facts[1].dcs, facts[1].views = append(facts[1].dcs, alone), append(facts[1].views, ringstatus.View{Region: "west"})
	all := join(facts)
	if len(all) != 2 || all[0].Ring != "a-cluster" || all[0].Ready || all[0].Datacenters[0].Region != "west" || all[0].Message != "waiting for pods" {
		t.Errorf("%+v", all)
	}
}

func TestLastWords(t *testing.T) {
	k := ringIn("False", "")
	looks := []look{
		{region: "west", ring: &k, dcs: []cassandra.CassandraDatacenter{datacenter("dc1", "False", "waiting for pod x")}},
		{region: "central", err: errors.New("refused")}, {region: "north"},
	}
	want := "dc1: waiting for pod x; region central: refused; region north has no copy of ring ring"
	if got := lastWords(looks, "ring"); got != want {
		t.Errorf("%s", got)
	}
	if got := lastWords(nil, "ring"); got == "" {
		t.Error("nothing is said")
	}
}

// Applying a Secret again must change nothing: stringData would.
func TestPlainSecret(t *testing.T) {
	s := &corev1.Secret{StringData: map[string]string{"a": "1"}, Data: map[string][]byte{"a": []byte("0"), "b": []byte("2")}}
	got := plainSecret(s)
	if diff := cmp.Diff(map[string][]byte{"a": []byte("1"), "b": []byte("2")}, got.Data); diff != "" || got.StringData != nil || got.Kind != "Secret" {
		t.Error(diff)
	}
	if len(s.StringData) != 1 || string(s.Data["a"]) != "0" {
		t.Error("the file's own Secret was changed")
	}
}

// Only nodes whose agent is of another build are counted.
func TestNodesWithAnAgentFromBefore(t *testing.T) {
	pod := func(images ...string) (p corev1.Pod) {
		for _, i := range images {
			p.Status.InitContainerStatuses = append(p.Status.InitContainerStatuses, corev1.ContainerStatus{ImageID: i})
		}
		return p
	}
	pods := []corev1.Pod{pod("cassandra:5.0.9", "ringspan/agent@sha256:1"), pod("ringspan/agent@sha256:2"), pod("busybox@sha256:1"), pod("ringspan/agent:v1"), pod("")}
	if n := fromBefore(pods, "ringspan/agent@sha256:2"); n != 1 {
		t.Errorf("%d nodes", n)
	}
}

func TestRolledOut(t *testing.T) {
	d := appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Generation: 2}}
	for status, want := range map[*appsv1.DeploymentStatus]bool{
		{}: false,
		{ObservedGeneration: 1, Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1}: false,
		{ObservedGeneration: 2, Replicas: 1, AvailableReplicas: 1}:                     false,
		{ObservedGeneration: 2, Replicas: 1, UpdatedReplicas: 1}:                       false,
		{ObservedGeneration: 2, Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1}: true,
	} {
		if d.Status = *status; rolledOut(&d) != want {
			t.Errorf("%+v: %v", *status, !want)
		}
	}
}
