package grant

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func namespace(value string) *corev1.Namespace {
	ns := &corev1.Namespace{}
	ns.Annotations = map[string]string{Annotation: value}
	return ns
}

func TestAccepts(t *testing.T) {
	for _, c := range []struct {
		why  string
		ns   *corev1.Namespace
		want bool
	}{
		{"a namespace that isn't there accepts nothing", nil, false},
		{"one without the annotation neither", &corev1.Namespace{}, false},
		{"an empty one neither", namespace(" , "), false},
		{"all of a namespace", namespace("shop"), true},
		{"one ring of it", namespace("other, shop/ring"), true},
		{"another ring of it", namespace("shop/rings"), false},
		{"a namespace whose name begins so", namespace("shopping"), false},
		{"no wildcards", namespace("*,*/*"), false},
	} {
		if got := Accepts(c.ns, Asker{Namespace: "shop", Name: "ring"}); got != c.want {
			t.Errorf("%s: %t", c.why, got)
		}
	}
}

func TestTheCommandKeepsOtherGrants(t *testing.T) {
	a := Asker{Namespace: "shop", Name: "ring"}
	got := Missing("datacenter dc2", "eu-west-1", "data", namespace("other/x"), a)
	want := "datacenter dc2: namespace data of region eu-west-1 does not accept it from shop/ring; to allow it: kubectl --context eu-west-1 annotate --overwrite namespace data ringspan.io/accepts-from=other/x,shop/ring"
	if got != want {
		t.Error(got)
	}
	got = Missing("datacenter dc2", "eu-west-1", "data", nil, a)
	want = "datacenter dc2: namespace data of region eu-west-1 does not accept it from shop/ring; to allow it: kubectl --context eu-west-1 create namespace data && kubectl --context eu-west-1 annotate --overwrite namespace data ringspan.io/accepts-from=shop/ring"
	if got != want {
		t.Error(got)
	}
	if With(namespace("shop"), a) != "shop" {
		t.Error("a grant is given twice")
	}
}

// A grant lets in what it names: one that was given for rings is none for Propagations, nor the other way round.
func TestPropagationsHaveAWordOfTheirOwn(t *testing.T) {
	ring, propagation := Asker{Namespace: "shop", Name: "front"}, Asker{Kind: Propagation, Namespace: "shop", Name: "front"}
	for _, c := range []struct {
		value              string
		rings, propagation bool
	}{
		{"shop", true, false},
		{"shop/front", true, false},
		{"propagation:shop", false, true},
		{"propagation:shop/front", false, true},
		{"propagation:shop/other", false, false},
		{"propagation:shopping, Propagation:shop, propagation:", false, false},
		{"shop, propagation:shop/front", true, true},
	} {
		if got := Accepts(namespace(c.value), ring); got != c.rings {
			t.Errorf("%s lets a ring in: %t", c.value, got)
		}
		if got := Accepts(namespace(c.value), propagation); got != c.propagation {
			t.Errorf("%s lets a Propagation in: %t", c.value, got)
		}
	}
	got := Missing("ConfigMap front", "eu-west-1", "data", namespace("shop"), propagation)
	want := "ConfigMap front: namespace data of region eu-west-1 does not accept it from Propagation shop/front; to allow it: kubectl --context eu-west-1 annotate --overwrite namespace data ringspan.io/accepts-from=shop,propagation:shop/front"
	if got != want {
		t.Error(got)
	}
}

func TestGuarded(t *testing.T) {
	for name, want := range map[string]bool{"kube-system": true, "ringspan-system": true, "shop": false, "default": false} {
		if Guarded(name, "ringspan-system") != want {
			t.Error(name)
		}
	}
}
