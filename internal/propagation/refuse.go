package propagation

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// Why objects of a kind are not propagated.
const (
	whyVolume     = "volumes and their claims hold one region's data"
	whySecret     = "their values would be readable in the Propagation; a ReplicatedSecret copies them from region to region"
	whyController = "the region's own controllers write them"
	whyRequest    = "they are requests to one API server, not objects that stay"
	whyOurs       = "they go from region to region by themselves, or are one region's own"
)

var refusedKinds = map[schema.GroupKind]string{
	{Kind: "PersistentVolume"}:                            whyVolume,
	{Kind: "PersistentVolumeClaim"}:                       whyVolume,
	{Group: "storage.k8s.io", Kind: "VolumeAttachment"}:   whyVolume,
	{Group: "storage.k8s.io", Kind: "CSIStorageCapacity"}: whyController,
	{Group: "storage.k8s.io", Kind: "CSINode"}:            whyController,
	{Kind: "Secret"}:                                      whySecret,
	{Kind: "Node"}:                                        whyController,
	{Kind: "Event"}:                                       whyController,
	{Kind: "Endpoints"}:                                   whyController,
	{Kind: "Binding"}:                                     whyRequest,
	{Kind: "ComponentStatus"}:                             whyController,
	{Group: "apps", Kind: "ControllerRevision"}:           whyController,
	{Group: "discovery.k8s.io", Kind: "EndpointSlice"}:    whyController,
	{Group: "coordination.k8s.io", Kind: "Lease"}:         whyController,
	{Group: "events.k8s.io", Kind: "Event"}:               whyController,
	{Group: "apiregistration.k8s.io", Kind: "APIService"}: "they change what a region's API server is",
	{Group: "policy", Kind: "Eviction"}:                   whyRequest,
	{Group: "autoscaling", Kind: "Scale"}:                 whyRequest,
}

var refusedGroups = map[string]string{
	"snapshot.storage.k8s.io": whyVolume,
	"authentication.k8s.io":   whyRequest,
	"authorization.k8s.io":    whyRequest,
	"certificates.k8s.io":     whyRequest,
	"metrics.k8s.io":          whyController,
	"cassandra.datastax.com":  whyOurs,
}

// RefusedKind says why objects of a kind are not propagated; "" when they are.
func RefusedKind(kind schema.GroupKind) string {
	if why := refusedKinds[kind]; why != "" {
		return why
	}
	for _, ours := range []string{"k8ssandra.io", "ringspan.io"} {
		if kind.Group == ours || strings.HasSuffix(kind.Group, "."+ours) {
			return whyOurs
		}
	}
	return refusedGroups[kind.Group]
}

// OwnedBy says which operator or controller an object that exists belongs to; "" when nobody's.
func OwnedBy(o *unstructured.Unstructured) string {
	if owner := metav1.GetControllerOf(o); owner != nil {
		return fmt.Sprintf("it belongs to %s %s, whose controller writes it", owner.Kind, owner.Name)
	}
	if owners := o.GetOwnerReferences(); len(owners) > 0 {
		return fmt.Sprintf("it belongs to %s %s, and goes with it", owners[0].Kind, owners[0].Name)
	}
	labels, notes := o.GetLabels(), o.GetAnnotations()
	switch {
	case labels["cassandra.datastax.com/cluster"] != "", labels["k8ssandra.io/cluster-name"] != "":
		return "it belongs to a ring, whose operator writes it"
	case notes["ringspan.io/replicated-from"] != "":
		return "it is a copy that a ReplicatedSecret made"
	case labels["app.kubernetes.io/part-of"] == "ringspan":
		return "it is part of Ringspan's own installation"
	case o.GetKind() == "CustomResourceDefinition" && RefusedKind(schema.GroupKind{Group: groupOfDefinition(o.GetName())}) != "":
		return "it is part of Ringspan's own installation"
	}
	return ""
}

func groupOfDefinition(name string) string {
	_, group, _ := strings.Cut(name, ".")
	return group
}

// Outlives tells whether an object is never deleted with its Propagation, because all that is in it would go too.
func Outlives(ref api.ObjectReference) bool {
	group, _, _ := strings.Cut(ref.APIVersion, "/")
	return ref.Kind == "Namespace" && ref.APIVersion == "v1" || ref.Kind == "CustomResourceDefinition" && group == "apiextensions.k8s.io"
}

// refusal says why an object that exists is neither taken over nor written.
func refusal(t Seen) string {
	if owner := OwnedBy(t.Live); owner != "" {
		return owner
	}
	return claimsAtRisk(t.Wanted, t.Live, claimPolicies...)
}

// heldBack says why an object that exists must not be deleted; "" when it may. What its spec says of its claims is not enough:
// Kubernetes follows that later, and deletes the claims that the object still owns.
func heldBack(t Seen) string {
	if why := claimsAtRisk(nil, t.Live, whenDeleted); why != "" {
		return why
	}
	if len(t.Claims) > 0 {
		return fmt.Sprintf("it owns volume claims, which would go with it: %s; %s", strings.Join(t.Claims, ", "), whyVolume)
	}
	return ""
}

// claimsAtRisk names what would have volume claims deleted: in an object as it is, unless the one that is to be written says
// otherwise.
func claimsAtRisk(wanted, live *unstructured.Unstructured, policies ...string) string {
	if live.GetKind() != "StatefulSet" || groupOf(api.ObjectReference{APIVersion: live.GetAPIVersion()}) != "apps" {
		return ""
	}
	for _, when := range policies {
		path := []string{"spec", "persistentVolumeClaimRetentionPolicy", when}
		policy, _, _ := unstructured.NestedString(live.Object, path...)
		if wanted != nil {
			if says, is, _ := unstructured.NestedString(wanted.Object, path...); is {
				policy = says
			}
		}
		if policy == "Delete" {
			return fmt.Sprintf("its %s is Delete, and volume claims would go with it: %s; set it to Retain in this region", strings.Join(path, "."), whyVolume)
		}
	}
	return ""
}
