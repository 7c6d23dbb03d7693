package propagation

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Every object has a Propagation whose name can be one, and no two objects of a kind have the same.
func TestNameOf(t *testing.T) {
	for of, want := range map[[2]string]string{
		{"ConfigMap", "front"}:                         "configmap-front",
		{"ConfigMap", "front.v2"}:                      "configmap-front.v2",
		{"ClusterRole", "system:foo"}:                  "clusterrole-system-foo-" + sum("ClusterRole", "system:foo"),
		{"ClusterRole", "system:Foo"}:                  "clusterrole-system-foo-" + sum("ClusterRole", "system:Foo"),
		{"ClusterRole", "Über"}:                        "clusterrole-ber-" + sum("ClusterRole", "Über"),
		{"ClusterRole", ":"}:                           "clusterrole-" + sum("ClusterRole", ":"),
		{"ConfigMap", strings.Repeat("a", 253)}:        "configmap-" + strings.Repeat("a", 234) + "-" + sum("ConfigMap", strings.Repeat("a", 253)),
		{"ConfigMap", "a-" + strings.Repeat("b", 241)}: "configmap-a-" + strings.Repeat("b", 241),
	} {
		got := NameOf(of[0], of[1])
		if wrong := validation.IsDNS1123Subdomain(got); got != want || len(wrong) > 0 {
			t.Errorf("%v: %s, %v", of, got, wrong)
		}
	}
}
