package controller_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/kubetest"
	"github.com/ringspan/ringspan/internal/topology"
)

func TestMain(m *testing.M) { os.Exit(kubetest.Main(m)) }

func TestFirstBoot(t *testing.T) {
	s := newStage(t)
	s.secret("admin", map[string]string{"username": "admin", "password": "secret"})
	s.create(func(dc *api.CassandraDatacenter) { dc.Spec.SuperuserSecretName = "admin" })
	s.settle()
	dc := s.dc()
	if !dc.Status.IsTrue(api.DatacenterReady) || !dc.Status.IsTrue(api.DatacenterInitialized) || dc.Status.CassandraOperatorProgress != api.ProgressReady {
		t.Errorf("not ready: %+v", dc.Status)
	}
	if len(dc.Status.NodeStatuses) != 3 || len(dc.Status.Seeds) != 3 || dc.Status.ObservedGeneration != dc.Generation {
		t.Errorf("the status lacks something: %+v", dc.Status)
	}
	for _, name := range []string{"ring-seed-service", "ring-dc1-service", "ring-dc1-all-pods-service", "ring-dc1-additional-seed-service"} {
		var service corev1.Service
		s.must(s.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, &service))
		if !metav1.IsControlledBy(&service, dc) {
			t.Errorf("Service %s would outlive the datacenter", name)
		}
	}
	for name, n := range s.nodes {
		if !n.Login("admin", "secret") || n.Login("cassandra", "cassandra") {
			t.Errorf("at %s admin can log in: %t, cassandra: %t", name, n.Login("admin", "secret"), n.Login("cassandra", "cassandra"))
		}
		if pod := s.pod(name); pod.Labels[api.SeedNodeLabel] != "true" || pod.Labels[api.NodeStateLabel] != api.NodeStateStarted {
			t.Errorf("labels of %s: %v", name, pod.Labels)
		}
	}
}

// A converged datacenter is read and not written.
func TestNothingIsWrittenWhenAllIsWell(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	versions, calls := s.versions(), s.ring.Writes()
	for range 5 {
		s.pass()
	}
	if after := s.versions(); !slices.Equal(versions, after) {
		t.Errorf("objects were written:\n%s\ninstead of\n%s", strings.Join(after, "\n"), strings.Join(versions, "\n"))
	}
	if after := s.ring.Writes(); len(after) != len(calls) {
		t.Errorf("nodes were asked for %v", after[len(calls):])
	}
}

// A change goes through the racks one by one; the volumes' owners stay who they are.
func TestConfigChange(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	before := s.dc().Status.NodeStatuses
	s.change(func(dc *api.CassandraDatacenter) {
		dc.Spec.Config = []byte(`{"cassandra-yaml":{"num_tokens":4,"concurrent_reads":16}}`)
	})
	for range 100 {
		s.pass()
		if away := s.notServing(); away > 1 {
			t.Fatalf("%d nodes are away at once", away)
		}
		if s.kubernetes(); s.calm() {
			break
		}
	}
	after := s.dc().Status
	for name, n := range before {
		if now := after.NodeStatuses[name]; now.HostID != n.HostID || now.IP == n.IP {
			t.Errorf("%s was %v and is %v; it should be a new pod with the old node", name, n, now)
		}
	}
	if !after.IsTrue(api.DatacenterReady) || after.IsTrue(api.DatacenterUpdating) {
		t.Errorf("not done: %+v", after.Conditions)
	}
}

func TestRefusedConfigAndItsCure(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	s.change(func(dc *api.CassandraDatacenter) { dc.Spec.Config = []byte(`{"cassandra-yaml":{"no_such_key":1}}`) })
	s.rounds(12)
	c := s.dc().Status.Condition(api.DatacenterUpdating)
	if c == nil || c.Reason != api.ReasonConfigRefused || !strings.Contains(c.Message, "ring-dc1-r1-sts-0") || !strings.Contains(c.Message, "[no_such_key]") {
		t.Errorf("the condition doesn't name pod and key: %+v", c)
	}
	if s.notServing() != 1 {
		t.Errorf("%d nodes are away; a refused configuration must stop at the first", s.notServing())
	}
	if !s.event("no_such_key") {
		t.Error("no event tells of it")
	}
	s.change(func(dc *api.CassandraDatacenter) { dc.Spec.Config = []byte(`{"cassandra-yaml":{"num_tokens":4}}`) })
	s.settle()
	if dc := s.dc(); !dc.Status.IsTrue(api.DatacenterHealthy) {
		t.Errorf("not healed: %+v", dc.Status.Conditions)
	}
}

// The operator can end at any time: another one, which remembers nothing, goes on.
func TestOperatorsEndDuringTheBoot(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	for range 60 {
		s.newOperator()
		s.pass()
		s.kubernetes()
	}
	s.settle()
	if dc := s.dc(); !dc.Status.IsTrue(api.DatacenterReady) || s.ring.Rings() != 1 {
		t.Errorf("%d rings, %+v", s.ring.Rings(), dc.Status.Conditions)
	}
}

func TestASecretIsMadeWhenNoneIsNamed(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	var secret corev1.Secret
	s.must(s.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "ring-superuser"}, &secret))
	if string(secret.Data["username"]) != "ring-superuser" || len(secret.Data["password"]) < 40 || len(secret.OwnerReferences) > 0 {
		t.Errorf("username %q, %d characters of password, owners %v", secret.Data["username"], len(secret.Data["password"]), secret.OwnerReferences)
	}
	for name, n := range s.nodes {
		if !n.Login("ring-superuser", string(secret.Data["password"])) {
			t.Errorf("it doesn't open %s", name)
		}
	}
}

func TestAMalformedSecretIsNamed(t *testing.T) {
	s := newStage(t)
	s.secret("admin", map[string]string{"username": "admin"})
	s.create(func(dc *api.CassandraDatacenter) { dc.Spec.SuperuserSecretName = "admin" })
	s.rounds(15)
	c := s.dc().Status.Condition(api.DatacenterValid)
	if c.Status != corev1.ConditionFalse || c.Reason != api.ReasonSecretMissing || !strings.Contains(c.Message, "admin") || !strings.Contains(c.Message, "password") {
		t.Errorf("the condition doesn't name Secret and key: %+v", c)
	}
	if s.dc().Status.IsTrue(api.DatacenterInitialized) {
		t.Error("clients are let in without a superuser")
	}
}

// The ring's operators share the superuser's Secret: one that is missing is named as being pulled from the other regions.
func TestASecretOnItsWayIsSaidToBe(t *testing.T) {
	s := newStage(t)
	ring := topology.Ring{Name: "ring", Founder: "dc0", Datacenters: []topology.Datacenter{
		{Name: "dc0", Region: "eu-west-1", Size: 3, NumTokens: 4}, {Name: "dc1", Region: "eu-central-1", Size: 3, NumTokens: 4}}}
	s.create(func(dc *api.CassandraDatacenter) {
		dc.Spec.SuperuserSecretName = "admin"
		dc.Annotations = map[string]string{topology.Annotation: ring.Encode()}
	})
	s.rounds(3)
	if c := s.dc().Status.Condition(api.DatacenterValid); c == nil || c.Message != "spec.superuserSecretName: Secret admin is being pulled from eu-west-1" {
		t.Errorf("got %+v", c)
	}
}

func TestFieldsWithoutEffectAreNamed(t *testing.T) {
	s := newStage(t)
	s.create(func(dc *api.CassandraDatacenter) {
		dc.Spec.DockerImageRunsAsCassandra = new(true)
	})
	s.settle()
	c := s.dc().Status.Condition(api.DatacenterFieldsNotActedOn)
	if c == nil || c.Message != "not acted on: spec.dockerImageRunsAsCassandra" {
		t.Errorf("got %+v", c)
	}
	if !s.event("spec.dockerImageRunsAsCassandra") {
		t.Error("no event names it")
	}
}

func TestRestartAndUpgradeRequestsAreTakenBack(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	before := s.uids()
	s.change(func(dc *api.CassandraDatacenter) {
		dc.Spec.RollingRestartRequested = true
		dc.Annotations = map[string]string{api.UpdateAllowedAnnotation: api.UpdateAllowedOnce}
	})
	s.settle()
	dc := s.dc()
	if dc.Spec.RollingRestartRequested || dc.Annotations[api.UpdateAllowedAnnotation] != "" {
		t.Errorf("requested: %t, annotations %v", dc.Spec.RollingRestartRequested, dc.Annotations)
	}
	for name, uid := range s.uids() {
		if before[name] == uid {
			t.Errorf("%s was not restarted", name)
		}
	}
}

// A scale-up ends with one cleanup of all nodes, whatever happens to operators.
func TestAScaleUpIsCleanedUp(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	s.change(func(dc *api.CassandraDatacenter) { dc.Spec.Size = 4 })
	s.settle()
	s.newOperator()
	s.settle()
	var tasks control.CassandraTaskList
	s.must(s.admin.List(t.Context(), &tasks, client.InNamespace(s.ns)))
	if len(tasks.Items) != 1 {
		t.Fatalf("%d tasks were made", len(tasks.Items))
	}
	task, dc := tasks.Items[0], s.dc()
	if record := dc.Annotations[api.FilledAnnotation]; !strings.Contains(record, `"system_auth":{"dc1":3}`) {
		t.Errorf("on record as filled: %q", record)
	}
	if task.Spec.Datacenter.Name != "dc1" || len(task.Spec.Jobs) != 1 || task.Spec.Jobs[0].Command != control.CommandCleanup || len(task.OwnerReferences) != 1 || task.OwnerReferences[0].UID != dc.UID {
		t.Errorf("made %+v", task)
	}
	if len(dc.Status.NodeStatuses) != 4 || dc.Status.IsTrue(api.DatacenterScalingUp) || !dc.Status.IsTrue(api.DatacenterReady) {
		t.Errorf("not done: %+v", dc.Status)
	}
}

// A claim and its pod are deleted: the node replaces its dead member, the conditions and an event name it, and the
// status follows to the new host id and claim.
func TestALostVolume(t *testing.T) {
	s := newStage(t)
	s.secret("ring-superuser", map[string]string{"username": "admin", "password": "secret"})
	s.create(nil)
	s.settle()
	const name = "ring-dc1-r2-sts-0"
	before := s.dc().Status.NodeStatuses[name]
	s.loseVolume(name)
	s.rounds(2)
	ready := s.dc().Status.Condition(api.DatacenterReady)
	if ready.Status != "False" || ready.Reason != api.ReasonDataLost || !strings.Contains(ready.Message, name+" has lost its data (it was host id "+before.HostID) {
		t.Errorf("with a member that has lost its data: %+v", ready)
	}
	if !s.event("node " + name + " has lost its data") {
		t.Error("no event says so")
	}
	s.settle()
	after := s.dc().Status.NodeStatuses[name]
	if after.HostID == "" || after.HostID == before.HostID || before.ClaimUID == "" || after.ClaimUID == "" || after.ClaimUID == before.ClaimUID {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if o := s.nodes[name].Options(); o.ReplaceAddress != before.IP || slices.Contains(o.Seeds, after.IP) || o.AutoBootstrap != nil {
		t.Errorf("it was started with %+v", o)
	}
	if !s.dc().Status.IsTrue(api.DatacenterReady) {
		t.Errorf("%+v", s.dc().Status.Conditions)
	}
}

func TestDeletion(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	s.must(s.admin.Delete(t.Context(), s.dc()))
	s.rounds(6)
	err := s.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "dc1"}, &api.CassandraDatacenter{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("it is still there: %v", err)
	}
	var sets appsv1.StatefulSetList
	s.must(s.admin.List(t.Context(), &sets, client.InNamespace(s.ns)))
	if len(sets.Items) > 0 {
		t.Errorf("%d StatefulSets are left", len(sets.Items))
	}
	var claims corev1.PersistentVolumeClaimList
	s.must(s.admin.List(t.Context(), &claims, client.InNamespace(s.ns)))
	for _, c := range claims.Items {
		if c.DeletionTimestamp == nil {
			t.Errorf("volume %s is left", c.Name)
		}
	}
}

// Nodes that are to be decommissioned before the deletion are not deleted without that: where nobody else has their data, it says so and waits. The
// finalizer of k8ssandra-operator, which a datacenter that was taken over has, is removed with ours.
func TestADeletionThatAsksForADecommissionWaits(t *testing.T) {
	s := newStage(t)
	s.create(func(dc *api.CassandraDatacenter) { dc.Finalizers = []string{k8ssandra.Finalizer} })
	s.settle()
	s.change(func(dc *api.CassandraDatacenter) {
		dc.Annotations = map[string]string{api.DecommissionOnDeleteAnnotation: "true"}
	})
	before := s.uids()
	s.must(s.admin.Delete(t.Context(), s.dc()))
	s.rounds(6)
	c := s.dc().Status.Condition(api.DatacenterDeleting)
	if c == nil || c.Status != corev1.ConditionTrue || !strings.Contains(c.Message, api.DecommissionOnDeleteAnnotation) || !s.event("no other datacenter of the ring has members") {
		t.Errorf("it isn't told: %+v", c)
	}
	if after := s.uids(); !maps.Equal(before, after) || s.notServing() > 0 {
		t.Errorf("pods were %v and are %v, %d away", before, after, s.notServing())
	}
	versions := s.versions()
	s.rounds(3)
	if after := s.versions(); !slices.Equal(versions, after) {
		t.Errorf("it is written without news:\n%s", strings.Join(after, "\n"))
	}
	s.change(func(dc *api.CassandraDatacenter) { dc.Annotations = nil })
	s.rounds(8)
	if err := s.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "dc1"}, &api.CassandraDatacenter{}); !apierrors.IsNotFound(err) {
		t.Errorf("it is still there: %v", err)
	}
}

// A second datacenter of a cluster's name doesn't found a second ring of it; the one that runs is unchanged, and its status names the other.
func TestTwoDatacentersOfOneNameAreNotTwoRings(t *testing.T) {
	s := newStage(t)
	other := func(name string, change func(*api.CassandraDatacenter)) *api.CassandraDatacenter {
		dc := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name}}
		dc.Spec = api.CassandraDatacenterSpec{ClusterName: "Ring", ServerType: "cassandra", ServerVersion: "5.0.9", Size: 1}
		if change != nil {
			change(dc)
		}
		s.must(s.admin.Create(t.Context(), dc))
		return dc
	}
	older := other("dc0", nil)
	s.create(nil)
	s.rounds(4)
	var sets appsv1.StatefulSetList
	s.must(s.admin.List(t.Context(), &sets, client.InNamespace(s.ns)))
	if c := s.dc().Status.Condition(api.DatacenterValid); c == nil || c.Status != corev1.ConditionFalse || !strings.Contains(c.Message, "dc0") || len(sets.Items) > 0 {
		t.Errorf("%d StatefulSets, %+v", len(sets.Items), c)
	}
	s.must(s.admin.Delete(t.Context(), older))
	s.settle()
	if dc := s.dc(); !dc.Status.IsTrue(api.DatacenterReady) || dc.Status.Condition(api.DatacenterMayMerge) != nil {
		t.Errorf("%+v", dc.Status.Conditions)
	}
	// Of a ring that is not this one, and running.
	before := s.uids()
	running := other("dc2", func(dc *api.CassandraDatacenter) {
		dc.Labels = map[string]string{k8ssandra.ClusterNameLabel: "another", k8ssandra.ClusterNamespaceLabel: s.ns}
	})
	running.Status.LastServerNodeStarted = metav1.Now()
	s.must(s.admin.Status().Update(t.Context(), running))
	s.rounds(4)
	if dc := s.dc(); !dc.Status.IsTrue(api.DatacenterReady) || !dc.Status.IsTrue(api.DatacenterMayMerge) || !maps.Equal(before, s.uids()) {
		t.Errorf("%+v", dc.Status.Conditions)
	}
	// Of the same K8ssandraCluster: one ring.
	for _, name := range []string{"dc1", "dc2"} {
		dc := &api.CassandraDatacenter{}
		s.must(s.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, dc))
		dc.Labels = map[string]string{k8ssandra.ClusterNameLabel: "ring", k8ssandra.ClusterNamespaceLabel: s.ns}
		s.must(s.admin.Update(t.Context(), dc))
	}
	s.rounds(2)
	if c := s.dc().Status.Condition(api.DatacenterMayMerge); c != nil {
		t.Errorf("datacenters of one ring: %+v", c)
	}
}

// Two names that Cassandra tells apart can be one name for Kubernetes: the second datacenter leaves the first one's objects alone.
func TestTwoDatacentersDoNotShareObjects(t *testing.T) {
	s := newStage(t)
	ofOneRing := map[string]string{k8ssandra.ClusterNameLabel: "ring", k8ssandra.ClusterNamespaceLabel: s.ns}
	older := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "dc0", Labels: ofOneRing}}
	older.Spec = api.CassandraDatacenterSpec{ClusterName: "ring", DatacenterName: "DC_1", ServerType: "cassandra", ServerVersion: "5.0.9", Size: 1}
	s.must(s.admin.Create(t.Context(), older))
	s.create(func(dc *api.CassandraDatacenter) { dc.Labels = ofOneRing })
	s.rounds(4)
	var sets appsv1.StatefulSetList
	s.must(s.admin.List(t.Context(), &sets, client.InNamespace(s.ns)))
	if c := s.dc().Status.Condition(api.DatacenterValid); c == nil || c.Status != corev1.ConditionFalse || !strings.Contains(c.Message, "spec.datacenterName: the objects of datacenter dc0") || len(sets.Items) > 0 {
		t.Errorf("%d StatefulSets, %+v", len(sets.Items), c)
	}
	s.must(s.admin.Delete(t.Context(), older))
	s.settle()
	if dc := s.dc(); !dc.Status.IsTrue(api.DatacenterReady) {
		t.Errorf("%+v", dc.Status.Conditions)
	}
}

// Objects that the spec no longer asks for are deleted, with the shipped permissions; those of another owner stay.
func TestWhatIsNoLongerAskedForIsDeleted(t *testing.T) {
	s := newStage(t)
	s.create(func(dc *api.CassandraDatacenter) {
		dc.Spec.Networking = &api.NetworkingConfig{NodePort: &api.NodePortConfig{Native: 31942}}
	})
	s.settle()
	s.change(func(dc *api.CassandraDatacenter) { dc.Spec.AdditionalSeeds = []string{"10.9.9.9"} })
	s.settle()
	at := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: s.ns, Name: name} }
	optional := []client.Object{&corev1.Service{ObjectMeta: at("ring-dc1-node-port-service")},
		&discoveryv1.EndpointSlice{ObjectMeta: at("ring-dc1-additional-seed-service-ipv4")}, &policyv1.PodDisruptionBudget{ObjectMeta: at("dc1-pdb")}}
	for _, o := range optional {
		s.must(s.admin.Get(t.Context(), client.ObjectKeyFromObject(o), o))
	}
	s.change(func(dc *api.CassandraDatacenter) {
		dc.Spec.Networking, dc.Spec.AdditionalSeeds = nil, nil
		dc.Annotations = map[string]string{api.DisablePDBCreationAnnotation: "true"}
	})
	s.settle()
	for _, o := range optional {
		if err := s.admin.Get(t.Context(), client.ObjectKeyFromObject(o), o); !apierrors.IsNotFound(err) {
			t.Errorf("%T %s is still there: %v", o, o.GetName(), err)
		}
	}
	theirs := &policyv1.PodDisruptionBudget{ObjectMeta: at("dc1-pdb")}
	theirs.Labels = map[string]string{api.ClusterLabel: "ring", api.DatacenterLabel: "dc1"}
	theirs.Annotations = map[string]string{api.ResourceHashAnnotation: "theirs"}
	theirs.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: "other", UID: "other", Controller: new(true)}}
	s.must(s.admin.Create(t.Context(), theirs))
	s.settle()
	s.must(s.admin.Get(t.Context(), client.ObjectKeyFromObject(theirs), theirs))
}
