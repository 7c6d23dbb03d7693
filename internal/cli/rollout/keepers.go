package rollout

import (
	"fmt"
	"strings"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// tools are programs that keep objects as a repository has them, with the labels, annotations and field managers by which they show.
var tools = []struct{ name, mark string }{
	{"Argo CD", "argocd"}, {"Flux", "fluxcd"}, {"Flux", "kustomize-controller"}, {"Flux", "helm-controller"}, {"Fleet", "fleet.cattle.io"},
	{"Config Sync", "configsync.gke.io"}, {"Helm", "meta.helm.sh"},
}

// keepers warns of programs that will put back what a roll-back changes.
func keepers(k *k8ssandra.K8ssandraCluster) (all []string) {
	seen := map[string]bool{}
	for _, tool := range tools {
		if mark := markOf(k, tool.mark); mark != "" && !seen[tool.name] {
			seen[tool.name] = true
			all = append(all, fmt.Sprintf("%s keeps this ring as a repository has it (%s), and may put the edit back at once: revert it there too, or suspend it first", tool.name, mark))
		}
	}
	return all
}

// markOf is where a mark was found.
func markOf(k *k8ssandra.K8ssandraCluster, mark string) string {
	for name := range k.Annotations {
		if strings.Contains(name, mark) {
			return "annotation " + name
		}
	}
	for name := range k.Labels {
		if strings.Contains(name, mark) {
			return "label " + name
		}
	}
	for _, m := range k.ManagedFields {
		if strings.Contains(m.Manager, mark) {
			return "field manager " + m.Manager
		}
	}
	return ""
}

// editor says who wrote a ring's spec last, as far as the API server tells.
func editor(k *k8ssandra.K8ssandraCluster) string {
	name, last := "nobody knows by whom", int64(0)
	for _, m := range k.ManagedFields {
		if m.Subresource == "" && m.Time != nil && m.Time.Unix() >= last && m.FieldsV1 != nil && strings.Contains(m.FieldsV1.String(), `"f:spec"`) {
			name, last = "by "+m.Manager, m.Time.Unix()
		}
	}
	return name
}
