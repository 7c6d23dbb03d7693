package clusterprofile

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind of a ClusterProfile. All versions that there are have the fields that are written.
var Kind = schema.GroupKind{Group: "multicluster.x-k8s.io", Kind: "ClusterProfile"}

const (
	// Manager is what spec.clusterManager.name and the label say, and the field owner.
	Manager = "ringspan"
	// ManagerLabel is the API's, with the manager's name.
	ManagerLabel = "x-k8s.io/cluster-manager"

	// healthy is the API's one condition.
	healthy = "ControlPlaneHealthy"
	// propertyID and propertyRegion are properties with well-known names: of the About API (KEP-2149), whose value is the UID of
	// the namespace kube-system, and Kubernetes' label.
	propertyID     = "cluster.clusterset.k8s.io"
	propertyRegion = "topology.kubernetes.io/region"
)

// absentAnnotation says since when no ClientConfig names a profile's region.
const absentAnnotation = "ringspan.io/absent-since"

// goneAfter is how long that may last before the region counts as one that has left the fleet.
const goneAfter = 10 * time.Minute

// Region is one of the fleet, as it is known in the region that publishes it.
type Region struct {
	Name       string
	Absent     bool // no ClientConfig names it, and it may have left
	Answers    bool
	Since      time.Time // of Answers; zero when it isn't known
	Message    string    // why it doesn't answer
	ID         string    // of its cluster; "" while it isn't known
	Kubernetes string    // its version; "" when it isn't known
}

// Wanted is a region's profile: what is applied to it, and to its status. live is the one that is there, or nil: what isn't
// known now stays as it was.
func Wanted(r Region, apiVersion, namespace string, live *unstructured.Unstructured, now time.Time) (profile, status *unstructured.Unstructured) {
	object := func(part string, content map[string]any) *unstructured.Unstructured {
		o := &unstructured.Unstructured{Object: map[string]any{part: content}}
		o.SetAPIVersion(apiVersion)
		o.SetKind(Kind.Kind)
		o.SetNamespace(namespace)
		o.SetName(r.Name)
		return o
	}
	profile = object("spec", map[string]any{"displayName": r.Name, "clusterManager": map[string]any{"name": Manager}})
	profile.SetLabels(map[string]string{ManagerLabel: Manager})
	if r.Absent {
		since := absentSince(live, now)
		if since.IsZero() {
			since = now
		}
		profile.SetAnnotations(map[string]string{absentAnnotation: since.UTC().Format(time.RFC3339)})
	}
	content := map[string]any{"conditions": []any{condition(r, live, now)}, "properties": properties(r, live)}
	if version := orElse(r.Kubernetes, text(live, "status", "version", "kubernetes")); version != "" {
		content["version"] = map[string]any{"kubernetes": version}
	}
	return profile, object("status", content)
}

// condition says whether the region answers. One that doesn't is Unknown: what doesn't answer from here may be well.
func condition(r Region, live *unstructured.Unstructured, now time.Time) map[string]any {
	c := map[string]any{"type": healthy, "status": string(metav1.ConditionTrue), "reason": "Answers", "message": "the region's API server answers"}
	switch {
	case r.Absent:
		c["status"], c["reason"], c["message"] = string(metav1.ConditionUnknown), "NotKnown", "no ClientConfig names the region"
	case !r.Answers:
		c["status"], c["reason"], c["message"] = string(metav1.ConditionUnknown), "NotReachable", "the region does not answer: "+r.Message
	}
	since := r.Since
	if since.IsZero() {
		since = now
	}
	c["lastTransitionTime"] = since.UTC().Format(time.RFC3339)
	for _, one := range list(live, "status", "conditions") {
		if one["type"] == healthy && one["status"] == c["status"] && one["lastTransitionTime"] != nil {
			c["lastTransitionTime"] = one["lastTransitionTime"]
		}
	}
	return c
}

// absentSince is since when a region isn't named; zero when that isn't known, or can't be true.
func absentSince(live *unstructured.Unstructured, now time.Time) time.Time {
	if live == nil {
		return time.Time{}
	}
	since, err := time.Parse(time.RFC3339, live.GetAnnotations()[absentAnnotation])
	if err != nil || since.After(now) {
		return time.Time{}
	}
	return since
}

func properties(r Region, live *unstructured.Unstructured) (all []any) {
	id := r.ID
	for _, one := range list(live, "status", "properties") {
		if value, _ := one["value"].(string); one["name"] == propertyID {
			id = orElse(id, value)
		}
	}
	if id != "" {
		all = append(all, map[string]any{"name": propertyID, "value": id})
	}
	return append(all, map[string]any{"name": propertyRegion, "value": r.Name})
}

func text(o *unstructured.Unstructured, path ...string) string {
	if o == nil {
		return ""
	}
	value, _, _ := unstructured.NestedString(o.Object, path...)
	return value
}

func list(o *unstructured.Unstructured, path ...string) (all []map[string]any) {
	if o == nil {
		return nil
	}
	items, _, _ := unstructured.NestedSlice(o.Object, path...)
	for _, item := range items {
		if one, is := item.(map[string]any); is {
			all = append(all, one)
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
