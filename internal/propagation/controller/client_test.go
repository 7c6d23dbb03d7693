package controller_test

import (
	"bytes"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kube "sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/kubetest"
	propagations "github.com/ringspan/ringspan/internal/propagation/client"
)

// away is a region that nobody answers in.
func away(t *testing.T, like *kubetest.Cluster) propagations.Region {
	t.Helper()
	config := like.Operator()
	config.Host = "https://127.0.0.1:1"
	c, err := kube.New(config, kube.Options{Scheme: like.Scheme, Mapper: like.Client.RESTMapper()})
	if err != nil {
		t.Fatal(err)
	}
	return propagations.Region{Name: "eu-central-1", Kube: c}
}

// An object is placed, the placement changed and the deletion policy set; a region that doesn't answer is no reason not to.
func TestPlaceAndOrphan(t *testing.T) {
	cluster := kubetest.Region(t, west)
	ns := cluster.Namespace(t)
	regions := []propagations.Region{away(t, cluster), {Name: "eu-west-1", Kube: cluster.Client}}
	ctx := t.Context()
	q := propagations.Request{Namespace: ns, Kind: "configmaps", Name: "front", Account: "deployer", Placement: api.Placement{RegionSelector: &metav1.LabelSelector{}}}
	if _, err := propagations.Place(ctx, regions, q); err == nil || !strings.Contains(err.Error(), "no region") {
		t.Errorf("an object that nobody has: %v", err)
	}
	o := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "front", Annotations: map[string]string{"a": "b"}}, Data: map[string]string{"colour": "blue"}}
	if err := cluster.Client.Create(ctx, o); err != nil {
		t.Fatal(err)
	}
	// The region that is away might have a Propagation of the name already: nothing is made before that is known.
	if said, err := propagations.Place(ctx, regions, q); err == nil || !strings.Contains(err.Error(), "region eu-central-1: ") {
		t.Errorf("%q, %v", said, err)
	}
	if said, err := propagations.Place(ctx, regions[1:], q); err != nil || said != "propagation "+ns+"/configmap-front made, in region eu-west-1; the others follow" {
		t.Errorf("%q, %v", said, err)
	}
	p := &api.Propagation{}
	name := kube.ObjectKey{Namespace: ns, Name: "configmap-front"}
	read := func() *api.Propagation {
		t.Helper()
		if err := cluster.Client.Get(ctx, name, p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	if got := read().Spec; got.Source == nil || got.Source.Region != "eu-west-1" || got.Source.Kind != "ConfigMap" || got.ServiceAccountName != "deployer" {
		t.Errorf("made: %+v", got)
	}
	placed := []string{"eu-west-1"}
	for _, again := range []propagations.Request{{Namespace: ns, Kind: "ConfigMap", Name: "front"}, {Namespace: ns, Name: "configmap-front"}} {
		again.Placement.Regions = &placed
		if said, err := propagations.Place(ctx, regions, again); err != nil || said != "propagation "+name.String()+" placed, in region eu-west-1; the others follow" {
			t.Errorf("%q, %v", said, err)
		}
	}
	if got := read().Spec.Placement; got.Regions == nil || len(*got.Regions) != 1 || got.RegionSelector != nil {
		t.Errorf("placed: %+v", got)
	}
	if region, err := propagations.SetOrphaning(ctx, regions, name, api.DeletionOrphan); err != nil || region != "eu-west-1" {
		t.Errorf("%s, %v", region, err)
	}
	if policy, err := propagations.Orphaning(ctx, regions, name); err != nil || policy != api.DeletionOrphan {
		t.Errorf("%s, %v", policy, err)
	}
	if _, err := propagations.Orphaning(ctx, regions[1:], kube.ObjectKey{Namespace: ns, Name: "none"}); err == nil || !strings.Contains(err.Error(), "there is no Propagation") {
		t.Errorf("of none: %v", err)
	}
}

// As a template, the object loses what is its region's. What regions have is taken over on request only.
func TestPlaceATemplate(t *testing.T) {
	cluster := kubetest.Region(t, west)
	ns := cluster.Namespace(t)
	o := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "front"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}
	if err := cluster.Client.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	regions := []propagations.Region{{Name: "eu-west-1", Kube: cluster.Client}}
	q := propagations.Request{Namespace: ns, Kind: "service", Name: "front", Account: "deployer", Template: true, Placement: api.Placement{Regions: &[]string{}}}
	for _, adopt := range []bool{false, true} {
		q.Adopt = adopt
		said, err := propagations.Place(t.Context(), regions, q)
		if err != nil {
			t.Fatal(err)
		}
		p := &api.Propagation{}
		if err := cluster.Client.Get(t.Context(), kube.ObjectKey{Namespace: ns, Name: "service-front"}, p); err != nil {
			t.Fatal(err)
		}
		spec, _ := p.Spec.Template["spec"].(map[string]any)
		if spec["clusterIP"] != nil || spec["ports"] == nil || p.Spec.Adopt != adopt || p.Spec.Source != nil || strings.Contains(said, "spec.adopt") == adopt {
			t.Errorf("%s: %+v", said, p.Spec)
		}
		if err := cluster.Client.Delete(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	q = propagations.Request{Namespace: ns, Kind: "secrets", Name: "s", Account: "deployer"}
	if err := cluster.Client.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "s"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := propagations.Place(t.Context(), regions, q); err == nil || !strings.Contains(err.Error(), "objects of kind Secret are not propagated") {
		t.Errorf("a Secret: %v", err)
	}
}

func TestStatus(t *testing.T) {
	cluster := kubetest.Region(t, west)
	ns := cluster.Namespace(t)
	p := &api.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "front"}}
	p.Spec.ServiceAccountName, p.Spec.Template = "deployer", map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "front"}}
	if err := cluster.Client.Create(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	p.Status.Object = &api.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: ns, Name: "front"}
	now := metav1.Now()
	p.Status.Regions = []api.RegionPropagation{
		{Name: "eu-west-1", Status: metav1.ConditionTrue, Reason: api.RegionInSync, LastTransitionTime: now},
		{Name: "eu-central-1", Status: metav1.ConditionUnknown, Reason: api.RegionNotReady, Message: "no route to host", LastTransitionTime: now},
	}
	if err := cluster.Client.Status().Update(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	rows, missing, err := propagations.Status(t.Context(), []propagations.Region{away(t, cluster), {Name: "eu-west-1", Kube: cluster.Client}}, ns, "")
	if err != nil || len(missing) != 1 || !strings.HasPrefix(missing[0].Error(), "region eu-central-1: ") {
		t.Fatalf("%v, %v", missing, err)
	}
	var out bytes.Buffer
	if err := propagations.Table(&out, rows); err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(`NAMESPACE   NAME   OBJECT           REGION        REASON          MESSAGE
NS  front  ConfigMap/front  eu-central-1  RegionNotReady  no route to host
NS  front  ConfigMap/front  eu-west-1     InSync          
`, "NS", ns)
	if squeeze(out.String()) != squeeze(want) {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
	if rows, _, err := propagations.Status(t.Context(), []propagations.Region{{Name: "eu-west-1", Kube: cluster.Client}}, ns, "other"); err != nil || len(rows) > 0 {
		t.Errorf("of another name: %v, %v", rows, err)
	}
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
