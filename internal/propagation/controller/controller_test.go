package controller_test

import (
	"context"
	"maps"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/grant"
)

// both is a stage on which both regions let the Propagation act.
func both(t *testing.T) (s *stage, w, c *region) {
	t.Helper()
	s = newStage(t)
	w, c = s.by[west], s.by[central]
	w.lets(s.ns)
	c.lets(s.ns)
	return s, w, c
}

// One edit in one region, an override, a cut with an edit and a change by hand, a heal; then the objects are left, taken over
// again and deleted.
func TestAnObjectInTwoRegions(t *testing.T) {
	s, w, c := both(t)
	w.apply(twoRegions)
	s.until("the object in both regions", s.inSync)
	if !maps.Equal(w.data(s.ns, "front"), map[string]string{"colour": "blue", "size": "1"}) || !maps.Equal(c.data(s.ns, "front"), map[string]string{"colour": "blue", "size": "2"}) {
		t.Errorf("west %v, central %v", w.data(s.ns, "front"), c.data(s.ns, "front"))
	}
	before := []string{w.object(s.ns, "front").ResourceVersion, w.copy().ResourceVersion, c.copy().ResourceVersion}
	for range 3 {
		s.round()
	}
	if after := []string{w.object(s.ns, "front").ResourceVersion, w.copy().ResourceVersion, c.copy().ResourceVersion}; strings.Join(before, " ") != strings.Join(after, " ") {
		t.Errorf("written while all is well: %v, before %v", after, before)
	}

	s.cut(true)
	w.apply(strings.Replace(twoRegions, "blue", "green", 1))
	c.change(func(o *corev1.ConfigMap) { o.Data["colour"], o.Data["mine"] = "red", "1" })
	s.until("each region to say that the other one is away", func() bool {
		return w.says(central, api.RegionNotReady, "it said InSync before") && c.says(west, api.RegionNotReady, "") && w.data(s.ns, "front")["colour"] == "green"
	})
	if got := c.data(s.ns, "front"); !maps.Equal(got, map[string]string{"colour": "blue", "size": "2", "mine": "1"}) {
		t.Errorf("a change by hand in a region that is away: %v", got)
	}

	s.cut(false)
	s.until("the edit in both regions", func() bool { return s.inSync() && c.data(s.ns, "front")["colour"] == "green" })
	if got := c.data(s.ns, "front"); got["size"] != "2" || got["mine"] != "1" {
		t.Errorf("after the heal: %v", got)
	}

	c.apply("deletionPolicy: Orphan" + strings.Replace(twoRegions, "blue", "green", 1))
	s.until("the policy in the west", func() bool { return w.copy().Spec.DeletionPolicy == api.DeletionOrphan && s.inSync() })
	s.must(w.admin.Delete(t.Context(), w.copy()))
	s.until("the deletion", func() bool { return w.copy() == nil && c.copy() == nil })
	for _, r := range s.by {
		if o := r.object(s.ns, "front"); o == nil || o.Labels[api.ManagedLabel] != "" || o.Data["colour"] != "green" {
			t.Errorf("%s: %+v", r.name, o)
		}
	}
	c.apply("adopt: true" + twoRegions)
	s.until("the objects to be taken over", func() bool { return s.inSync() && w.data(s.ns, "front")["colour"] == "blue" })
	s.must(w.admin.Delete(t.Context(), w.copy()))
	s.until("the objects to go", func() bool {
		return w.copy() == nil && c.copy() == nil && w.object(s.ns, "front") == nil && c.object(s.ns, "front") == nil
	})
}

// What is deleted by hand is made again, also without its mark; the label false has it left alone.
func TestDriftIsMended(t *testing.T) {
	s, w, _ := both(t)
	w.apply(twoRegions)
	s.until("the object", s.inSync)
	s.must(w.admin.Delete(t.Context(), w.object(s.ns, "front")))
	s.until("it to be made again", func() bool { return w.data(s.ns, "front") != nil && s.inSync() })
	w.change(func(o *corev1.ConfigMap) { o.Labels, o.Annotations = nil, nil })
	s.until("the mark", func() bool { return w.object(s.ns, "front").Labels[api.ManagedLabel] == "true" && s.inSync() })
	w.change(func(o *corev1.ConfigMap) { o.Labels[api.ManagedLabel] = "false"; o.Data["colour"] = "mine" })
	s.until("that to be said", func() bool { return s.everySays(west, api.RegionManagedLabelFalse) })
	if got := w.data(s.ns, "front")["colour"]; got != "mine" {
		t.Errorf("colour %s, and the label says hands off", got)
	}
}

// The edits of both sides of a cut are kept, and nothing is changed before a person chooses.
func TestCrossingEditsOfAPropagation(t *testing.T) {
	s, w, c := both(t)
	w.apply(twoRegions)
	s.until("the object", s.inSync)
	s.cut(true)
	w.apply(strings.Replace(twoRegions, "blue", "green", 1))
	c.apply(strings.Replace(twoRegions, "blue", "red", 1))
	s.until("both edits", func() bool {
		return w.data(s.ns, "front")["colour"] == "green" && c.data(s.ns, "front")["colour"] == "red"
	})
	s.cut(false)
	s.until("that to be said", func() bool { return s.everySays(west, api.RegionDiverged) && s.everySays(central, api.RegionDiverged) })
	p := c.copy()
	p.Annotations["ringspan.io/choose"] = west
	s.must(c.admin.Update(t.Context(), p))
	s.until("the choice", func() bool { return s.inSync() && c.data(s.ns, "front")["colour"] == "green" })
}

func TestWhatExistsIsAdoptedOnRequestOnly(t *testing.T) {
	s, w, c := both(t)
	c.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "front"}, Data: map[string]string{"colour": "old", "mine": "1"}})
	w.apply(twoRegions)
	s.until("the refusal", func() bool {
		return s.everySays(central, api.RegionAlreadyExists) && s.everySays(west, api.RegionInSync)
	})
	if got := c.data(s.ns, "front")["colour"]; got != "old" {
		t.Errorf("colour %s", got)
	}
	w.apply("adopt: true" + twoRegions)
	s.until("the adoption", s.inSync)
	if got := c.data(s.ns, "front"); !maps.Equal(got, map[string]string{"colour": "blue", "size": "2", "mine": "1"}) {
		t.Errorf("adopted: %v", got)
	}
}

// A region that leaves the placement keeps its object, and the deletion doesn't touch it. What others let go is deleted.
func TestLeavingAndDeleting(t *testing.T) {
	s, w, c := both(t)
	w.apply(twoRegions)
	s.until("the object", s.inSync)
	w.apply(strings.Replace(twoRegions, "eu-west-1, eu-central-1", "eu-west-1", 1))
	s.until("the region to leave", func() bool {
		return s.everySays(central, api.RegionNotPlaced) && c.object(s.ns, "front").Labels[api.ManagedLabel] == ""
	})
	s.must(w.admin.Delete(t.Context(), w.copy()))
	s.until("the deletion", func() bool { return w.copy() == nil && c.copy() == nil })
	if w.data(s.ns, "front") != nil || c.data(s.ns, "front")["colour"] != "blue" {
		t.Errorf("west has %v, central %v", w.data(s.ns, "front"), c.data(s.ns, "front"))
	}
}

func TestOrphaning(t *testing.T) {
	s, w, c := both(t)
	w.apply("deletionPolicy: Orphan" + twoRegions)
	s.until("the object", s.inSync)
	s.must(c.admin.Delete(t.Context(), c.copy()))
	s.until("the deletion", func() bool { return w.copy() == nil && c.copy() == nil })
	for _, r := range s.by {
		if o := r.object(s.ns, "front"); o == nil || o.Labels[api.ManagedLabel] != "" || o.Annotations[api.PropagatedFromAnnotation] != "" {
			t.Errorf("%s: %+v", r.name, o)
		}
	}
}

// A deletion waits for a region that is away, and takes down what it can.
func TestADeletionWaitsForARegionThatIsAway(t *testing.T) {
	s, w, c := both(t)
	w.apply(twoRegions)
	s.until("the object", s.inSync)
	s.cut(true)
	s.must(w.admin.Delete(t.Context(), w.copy()))
	s.until("the object to go in the west", func() bool { return w.data(s.ns, "front") == nil && strings.Contains(w.said(), "Deleting=True") })
	if w.copy() == nil || c.data(s.ns, "front") == nil {
		t.Error("the copy is gone before the other region knows, or the object there")
	}
	s.cut(false)
	s.until("the deletion", func() bool { return w.copy() == nil && c.copy() == nil && c.data(s.ns, "front") == nil })
}

// The operator has no right of its own: the namespace lets it act as one of its service accounts, which has rights or not.
// The status says which of the two is missing, and how it is given.
func TestAPropagationIsWrittenAsAServiceAccount(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	c.lets(s.ns)
	w.apply(twoRegions)
	s.until("the west to say what is missing", func() bool {
		return s.everySays(central, api.RegionInSync) && w.says(west, api.RegionNotAllowed, "may not act as service account deployer") &&
			c.says(west, api.RegionNotAllowed, "--namespace "+s.ns+" create rolebinding ringspan-as-deployer")
	})
	w.letsAct(s.ns)
	s.until("the service account's own rights to be missed", func() bool { return c.says(west, api.RegionNotAllowed, "service account deployer may not: ") })
	if w.data(s.ns, "front") != nil {
		t.Error("the object was made without a right to")
	}
	w.letsWrite(s.ns)
	s.until("the object", s.inSync)
	fields := w.object(s.ns, "front").ManagedFields
	if len(fields) != 1 || fields[0].Manager != api.PropagationFieldOwner || fields[0].Operation != metav1.ManagedFieldsOperationApply {
		t.Errorf("the object is written by %+v", fields)
	}
}

// A namespace of another name takes nothing that it doesn't accept, whomever it lets act.
func TestANamespaceHasToAcceptAPropagation(t *testing.T) {
	s, w, c := both(t)
	other := s.ns + "-other"
	w.lets(other)
	w.apply(strings.Replace(twoRegions, "metadata: {name: front}", "metadata: {name: front, namespace: "+other+"}", 1))
	s.until("both to be said", func() bool {
		return c.says(west, api.RegionGrantMissing, "annotate --overwrite namespace "+other+" "+grant.Annotation+"=propagation:"+s.ns+"/front") && w.says(central, api.RegionNamespaceMissing, "create namespace "+other)
	})
	w.grants(other, s.ns+","+s.ns+"/front") // to its rings
	s.until("that to be too little", func() bool {
		return w.says(west, api.RegionGrantMissing, grant.Annotation+"="+s.ns+","+s.ns+"/front,propagation:"+s.ns+"/front")
	})
	if w.data(other, "front") != nil {
		t.Error("the object was made without a grant")
	}
	c.lets(other)
	for _, r := range s.by {
		r.accepts(other)
	}
	s.until("the object", func() bool { return s.inSync() && c.data(other, "front") != nil })
}

// What a status says that a Propagation has in another namespace is neither changed nor deleted, nor even read, unless that namespace
// accepts the Propagation: whoever can write the status could name anything there, and a grant can be taken back.
func TestANamespaceThatAcceptsNothingIsLeftAlone(t *testing.T) {
	s, w, c := both(t)
	other, third := s.ns+"-other", s.ns+"-third"
	elsewhere := strings.Replace(twoRegions, "metadata: {name: front}", "metadata: {name: front, namespace: "+other+"}", 1)
	for _, r := range s.by {
		r.lets(other)
		r.accepts(other)
	}
	w.lets(third)
	w.apply(elsewhere)
	s.until("the object", s.inSync)

	w.grants(other, s.ns) // its rings alone
	foreign := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: third, Name: "front", Annotations: w.object(other, "front").Annotations}}
	w.create(foreign)
	named := w.copy()
	named.Status.Managed = append(named.Status.Managed, api.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: third, Name: "front", UID: foreign.UID})
	s.must(w.admin.Status().Update(t.Context(), named))
	w.apply(strings.Replace(elsewhere, "eu-west-1, eu-central-1", "eu-central-1", 1))
	s.until("what isn't let go to be said", func() bool {
		return w.says(west, api.RegionGrantMissing, grant.Annotation+"="+s.ns+",propagation:"+s.ns+"/front")
	})
	for range 3 {
		s.round()
	}
	for _, namespace := range []string{other, third} {
		if o := w.object(namespace, "front"); o == nil || o.Annotations[api.PropagatedFromAnnotation] == "" {
			t.Errorf("let go in %s, which doesn't accept that: %+v", namespace, o)
		}
	}

	w.apply(elsewhere)
	s.until("the edit in both regions", func() bool { return len(*c.copy().Spec.Placement.Regions) == 2 })
	s.must(w.admin.Delete(t.Context(), w.copy()))
	s.until("what isn't deleted to be said", func() bool {
		return strings.Contains(w.said(), "Deleting=True") && strings.Contains(w.said(), "namespace "+other+" of region eu-west-1 does not accept it") && c.data(other, "front") == nil
	})
	if w.object(other, "front") == nil {
		t.Fatal("an object was deleted in a namespace that doesn't accept that")
	}
	w.accepts(other)
	s.until("the deletion, where it is accepted again", func() bool { return w.copy() == nil && c.copy() == nil && w.object(other, "front") == nil })
	if o := w.object(third, "front"); o == nil || o.Annotations[api.PropagatedFromAnnotation] == "" {
		t.Errorf("changed in a namespace that never accepted anything: %+v", o)
	}
}

// In a namespace where a pod can become anything, not even one of the same name takes a Propagation over unasked, nor when it accepts
// the other one's rings.
func TestAGuardedNamespaceTakesNoPropagationOver(t *testing.T) {
	s := newStage(t)
	w, c := s.by[west], s.by[central]
	s.ns = "kube-" + s.ns
	w.lets(s.ns)
	c.lets(s.ns)
	c.grants(s.ns, s.ns)
	w.apply(twoRegions)
	s.until("the object in the west", func() bool { return w.says(west, api.RegionInSync, "") })
	for range 3 {
		s.round()
	}
	if c.copy() != nil || c.data(s.ns, "front") != nil {
		t.Error("a grant for rings let a Propagation in")
	}
	c.accepts(s.ns)
	s.until("the object", func() bool { return s.inSync() && c.data(s.ns, "front") != nil })
}

// A live object of one region is followed by the others.
func TestALiveObjectIsTheSource(t *testing.T) {
	s, w, c := both(t)
	w.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "front"}, Data: map[string]string{"colour": "blue"}})
	c.apply(`
serviceAccountName: deployer
placement: {regionSelector: {}}
source: {region: eu-west-1, apiVersion: v1, kind: ConfigMap, name: front}
overrides: [{region: eu-central-1, patch: [{op: add, path: /data/size, value: "2"}]}]
`)
	s.until("the object", func() bool {
		return s.inSync() && maps.Equal(c.data(s.ns, "front"), map[string]string{"colour": "blue", "size": "2"})
	})
	w.change(func(o *corev1.ConfigMap) { o.Data["colour"] = "green" })
	s.until("the change", func() bool { return c.data(s.ns, "front")["colour"] == "green" })
	s.must(w.admin.Delete(t.Context(), w.object(s.ns, "front")))
	s.until("that the source is gone to be said", func() bool {
		return c.says(west, api.RegionSourceMissing, "") && c.says(central, api.RegionSourceMissing, "the object does not exist")
	})
	if c.data(s.ns, "front")["colour"] != "green" {
		t.Error("the copy went with its source")
	}
}

// An autoscaler's replicas stay its own when the template is edited, and what the API server assigned to a Service does too.
func TestOthersFieldsAreRetained(t *testing.T) {
	s, w, c := both(t)
	const deployment = `
serviceAccountName: deployer
placement: {regions: [eu-central-1]}
template:
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: front}
  spec:
    replicas: 2
    selector: {matchLabels: {app: front}}
    template: {metadata: {labels: {app: front}}, spec: {containers: [{name: front, image: one, resources: {requests: {cpu: 1000m}}}]}}
`
	w.apply(deployment)
	s.until("the Deployment", func() bool { return s.everySays(central, api.RegionInSync) && s.everySays(west, api.RegionNotPlaced) })
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "front"}}
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 7}}
	s.must(c.admin.SubResource("scale").Update(t.Context(), d, client.WithSubResourceBody(scale), client.FieldOwner("kube-controller-manager")))
	w.apply(strings.Replace(deployment, "image: one", "image: two", 1))
	s.until("the edit", func() bool {
		s.must(c.admin.Get(t.Context(), client.ObjectKeyFromObject(d), d))
		return d.Spec.Template.Spec.Containers[0].Image == "two"
	})
	if *d.Spec.Replicas != 7 {
		t.Errorf("%d replicas, and the autoscaler had set 7", *d.Spec.Replicas)
	}

	const port = "{name: http, port: 80}"
	w.apply("\nserviceAccountName: deployer\nplacement: {regions: [eu-central-1]}\ntemplate: {apiVersion: v1, kind: Service, metadata: {name: front}, spec: {type: NodePort, clusterIP: 10.0.0.77, ports: [" + port + "]}}\n")
	s.until("the Service", func() bool { return c.service(s.ns) != nil && s.everySays(central, api.RegionInSync) })
	before := c.service(s.ns).Spec
	w.apply("\nserviceAccountName: deployer\nplacement: {regions: [eu-central-1]}\ntemplate: {apiVersion: v1, kind: Service, metadata: {name: front}, spec: {type: NodePort, clusterIP: 10.0.0.78, ports: [" + port + ", {name: more, port: 81}]}}\n")
	s.until("the edit", func() bool { return len(c.service(s.ns).Spec.Ports) == 2 })
	if after := c.service(s.ns).Spec; after.ClusterIP != before.ClusterIP || after.Ports[0].NodePort != before.Ports[0].NodePort || !c.says(central, api.RegionInSync, "") {
		t.Errorf("before %+v, after %+v\n%s", before, after, c.said())
	}
	if err := c.admin.Get(t.Context(), client.ObjectKeyFromObject(d), d); err != nil || d.Labels[api.ManagedLabel] != "" {
		t.Errorf("the Deployment, which the Propagation is no more about: %v, %v", d.Labels, err)
	}
}

// An object that is in no namespace is written as a service account of the Propagation's. A namespace outlives it.
func TestAClusterWideObject(t *testing.T) {
	s, w, c := both(t)
	name := s.ns + "-made"
	for _, r := range s.by {
		role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"get", "create", "patch", "delete"}}}}
		r.create(role)
		r.create(&rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: name}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: s.ns, Name: "deployer"}}})
	}
	w.apply("serviceAccountName: deployer\nplacement: {regionSelector: {matchLabels: {topology.kubernetes.io/region: eu-central-1}}}\ntemplate: {apiVersion: v1, kind: Namespace, metadata: {name: " + name + ", labels: {team: shop}}}")
	made := &corev1.Namespace{}
	s.until("the namespace", func() bool {
		return c.admin.Get(t.Context(), client.ObjectKey{Name: name}, made) == nil && s.everySays(central, api.RegionInSync) && s.everySays(west, api.RegionNotPlaced)
	})
	if made.Labels["team"] != "shop" {
		t.Errorf("labels %v", made.Labels)
	}
	s.must(w.admin.Delete(t.Context(), w.copy()))
	s.until("the deletion", func() bool { return w.copy() == nil && c.copy() == nil })
	s.must(c.admin.Get(t.Context(), client.ObjectKey{Name: name}, made))
	if made.DeletionTimestamp != nil || made.Labels[api.ManagedLabel] != "" || made.Labels["team"] != "shop" {
		t.Errorf("the namespace: %+v", made.ObjectMeta)
	}
}

// The API server and the operator name the field that is wrong.
func TestMistakesAreNamed(t *testing.T) {
	s, w, _ := both(t)
	p := &api.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "front"}, Spec: api.PropagationSpec{ServiceAccountName: "deployer"}}
	if err := w.admin.Create(t.Context(), p); !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "either template or source is required, and not both") {
		t.Errorf("without an object: %v", err)
	}
	w.apply(strings.Replace(twoRegions, "kind: ConfigMap", "kind: PersistentVolumeClaim", 1))
	s.until("the mistake to be said", func() bool {
		return w.says(central, api.RegionInvalid, "spec.template.kind: objects of kind PersistentVolumeClaim")
	})
	w.apply(strings.Replace(strings.Replace(twoRegions, "kind: ConfigMap", "kind: Gadget", 1), "apiVersion: v1", "apiVersion: example.com/v1", 1))
	s.until("the kind to be missed", func() bool { return s.everySays(west, api.RegionKindUnknown) })
}

// between is a service account's client that lets something happen right before the first write.
type between struct {
	client.Client

	once   sync.Once
	happen func()
}

func (b *between) Apply(ctx context.Context, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
	b.once.Do(b.happen)
	return b.Client.Apply(ctx, o, opts...)
}

// An object that somebody makes between the look and the write is not written into: it was there before.
func TestWhatCameInBetweenIsRefused(t *testing.T) {
	s, w, _ := both(t)
	as := w.loop.As
	b := &between{happen: func() {
		w.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "front"}, Data: map[string]string{"mine": "1"}})
	}}
	w.loop.As = func(namespace, account string) (client.Client, error) {
		c, err := as(namespace, account)
		b.Client = c
		return b, err
	}
	w.apply(twoRegions)
	s.until("the refusal", func() bool {
		return s.everySays(west, api.RegionAlreadyExists) && s.everySays(central, api.RegionInSync)
	})
	if o := w.object(s.ns, "front"); !maps.Equal(o.Data, map[string]string{"mine": "1"}) || o.Labels[api.ManagedLabel] != "" {
		t.Errorf("it was written into: %v %v", o.Data, o.Labels)
	}
	w.apply("adopt: true" + twoRegions)
	s.until("the adoption", s.inSync)
}

// While a region is away, the Propagation is edited and then deleted elsewhere. The deletion does not bring the edit with it,
// and it holds all the same: what the edit had let go stays.
func TestWhatWasLetGoWhileARegionWasAwayStays(t *testing.T) {
	for why, edited := range map[string]string{
		"the objects are to stay":  "deletionPolicy: Orphan" + twoRegions,
		"the region is taken out":  strings.Replace(twoRegions, "eu-west-1, eu-central-1", "eu-west-1", 1),
		"it is about another one":  strings.Replace(twoRegions, "name: front", "name: back", 1),
		"its object is the source": "\nserviceAccountName: deployer\nplacement: {regions: [eu-west-1, eu-central-1]}\nsource: {region: eu-central-1, apiVersion: v1, kind: ConfigMap, name: front}\n",
	} {
		t.Run(why, func(t *testing.T) {
			s, w, c := both(t)
			w.apply(twoRegions)
			s.until("the object", s.inSync)
			s.cut(true)
			w.apply(edited)
			s.until("the edit to be published", func() bool { return strings.HasPrefix(w.copy().Annotations["ringspan.io/revision"], "2/") })
			s.must(w.admin.Delete(t.Context(), w.copy()))
			s.until("the deletion to begin", func() bool { return strings.Contains(w.said(), "Deleting=True") })
			s.cut(false)
			s.until("the deletion", func() bool { return w.copy() == nil && c.copy() == nil })
			if o := c.object(s.ns, "front"); o == nil || o.Labels[api.ManagedLabel] != "" || o.Annotations[api.PropagatedFromAnnotation] != "" {
				t.Errorf("what is left: %+v", o)
			}
		})
	}
}

// A namespace that is gone has nothing left that a deletion could wait for.
func TestADeletionGoesOnWithoutTheNamespace(t *testing.T) {
	s, w, c := both(t)
	other := s.ns + "-other"
	for _, r := range s.by {
		r.lets(other)
		r.accepts(other)
	}
	w.apply(strings.Replace(twoRegions, "metadata: {name: front}", "metadata: {name: front, namespace: "+other+"}", 1))
	s.until("the object", s.inSync)
	c.empties(other)
	s.until("that to be said", func() bool { return s.everySays(central, api.RegionNamespaceMissing) })
	s.must(w.admin.Delete(t.Context(), w.copy()))
	s.until("the deletion", func() bool { return w.copy() == nil && c.copy() == nil })
}

// What keeps an object from being deleted is said, by name. The orphan annotation ends the wait.
func TestWhyAnObjectIsNotDeletedIsSaid(t *testing.T) {
	s, w, c := both(t)
	w.apply(twoRegions)
	s.until("the object", s.inSync)
	role := &rbacv1.Role{}
	s.must(c.admin.Get(t.Context(), client.ObjectKey{Namespace: s.ns, Name: "deployer"}, role))
	role.Rules[0].Verbs = []string{"get", "create", "patch"}
	s.must(c.admin.Update(t.Context(), role))
	s.must(w.admin.Delete(t.Context(), w.copy()))
	s.until("what is missing", func() bool { return strings.Contains(c.said(), "service account deployer may not: ") })
	if c.data(s.ns, "front") == nil || c.copy() == nil {
		t.Fatal("the object is gone, or the copy that knows of it")
	}
	p := c.copy()
	p.Annotations[api.PropagationOrphanAnnotation] = "true"
	s.must(c.admin.Update(t.Context(), p))
	s.until("the deletion", func() bool { return w.copy() == nil && c.copy() == nil })
	if o := c.object(s.ns, "front"); o == nil || o.Labels[api.ManagedLabel] != "" {
		t.Errorf("what is left: %+v", o)
	}
}

// Kubernetes deletes the claims that name an object as their owner with it: as long as one does, the object stays.
func TestAnObjectThatOwnsAVolumeClaimStays(t *testing.T) {
	s, w, c := both(t)
	w.apply(twoRegions)
	s.until("the object", s.inSync)
	owner := c.object(s.ns, "front")
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "data-front-0", OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID}}},
		Spec: corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}}},
	}
	c.create(claim)
	s.must(w.admin.Delete(t.Context(), w.copy()))
	s.until("what is in the way", func() bool {
		return strings.Contains(c.said(), "it owns volume claims, which would go with it: data-front-0")
	})
	if c.data(s.ns, "front") == nil || c.copy() == nil {
		t.Fatal("the object is gone, or the copy that knows of it")
	}
	s.must(c.admin.Get(t.Context(), client.ObjectKeyFromObject(claim), claim))
	claim.OwnerReferences = nil
	s.must(c.admin.Update(t.Context(), claim))
	s.until("the deletion", func() bool { return w.copy() == nil && c.copy() == nil })
	if c.object(s.ns, "front") != nil {
		t.Error("the object is left")
	}
}
