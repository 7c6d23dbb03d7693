package cli

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/hash"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/ring"
	"github.com/ringspan/ringspan/internal/topology"
)

// booted writes what a region's operator has made of the fleet's ring, with pods that are ready. Nobody is behind them.
func booted(t *testing.T, home, c *kubetest.Cluster, region string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	k := &k8ssandra.K8ssandraCluster{}
	must(home.Client.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "ring"}, k))
	for i, template := range k.Spec.Cassandra.Datacenters {
		if template.K8sContext != region {
			continue
		}
		dc, err := ring.Build(k, i, nil)
		must(err)
		dc.Annotations[cassandra.InSpecAnnotation] = "true"
		dc.Annotations[cassandra.ResourceHashAnnotation] = hash.Object(dc)
		must(c.Client.Patch(t.Context(), dc, client.Apply, client.FieldOwner("ringspan"), client.ForceOwnership)) //nolint:staticcheck // as the operator does
		known, err := topology.Decode(dc.Annotations[topology.Annotation])
		must(err)
		plan := datacenter.Make(&datacenter.State{DC: dc, Ring: known})
		dc.Status.NodeStatuses = cassandra.CassandraStatusMap{}
		for _, step := range plan.Steps {
			if set, is := step.Object.(*appsv1.StatefulSet); is {
				set.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(dc, cassandra.GroupVersion.WithKind("CassandraDatacenter"))}
				must(c.Client.Patch(t.Context(), set, client.Apply, client.FieldOwner("ringspan"), client.ForceOwnership)) //nolint:staticcheck // as the operator does
				set.Status.ObservedGeneration, set.Status.UpdateRevision, set.Status.Replicas = set.Generation, "one", *set.Spec.Replicas
				must(c.Client.Status().Update(t.Context(), set))
				pod := readyPod(t, c, set)
				dc.Status.NodeStatuses[pod] = cassandra.CassandraNodeStatus{HostID: "host-of-" + pod, IP: "10.0.0.1", Rack: "default"}
			}
		}
		dc.Status.Conditions = []cassandra.DatacenterCondition{{Type: cassandra.DatacenterInitialized, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()}}
		dc.Status.ObservedGeneration = dc.Generation
		must(c.Client.Status().Update(t.Context(), dc))
	}
}

func readyPod(t *testing.T, c *kubetest.Cluster, set *appsv1.StatefulSet) string {
	t.Helper()
	labels := maps.Clone(set.Spec.Template.Labels)
	labels[appsv1.ControllerRevisionHashLabelKey] = "one"
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: set.Namespace, Name: set.Name + "-0", Labels: labels,
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}}, Spec: *set.Spec.Template.Spec.DeepCopy()}
	for _, of := range set.Spec.VolumeClaimTemplates {
		name := of.Name + "-" + pod.Name
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: of.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name}}})
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: set.Namespace, Name: name, Labels: set.Spec.Template.Labels}, Spec: *of.Spec.DeepCopy()}
		if err := c.Client.Create(t.Context(), claim); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Client.Create(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	pod.Status.Phase, pod.Status.PodIP = corev1.PodRunning, "10.0.0.1"
	pod.Status.PodIPs = []corev1.PodIP{{IP: pod.Status.PodIP}}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	if err := c.Client.Status().Update(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	return pod.Name
}

// Plan says of an edited file what happens to the pods of a ring that runs: nothing, restarts for a change of configuration, what
// is refused, and what isn't known because a region doesn't answer. It changes nothing.
func TestPlanForetellsWhatAnEditDoes(t *testing.T) {
	s := staged(t)
	file := filepath.Join(s.dir, "fleet.yaml")
	booted(t, s.west, s.west, "west")
	booted(t, s.west, s.central, "central")
	plan := func(name, from, to string, args ...string) (string, error) {
		t.Helper()
		path := fileIn(t, s.dir, name, strings.Replace(theirs, from, to, 1))
		return ringspan(t, append([]string{"plan", path}, args...)...)
	}
	shows := func(what, out string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(out, part) {
				t.Errorf("%s: %q is not in\n%s", what, part, out)
			}
		}
	}

	out, err := ringspan(t, "plan", file)
	if err != nil {
		t.Errorf("plan of what is there: %v\n%s", err, out)
	}
	shows("no edit", out, "Ring default/ring", "Nothing to do: it is as the file says.")

	const version, edit = "    serverVersion: 5.0.9\n", "    serverVersion: 5.0.9\n    config: {cassandraYaml: {concurrent_reads: 64}}\n"
	out, err = plan("reads.yaml", version, edit)
	says(t, "an edit of the configuration", err, "exit code 2")
	shows("an edit of the configuration", out, "reads.yaml:15: spec.cassandra.config.cassandraYaml.concurrent_reads: (none) → 64",
		"dc1 (west): 1 restart", "pods: cassandra-yaml.concurrent_reads: (none) → 64", " 1. restart ring-dc1-default-sts-0: it has an old configuration", "dc2 (central): 1 restart")
	out, _ = plan("reads.yaml", version, edit, "-o", "json")
	shows("as JSON", out, `"kind": "restart"`, `"target": "ring-dc2-default-sts-0"`)

	out, err = plan("smaller.yaml", "storage: 1Gi", "storage: 1Mi")
	says(t, "smaller volumes", err, "exit code")
	shows("smaller volumes", out, "Refused: ")

	dc := &cassandra.CassandraDatacenter{}
	if err := s.west.Client.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "dc1"}, dc); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(dc.Spec.Config), "concurrent_reads") {
		t.Errorf("plan has changed the datacenter: %s", dc.Spec.Config)
	}

	ring := fileIn(t, s.dir, "ring.yaml", strings.Replace(theirs[strings.Index(theirs, "---\n")+4:], version, edit, 1))
	out, err = ringspan(t, "plan", ring)
	says(t, "a manifest", err, "exit code 2")
	shows("a manifest", out, "ring.yaml:7: spec.cassandra.config", "dc1 (west): 1 restart")

	asking := fileIn(t, s.dir, "fleet.yaml", strings.Replace(strings.Replace(theirs, version, edit, 1), "metadata: {name: ring, namespace: default}",
		"metadata: {name: ring, namespace: default, annotations: {ringspan.io/consent: required}}", 1))
	out, _ = ringspan(t, "plan", asking)
	shows("a ring that asks for consent", out, "dc1 (west): 1 restart", "It waits for consent to ")
	_, err = upThere(t, asking)
	says(t, "up where nobody can be asked", err, "nothing was made", "--yes", "restart ring-dc1-default-sts-0")
	if given := consentOf(t, s.west); given != "" {
		t.Errorf("consent was given by nobody: %s", given)
	}
	if out, err := ringspan(t, "up", asking, "--yes", "--wait=false", "--prove=false", "--timeout=1m"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if given := consentOf(t, s.west); len(given) != 16 {
		t.Errorf("the consent is %q", given)
	}
	out, _ = ringspan(t, "plan", asking)
	if strings.Contains(out, "It waits for consent") {
		t.Errorf("consent is asked for once more:\n%s", out)
	}

	cutOff(t, s.central)
	out, err = ringspan(t, "plan", ring)
	says(t, "with a region away", err, "exit code 2")
	shows("with a region away", out, "Region central can't be asked, and what happens in dc2 isn't known", "dc1 (west): 1 restart")
}

// Of a datacenter that the edited file doesn't have any more, plan names what that means, what keeps it, and that it waits while a region
// has yet to take the ring over; consent to it can be given before.
func TestPlanForetellsThatADatacenterLeaves(t *testing.T) {
	s := staged(t)
	key := client.ObjectKey{Namespace: "default", Name: "ring"}
	k := &k8ssandra.K8ssandraCluster{}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.west.Client.Get(t.Context(), key, k))
	for name, value := range map[string]string{k8ssandra.RingIDAnnotation: "1", federation.RevisionAnnotation: "1/west/1", cassandra.ConsentAnnotation: cassandra.ConsentRequired} {
		metav1.SetMetaDataAnnotation(&k.ObjectMeta, name, value)
	}
	must(s.west.Client.Update(t.Context(), k))
	booted(t, s.west, s.west, "west")
	booted(t, s.west, s.central, "central")

	one := fileIn(t, s.dir, "one.yaml", strings.Replace(theirs, "      - {metadata: {name: dc2}, k8sContext: central, size: 1}\n", "", 1))
	out, err := ringspan(t, "plan", one)
	says(t, "a datacenter less", err, "exit code 2")
	for _, part := range []string{"dc1 (west): no pod is touched", "dc2 (central): ", "doesn't have it any more", "deleted with its volumes", "It waits for region central to have its copy of the ring before that"} {
		if !strings.Contains(out, part) {
			t.Errorf("%q is not in\n%s", part, out)
		}
	}

	copied := &k8ssandra.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: k.Namespace, Name: k.Name, Annotations: k.Annotations}, Spec: k.Spec}
	must(s.central.Client.Create(t.Context(), copied))
	out, _ = ringspan(t, "plan", one, "-o", "json")
	for _, part := range []string{`"leaves": true`, `"consent": "`} {
		if !strings.Contains(out, part) {
			t.Errorf("%q is not in\n%s", part, out)
		}
	}
	if strings.Contains(out, `"blocker"`) {
		t.Errorf("all regions have the ring:\n%s", out)
	}
	dc := &cassandra.CassandraDatacenter{}
	must(s.central.Client.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "dc2"}, dc))
	if dc.Annotations[cassandra.RemovalAnnotation] != "" || dc.Annotations[cassandra.ConsentToAnnotation] != "" {
		t.Errorf("plan changes something: %v", dc.Annotations)
	}

	cutOff(t, s.central)
	out, _ = ringspan(t, "plan", one)
	if part := "Region central can't be asked, and what happens in dc2 isn't known"; !strings.Contains(out, part) {
		t.Errorf("%q is not in\n%s", part, out)
	}
}

func consentOf(t *testing.T, c *kubetest.Cluster) string {
	t.Helper()
	dc := &cassandra.CassandraDatacenter{}
	if err := c.Client.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "dc1"}, dc); err != nil {
		t.Fatal(err)
	}
	return dc.Annotations[cassandra.ConsentToAnnotation]
}

// cutOff makes the fleet's own kubeconfig lead nowhere for a cluster, until heal is called.
func cutOff(t *testing.T, c *kubetest.Cluster) (heal func()) {
	t.Helper()
	f, err := inventory.OpenExisting("theirs", "")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(f.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(f.Kubeconfig(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(strings.ReplaceAll(string(text), c.Admin.Host, "https://127.0.0.1:1"))
	return func() { write(string(text)) }
}
