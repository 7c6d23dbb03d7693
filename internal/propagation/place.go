package propagation

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// Placed tells whether a region is chosen. Names come before the selector, also when there are none.
func Placed(p api.Placement, region string, of map[string]string) bool {
	switch {
	case p.Regions != nil:
		return slices.Contains(*p.Regions, region)
	case p.RegionSelector == nil:
		return false
	}
	selector, err := metav1.LabelSelectorAsSelector(p.RegionSelector)
	return err == nil && selector.Matches(labels.Set(RegionLabels(region, of)))
}

// RegionLabels are those of a region: of the namespace that its operator is in, with the region's name.
func RegionLabels(region string, namespace map[string]string) map[string]string {
	all := maps.Clone(namespace)
	if all == nil {
		all = map[string]string{}
	}
	all[corev1.LabelTopologyRegion] = region
	return all
}
