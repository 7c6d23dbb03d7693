package importer

import (
	"encoding/json"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// operation of a patch. Kubefed's paths are JSON pointers as well.
func operation(from any) api.PatchOperation {
	entry, _ := from.(map[string]any)
	op := api.PatchOperation{Op: "replace"}
	if name, _ := entry["op"].(string); name != "" {
		op.Op = name
	}
	op.Path, _ = entry["path"].(string)
	if value, is := entry["value"]; is && value != nil {
		raw, _ := json.Marshal(value) // it was read from JSON
		op.Value = &apiextensionsv1.JSON{Raw: raw}
	}
	return op
}

// placement is the federated object's, and of an object in a namespace no more than its namespace's.
func (k *kubefed) placement(o *unstructured.Unstructured, t target) api.Placement {
	own := k.read(o)
	if t.clusterWide {
		return own
	}
	namespace := k.namespaces[o.GetNamespace()]
	if namespace == nil {
		if !k.unlisted[o.GetNamespace()] {
			k.unlisted[o.GetNamespace()] = true
			k.note(o, "the FederatedNamespace %s was not given, whose placement limits that of all in it: the object's own is taken", o.GetNamespace())
		}
		return own
	}
	return k.both(o, own, k.read(namespace))
}

// read is a placement as it is written: clusters come before the selector, also when they are none.
func (k *kubefed) read(o *unstructured.Unstructured) api.Placement {
	placement, _, _ := unstructured.NestedMap(o.Object, "spec", "placement")
	if list, is := placement["clusters"].([]any); is {
		all := names(list)
		return api.Placement{Regions: &all}
	}
	raw, is := placement["clusterSelector"].(map[string]any)
	if !is {
		return api.Placement{Regions: &[]string{}}
	}
	selector := &metav1.LabelSelector{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, selector); err != nil {
		k.note(o, "spec.placement.clusterSelector: %v", err)
		return api.Placement{Regions: &[]string{}}
	}
	return api.Placement{RegionSelector: selector}
}

// both is where two placements agree.
func (k *kubefed) both(o *unstructured.Unstructured, a, b api.Placement) api.Placement {
	switch {
	case a.Regions != nil && b.Regions != nil:
		agreed := slices.DeleteFunc(slices.Clone(*a.Regions), func(region string) bool { return !slices.Contains(*b.Regions, region) })
		return api.Placement{Regions: &agreed}
	case a.Regions != nil:
		return k.chosen(o, *a.Regions, b.RegionSelector)
	case b.Regions != nil:
		return k.chosen(o, *b.Regions, a.RegionSelector)
	}
	joined := a.RegionSelector.DeepCopy()
	for _, key := range sortedKeys(b.RegionSelector.MatchLabels) {
		joined.MatchExpressions = append(joined.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{b.RegionSelector.MatchLabels[key]}})
	}
	joined.MatchExpressions = append(joined.MatchExpressions, b.RegionSelector.MatchExpressions...)
	return api.Placement{RegionSelector: joined}
}

// chosen are the clusters of a list that a selector chooses, by the labels of their KubeFedClusters.
func (k *kubefed) chosen(o *unstructured.Unstructured, regions []string, by *metav1.LabelSelector) api.Placement {
	selector, err := metav1.LabelSelectorAsSelector(by)
	if err != nil {
		k.note(o, "spec.placement.clusterSelector: %v", err)
		return api.Placement{Regions: &[]string{}}
	}
	agreed := []string{}
	for _, region := range regions {
		of, known := k.clusters[region]
		if !known && !selector.Empty() {
			k.note(o, "whether the selector %s chooses %s is not known without its KubeFedCluster: it is left out", selector, region)
		}
		if (known || selector.Empty()) && selector.Matches(labels.Set(of)) {
			agreed = append(agreed, region)
		}
	}
	return api.Placement{Regions: &agreed}
}

func sortedKeys(m map[string]string) []string {
	all := make([]string, 0, len(m))
	for key := range m {
		all = append(all, key)
	}
	slices.Sort(all)
	return all
}
