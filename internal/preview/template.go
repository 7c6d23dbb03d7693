package preview

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

func joined(seeds []string) string { return strings.Join(seeds, ",") }

func sameTemplate(a, b *corev1.PodTemplateSpec) bool { return equality.Semantic.DeepEqual(a, b) }

// madeFrom tells whether a pod was made from a template. The API server fills in defaults, and admission adds a token to what
// the template says; a label of the pod's own tells of its node.
func madeFrom(pod *corev1.Pod, template *corev1.PodTemplateSpec) bool {
	return within(tree(template.Spec), withoutToken(tree(pod.Spec))) && subset(lasting(template.Labels), pod.Labels) && subset(template.Annotations, pod.Annotations)
}

// lasting are the labels of a template that pods keep: the operator writes the state of a pod's node over the one that it begins with.
func lasting(labels map[string]string) map[string]string {
	labels = maps.Clone(labels)
	delete(labels, api.NodeStateLabel)
	return labels
}

func subset(want, have map[string]string) bool {
	for k, v := range want {
		if have[k] != v {
			return false
		}
	}
	return true
}

// tree is a value as its JSON has it.
func tree(of any) any {
	data, _ := json.Marshal(of) // types of the API: cannot fail
	var out any
	_ = json.Unmarshal(data, &out)
	return out
}

// within tells whether all of a value is in another one, whose lists have as many entries.
func within(want, have any) bool {
	switch w := want.(type) {
	case map[string]any:
		h, is := have.(map[string]any)
		if !is {
			return len(w) == 0
		}
		for key, value := range w {
			if value != nil && !within(value, h[key]) {
				return false
			}
		}
		return true
	case []any:
		h, _ := have.([]any)
		if len(w) != len(h) {
			return false
		}
		for i := range w {
			if !within(w[i], h[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(want, have)
}

// tokenVolume is how admission names the volume of a service account's token.
const tokenVolume = "kube-api-access-"

// withoutToken takes away what admission has added to a pod, wherever it stands.
func withoutToken(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = withoutToken(value)
		}
		return v
	case []any:
		var kept []any
		for _, one := range v {
			named, _ := one.(map[string]any)
			if name, _ := named["name"].(string); strings.HasPrefix(name, tokenVolume) {
				continue
			}
			kept = append(kept, withoutToken(one))
		}
		return kept
	}
	return v
}
