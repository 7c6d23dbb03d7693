package propagation

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// What one copy alone has stay is noted, because the other one's spec may come to hold. What both have stay needs no note, which
// would have all other objects of the copy stay too.
func TestHeed(t *testing.T) {
	about := func(name string, policy api.DeletionPolicy) *api.Propagation {
		p := &api.Propagation{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "front"}}
		p.Spec = api.PropagationSpec{Placement: api.Placement{RegionSelector: &metav1.LabelSelector{}}, DeletionPolicy: policy,
			Template: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name}}}
		return p
	}
	for name, test := range map[string]struct {
		own, other *api.Propagation
		objects    []string
		want       string
	}{
		"both delete it":                          {about("front", ""), about("front", ""), []string{"front"}, ""},
		"both are about another object":           {about("front", ""), about("front", ""), []string{"back", "front"}, ""},
		"both have all stay":                      {about("front", api.DeletionOrphan), about("front", api.DeletionOrphan), []string{"front"}, ""},
		"the other one has it stay":               {about("front", ""), about("front", api.DeletionOrphan), []string{"back", "front"}, "region central has it so: spec.deletionPolicy is Orphan"},
		"its own has it stay":                     {about("front", api.DeletionOrphan), about("front", ""), []string{"front"}, "region west has it so: spec.deletionPolicy is Orphan"},
		"the other one is about another object":   {about("front", ""), about("back", ""), []string{"front"}, "region central has it so: the Propagation is about another object now"},
		"its own is about another object already": {about("back", ""), about("front", ""), []string{"front"}, "region west has it so: the Propagation is about another object now"},
	} {
		test.own.Status.Region, test.other.Status.Region = "west", "central"
		for _, object := range test.objects {
			test.own.Status.Managed = append(test.own.Status.Managed, api.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: "shop", Name: object})
		}
		if got := Heed(test.own, test.other, "west", nil); got != test.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
