package pods

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
)

func TestMain(m *testing.M) { os.Exit(kubetest.Main(m)) }

func region(t *testing.T) Region {
	t.Helper()
	cluster := kubetest.Shared(t)
	return Region{Name: "kubetest", Client: cluster.Client}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The operator's namespace enforces the restricted Pod Security Standard.
func TestTheProbesPodIsAdmitted(t *testing.T) {
	r := region(t)
	j := job("admission", "zone-a", 0)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: j.Name, Labels: j.Spec.Template.Labels}, Spec: j.Spec.Template.Spec}
	must(t, r.Client.Create(t.Context(), pod, client.DryRunAll))
	must(t, r.Client.Create(t.Context(), j, client.DryRunAll))
	pod = pod.DeepCopy()
	pod.ResourceVersion, pod.UID = "", ""
	pod.Spec.Containers[0].SecurityContext = nil
	if err := r.Client.Create(t.Context(), pod, client.DryRunAll); err == nil {
		t.Error("a pod without restrictions is admitted: this test proves nothing")
	}
}

// A run deletes its own probes and those of runs that died, not those of one
// that may be at work.
func TestRemove(t *testing.T) {
	r := region(t)
	for _, run := range []string{"mine", "other"} {
		must(t, r.Client.Create(t.Context(), job(run, "", 0)))
		must(t, r.Client.Create(t.Context(), job(run, "", 1)))
	}
	must(t, r.remove(t.Context(), "mine", time.Now()))
	if got := jobs(t, r); !slices.Equal(got, []string{"ringspan-doctor-other-0", "ringspan-doctor-other-1"}) {
		t.Errorf("jobs left: %v", got)
	}
	must(t, r.remove(t.Context(), "mine", time.Now().Add(lifetime)))
	if got := jobs(t, r); len(got) != 0 {
		t.Errorf("jobs of a run that died are left: %v", got)
	}
}

func jobs(t *testing.T, r Region) (names []string) {
	t.Helper()
	var list batchv1.JobList
	must(t, r.Client.List(t.Context(), &list, client.InNamespace(install.Namespace)))
	for _, j := range list.Items {
		if j.DeletionTimestamp == nil {
			names = append(names, j.Name)
		}
	}
	return names
}

// A probe that isn't deleted ends by itself, and its Job with it.
func TestAForgottenProbeEnds(t *testing.T) {
	j := job("run", "", 0)
	if ttl := j.Spec.TTLSecondsAfterFinished; ttl == nil || *ttl > 60 {
		t.Error("a finished Job is kept")
	}
	if limit := j.Spec.ActiveDeadlineSeconds; limit == nil || *limit > 180 {
		t.Error("nothing bounds the Job")
	}
	args := strings.Join(j.Spec.Template.Spec.Containers[0].Args, " ")
	if args != "probe serve --seconds 90" {
		t.Errorf("the probe runs %s", args)
	}
}

// What is read of a cluster: zones with a node that is ready, who the peers are,
// and which name must lead where.
func TestFacts(t *testing.T) {
	r := region(t)
	if _, err := r.facts(t.Context()); err == nil || !strings.Contains(err.Error(), "ready") {
		t.Errorf("a cluster without nodes: %v", err)
	}
	for _, n := range []struct {
		name, zone, address string
		ready               corev1.ConditionStatus
	}{{"n1", "a", "10.0.0.1", "True"}, {"n2", "b", "10.0.1.1", "True"}, {"n3", "b", "10.0.1.2", "True"}, {"n4", "c", "10.0.2.1", "False"}} {
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: n.name, Labels: map[string]string{corev1.LabelTopologyZone: n.zone}}}
		must(t, r.Client.Create(t.Context(), node))
		t.Cleanup(func() { _ = r.Client.Delete(t.Context(), node) })
		node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: n.ready}}
		node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeHostName, Address: n.name}, {Type: corev1.NodeInternalIP, Address: n.address}}
		must(t, r.Client.Status().Update(t.Context(), node))
	}
	objects, err := install.PeerObjects("", install.Peer{Region: "far", Server: "https://api.far.example:8443", Token: "t"})
	must(t, err)
	must(t, install.ApplyObjects(t.Context(), r.Client, objects...))
	f, err := r.facts(t.Context())
	must(t, err)
	if diff := cmp.Diff([]string{"a", "b"}, f.zones); diff != "" {
		t.Error(diff)
	}
	if f.nodes["n2"].address.String() != "10.0.1.1" || !f.dns.IsValid() {
		t.Errorf("nodes %v, DNS %s", f.nodes, f.dns)
	}
	if at := f.peers["far"]; at != (endpoint{"api.far.example", 8443}) {
		t.Errorf("the peer is at %v", at)
	}
	if diff := cmp.Diff([]string{knownService, "api.far.example"}, names(f)); diff != "" {
		t.Error(diff)
	}
}

func TestEndpointOf(t *testing.T) {
	for server, want := range map[string]endpoint{
		"https://172.21.255.10:6443": {"172.21.255.10", 6443}, "https://ABC.gr7.eu-west-1.eks.amazonaws.com": {"ABC.gr7.eu-west-1.eks.amazonaws.com", 443}, "nonsense": {},
	} {
		if got, ok := endpointOf(server); got != want || ok != (want.host != "") {
			t.Errorf("%s: %v %t", server, got, ok)
		}
	}
}

// Who doesn't run in time is named with the reason.
func TestRunning(t *testing.T) {
	all := []corev1.Pod{
		{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.0.0.9"}},
		{ObjectMeta: metav1.ObjectMeta{Name: "b"}, Status: corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "0/3 nodes are available"}}}},
	}
	pods, late := running(all, 3)
	if len(pods) != 1 || !slices.Equal(late, []string{"pod b is Pending: 0/3 nodes are available", "a probe's pod has not been made"}) {
		t.Errorf("%d pods, late are %q", len(pods), late)
	}
}
