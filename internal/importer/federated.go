package importer

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/propagation"
)

// Options of an import from kubefed.
type Options struct {
	ServiceAccount string // that the Propagations name
	Namespace      string // of Propagations of cluster-wide objects
	Adopt          bool   // kubefed's objects are in the regions already, and are to be taken over
}

// Result is what became of kubefed's objects.
type Result struct {
	Propagations []api.Propagation
	Notes        []string // what can't be carried over, each with the object's name
}

// kubefed is all of an import's objects, by what they mean.
type kubefed struct {
	Options

	Result

	types      map[string]target // by the name of the federated kind
	namespaces map[string]*unstructured.Unstructured
	clusters   map[string]map[string]string // labels by name
	scheduled  map[string]string            // kind namespace/name that a ReplicaSchedulingPreference is about, with its name
	unlisted   map[string]bool              // namespaces without a FederatedNamespace that were told of
}

// target is what a federated kind stands for.
type target struct {
	apiVersion, kind string
	clusterWide      bool
}

// Federated makes Propagations of kubefed's federated objects.
func Federated(objects []unstructured.Unstructured, o Options) Result {
	k := &kubefed{Options: o, types: map[string]target{}, namespaces: map[string]*unstructured.Unstructured{}, clusters: map[string]map[string]string{},
		scheduled: map[string]string{}, unlisted: map[string]bool{}}
	for i := range objects {
		k.sort(&objects[i])
	}
	for i := range objects {
		k.convert(&objects[i])
	}
	return k.Result
}

// note says what can't be carried over.
func (k *kubefed) note(o *unstructured.Unstructured, format string, args ...any) {
	name := o.GetName()
	if o.GetNamespace() != "" {
		name = o.GetNamespace() + "/" + name
	}
	k.Notes = append(k.Notes, fmt.Sprintf("%s %s: %s", o.GetKind(), name, fmt.Sprintf(format, args...)))
}

// sort keeps what other objects are read with.
func (k *kubefed) sort(o *unstructured.Unstructured) {
	text := func(fields ...string) string { s, _, _ := unstructured.NestedString(o.Object, fields...); return s }
	switch o.GetKind() {
	case "FederatedTypeConfig":
		t := target{kind: text("spec", "targetType", "kind"), clusterWide: text("spec", "targetType", "scope") == "Cluster"}
		t.apiVersion = strings.TrimPrefix(text("spec", "targetType", "group")+"/"+text("spec", "targetType", "version"), "/")
		k.types[text("spec", "federatedType", "kind")] = t
	case "FederatedNamespace":
		k.namespaces[o.GetName()] = o
	case "KubeFedCluster":
		k.clusters[o.GetName()] = o.GetLabels()
	case "ReplicaSchedulingPreference":
		k.scheduled[text("spec", "targetKind")+" "+o.GetNamespace()+"/"+o.GetName()] = o.GetName()
	}
}

// federates tells whether an object is a federated one.
func federates(o *unstructured.Unstructured) bool {
	return strings.HasPrefix(o.GetAPIVersion(), "types.kubefed.io/") && strings.HasPrefix(o.GetKind(), "Federated")
}

func (k *kubefed) convert(o *unstructured.Unstructured) {
	group, _, _ := strings.Cut(o.GetAPIVersion(), "/")
	switch {
	case o.GetKind() == "FederatedNamespace":
		k.namespace(o)
	case federates(o):
		k.propagate(o)
	case o.GetKind() == "KubeFedCluster":
		k.cluster(o)
	case o.GetKind() == "ReplicaSchedulingPreference":
		k.note(o, "nothing moves replicas between regions; give each region its own with spec.overrides, and an autoscaler where they are to follow the load")
	case o.GetKind() == "FederatedTypeConfig":
		if enabled, _, _ := unstructured.NestedString(o.Object, "spec", "propagation"); enabled == "Disabled" {
			k.note(o, "propagation is disabled for the type, which can't be said here: its objects are imported all the same")
		}
	case group == "kubefed.io" || strings.HasSuffix(group, ".kubefed.io"):
		k.note(o, "there is nothing like it, and nothing is needed in its place")
	default:
		k.note(o, "it is no object of kubefed, and is left out")
	}
}

// namespace says what of a FederatedNamespace has no place: namespaces follow their Propagations.
func (k *kubefed) namespace(o *unstructured.Unstructured) {
	k.note(o, "the placement is part of the Propagations of the namespace; the namespace itself is made in every region that takes one of them over")
	template, _, _ := unstructured.NestedMap(o.Object, "spec", "template", "metadata")
	overrides, _, _ := unstructured.NestedSlice(o.Object, "spec", "overrides")
	if template["labels"] != nil || template["annotations"] != nil || len(overrides) > 0 {
		k.note(o, "labels, annotations and overrides of the namespace are not carried over: set them in each region")
	}
}

// cluster says how a region gets the labels that placements select by.
func (k *kubefed) cluster(o *unstructured.Unstructured) {
	labels := o.GetLabels()
	if len(labels) == 0 {
		k.note(o, "regions are known by ClientConfigs, which `ringspan up` makes; the region has to be called %s as well", o.GetName())
		return
	}
	k.note(o, "regions are known by ClientConfigs, which `ringspan up` makes; for placements by label run: kubectl --context %s label namespace ringspan-system %s",
		o.GetName(), strings.ReplaceAll(metav1.FormatLabelSelector(metav1.SetAsLabelSelector(labels)), ",", " "))
}

// propagate makes a Propagation of a federated object.
func (k *kubefed) propagate(o *unstructured.Unstructured) {
	t, known := k.target(o)
	if !known {
		k.note(o, "its apiVersion is not known: give the FederatedTypeConfig of its kind too")
		return
	}
	p := api.Propagation{TypeMeta: metav1.TypeMeta{APIVersion: api.GroupVersion.String(), Kind: "Propagation"}}
	p.Namespace, p.Name = orElse(o.GetNamespace(), k.Namespace), propagation.NameOf(t.kind, o.GetName())
	p.Spec.ServiceAccountName, p.Spec.Adopt = k.ServiceAccount, k.Adopt
	p.Spec.Template = k.template(o, t)
	p.Spec.Placement = k.placement(o, t)
	p.Spec.Overrides = k.overrides(o)
	if retain, _, _ := unstructured.NestedBool(o.Object, "spec", "retainReplicas"); retain {
		p.Spec.Retain = []string{"/spec/replicas"}
	}
	k.deletion(o, &p.Spec)
	if by := k.scheduled[o.GetKind()+" "+o.GetNamespace()+"/"+o.GetName()]; by != "" && len(p.Spec.Overrides) > 0 {
		k.note(o, "overrides of /spec/replicas are what ReplicaSchedulingPreference %s last computed, and stay as they are", by)
	}
	if !k.isNew(o, &p) {
		return
	}
	if err := propagation.Check(&p.Spec); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			k.note(o, "not carried over: %s", line)
		}
		return
	}
	k.Propagations = append(k.Propagations, p)
}

// isNew tells whether an object's Propagation can have the name and namespace that were made for it. A name that had to be changed is
// said, because commands take it.
func (k *kubefed) isNew(o *unstructured.Unstructured, p *api.Propagation) bool {
	if wrong := validation.IsDNS1123Label(p.Namespace); len(wrong) > 0 {
		k.note(o, "not carried over: metadata.namespace: %q is not the name of a namespace: %s", p.Namespace, wrong[0])
		return false
	}
	if slices.ContainsFunc(k.Propagations, func(other api.Propagation) bool { return other.Namespace == p.Namespace && other.Name == p.Name }) {
		k.note(o, "not carried over: Propagation %s/%s is made of another object already; give this one a Propagation of another name", p.Namespace, p.Name)
		return false
	}
	if kind, _, _ := unstructured.NestedString(p.Spec.Template, "kind"); p.Name != strings.ToLower(kind)+"-"+o.GetName() {
		k.note(o, "its Propagation is called %s, because the object's name can't be part of a Propagation's", p.Name)
	}
	return true
}

// target is what a federated object is about: by its FederatedTypeConfig, by its template, or one of the kinds that
// Kubernetes has.
func (k *kubefed) target(o *unstructured.Unstructured) (target, bool) {
	if t, known := k.types[o.GetKind()]; known && t.kind != "" {
		return t, true
	}
	kind := strings.TrimPrefix(o.GetKind(), "Federated")
	apiVersion, _, _ := unstructured.NestedString(o.Object, "spec", "template", "apiVersion")
	if t, known := builtin[kind]; known {
		t.kind, t.apiVersion = kind, orElse(apiVersion, t.apiVersion)
		return t, true
	}
	return target{apiVersion: apiVersion, kind: kind, clusterWide: o.GetNamespace() == ""}, apiVersion != ""
}

// builtin are kinds that kubefed federated out of the box, and others that Kubernetes has.
var builtin = map[string]target{
	"ConfigMap": {apiVersion: "v1"}, "Secret": {apiVersion: "v1"}, "Service": {apiVersion: "v1"}, "ServiceAccount": {apiVersion: "v1"}, "Pod": {apiVersion: "v1"},
	"PersistentVolumeClaim": {apiVersion: "v1"}, "PersistentVolume": {apiVersion: "v1", clusterWide: true}, "LimitRange": {apiVersion: "v1"}, "ResourceQuota": {apiVersion: "v1"},
	"Deployment": {apiVersion: "apps/v1"}, "ReplicaSet": {apiVersion: "apps/v1"}, "DaemonSet": {apiVersion: "apps/v1"}, "StatefulSet": {apiVersion: "apps/v1"},
	"Job": {apiVersion: "batch/v1"}, "CronJob": {apiVersion: "batch/v1"}, "Ingress": {apiVersion: "networking.k8s.io/v1"}, "NetworkPolicy": {apiVersion: "networking.k8s.io/v1"},
	"Role": {apiVersion: rbac}, "RoleBinding": {apiVersion: rbac}, "ClusterRole": {apiVersion: rbac, clusterWide: true}, "ClusterRoleBinding": {apiVersion: rbac, clusterWide: true},
	"PodDisruptionBudget": {apiVersion: "policy/v1"}, "HorizontalPodAutoscaler": {apiVersion: "autoscaling/v2"},
	"StorageClass": {apiVersion: "storage.k8s.io/v1", clusterWide: true}, "PriorityClass": {apiVersion: "scheduling.k8s.io/v1", clusterWide: true},
	"CustomResourceDefinition": {apiVersion: "apiextensions.k8s.io/v1", clusterWide: true},
}

const rbac = "rbac.authorization.k8s.io/v1"

// template is the federated object's, with its name. Kubefed leaves out what it takes from the federated object.
func (k *kubefed) template(o *unstructured.Unstructured, t target) map[string]any {
	template, _, _ := unstructured.NestedMap(o.Object, "spec", "template")
	if template == nil {
		template = map[string]any{}
	}
	out := &unstructured.Unstructured{Object: template}
	out.SetAPIVersion(t.apiVersion)
	out.SetKind(t.kind)
	out.SetName(o.GetName())
	unstructured.RemoveNestedField(out.Object, "metadata", "namespace") // the Propagation's
	for _, field := range []string{"finalizers", "ownerReferences", "creationTimestamp"} {
		if value, is, _ := unstructured.NestedFieldNoCopy(out.Object, "metadata", field); is && value != nil && field != "creationTimestamp" {
			k.note(o, "spec.template.metadata.%s is not carried over", field)
		}
		unstructured.RemoveNestedField(out.Object, "metadata", field)
	}
	delete(out.Object, "status")
	return out.Object
}

// deletion reads kubefed's annotations about it.
func (k *kubefed) deletion(o *unstructured.Unstructured, spec *api.PropagationSpec) {
	notes := o.GetAnnotations()
	if notes["kubefed.io/orphan"] == "true" {
		spec.DeletionPolicy = api.DeletionOrphan
	}
	text := notes["kubefed.io/deleteoption"]
	if text == "" {
		return
	}
	spec.Dependents = dependents(text)
	if spec.Dependents == "" {
		k.note(o, "annotation kubefed.io/deleteoption %q: of the options, propagationPolicy alone can be carried over", text)
	}
}

func dependents(text string) metav1.DeletionPropagation {
	for _, policy := range []metav1.DeletionPropagation{metav1.DeletePropagationOrphan, metav1.DeletePropagationForeground, metav1.DeletePropagationBackground} {
		if strings.Contains(text, "propagationPolicy") && strings.Contains(text, `"`+string(policy)+`"`) {
			return policy
		}
	}
	return ""
}

// overrides are kubefed's, a list for each cluster. An operation without a name replaces.
func (k *kubefed) overrides(o *unstructured.Unstructured) (all []api.Override) {
	list, _, _ := unstructured.NestedSlice(o.Object, "spec", "overrides")
	for _, one := range list {
		entry, _ := one.(map[string]any)
		cluster, _ := entry["clusterName"].(string)
		operations, _ := entry["clusterOverrides"].([]any)
		override := api.Override{Region: cluster}
		for _, op := range operations {
			override.Patch = append(override.Patch, operation(op))
		}
		if len(override.Patch) > 0 {
			all = append(all, override)
		}
	}
	return all
}

// names of a list of clusters.
func names(list []any) []string {
	all := []string{}
	for _, one := range list {
		entry, _ := one.(map[string]any)
		if name, _ := entry["name"].(string); name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
