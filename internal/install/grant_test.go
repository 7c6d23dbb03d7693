package install_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/kubetest"
)

// A grant makes the namespace if there is none, keeps what it accepts already, and may be repeated.
func TestGrant(t *testing.T) {
	c := kubetest.Shared(t).Client
	shop, other := grant.Asker{Namespace: "shop", Name: "ring"}, grant.Asker{Namespace: "other", Name: "ring"}
	there := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "granted-there", Annotations: map[string]string{"a": "b"}}}
	must(t, c.Create(t.Context(), there))
	for _, name := range []string{"granted-new", "granted-there"} {
		for _, a := range []grant.Asker{shop, other, shop} {
			must(t, install.Grant(t.Context(), c, name, a))
		}
		ns := &corev1.Namespace{}
		must(t, c.Get(t.Context(), client.ObjectKey{Name: name}, ns))
		if ns.Annotations[grant.Annotation] != "shop/ring,other/ring" || name == there.Name && ns.Annotations["a"] != "b" {
			t.Errorf("%s: %v", name, ns.Annotations)
		}
	}
}
