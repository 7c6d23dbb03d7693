package replication

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	api "github.com/ringspan/ringspan/api/replication/v1alpha1"
	"github.com/ringspan/ringspan/internal/grant"
)

// CopyLabel is on every copy.
const CopyLabel = k8ssandra.ReplicatedSecretNameLabel

// Annotations of a copy, beside K8ssandra's labels, whose values are too short for long names.
const (
	sourceAnnotation  = "ringspan.io/replicated-from"    // region/namespace/name of the ReplicatedSecret
	versionAnnotation = "ringspan.io/replicated-version" // the original's resourceVersion
)

// Source is a ReplicatedSecret and the region that it is in.
type Source struct {
	Region string
	*api.ReplicatedSecret
}

func (s Source) id() string { return s.Region + "/" + s.Namespace + "/" + s.Name }

// Published lists what a selector chose, by name. Copies are left out: two regions with the same ReplicatedSecret would
// copy each other's. So are Secrets of special types.
func Published(chosen []corev1.Secret) (all []api.PublishedSecret) {
	for _, s := range chosen {
		if !IsCopy(&s) && !Special(s.Type) {
			all = append(all, api.PublishedSecret{Name: s.Name, Version: s.ResourceVersion})
		}
	}
	slices.SortFunc(all, func(a, b api.PublishedSecret) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Special tells whether a type of Secret means more to Kubernetes than its contents: one who can have such a Secret made
// gets a service account's token, or lets machines into the cluster.
func Special(t corev1.SecretType) bool {
	return t == corev1.SecretTypeServiceAccountToken || t == corev1.SecretTypeBootstrapToken
}

// IsCopy tells a copy from an original.
func IsCopy(s *corev1.Secret) bool { return s.Annotations[sourceAnnotation] != "" }

// Targets are the places of a region. A target without a region is in the ReplicatedSecret's own.
func (s Source) Targets(region string) (all []api.ReplicationTarget) {
	for _, t := range s.Spec.ReplicationTargets {
		if orElse(t.K8sContextName, s.Region) == region {
			all = append(all, t)
		}
	}
	return all
}

// Regions are those with a target, each once, in the order of the spec.
func (s Source) Regions() (all []string) {
	for _, t := range s.Spec.ReplicationTargets {
		if region := orElse(t.K8sContextName, s.Region); !slices.Contains(all, region) {
			all = append(all, region)
		}
	}
	return all
}

// Place is the copy's namespace and name.
func (s Source) Place(t api.ReplicationTarget, name string) (string, string) {
	return orElse(t.Namespace, s.Namespace), t.TargetPrefix + name
}

// IsSelf tells whether a target is the place of the originals: nothing is to be copied there.
func (s Source) IsSelf(t api.ReplicationTarget) bool {
	return orElse(t.K8sContextName, s.Region) == s.Region && orElse(t.Namespace, s.Namespace) == s.Namespace && t.TargetPrefix == ""
}

// Copy makes the copy of an original for a target.
func (s Source) Copy(t api.ReplicationTarget, original *corev1.Secret) *corev1.Secret {
	namespace, name := s.Place(t, original.Name)
	out := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{}, Annotations: map[string]string{}},
		Type: original.Type, Data: original.Data, Immutable: original.Immutable}
	maps.Copy(out.Labels, original.Labels)
	for _, key := range t.DropLabels {
		delete(out.Labels, key)
	}
	maps.Copy(out.Labels, t.AddLabels)
	out.Labels[k8ssandra.ReplicatedByLabel] = k8ssandra.ReplicatedByLabelValue
	out.Labels[k8ssandra.ReplicatedSecretNameLabel] = label(s.Namespace + "." + s.Name)
	maps.Copy(out.Annotations, original.Annotations)
	delete(out.Annotations, corev1.LastAppliedConfigAnnotation) // it may hold the data
	out.Annotations[sourceAnnotation] = s.id()
	out.Annotations[versionAnnotation] = original.ResourceVersion
	return out
}

// Owns tells whether a Secret that is there is a copy of this ReplicatedSecret.
func (s Source) Owns(there *corev1.Secret) bool { return there.Annotations[sourceAnnotation] == s.id() }

// Current tells whether a copy was made of this version. Labels that a target asks for since then count as well.
func (s Source) Current(there *corev1.Secret, t api.ReplicationTarget, p api.PublishedSecret) bool {
	for _, key := range t.DropLabels {
		if _, has := there.Labels[key]; has && t.AddLabels[key] == "" {
			return false
		}
	}
	for key, value := range t.AddLabels {
		if there.Labels[key] != value {
			return false
		}
	}
	return there.Annotations[versionAnnotation] == p.Version
}

// From splits the source of a copy into region, namespace and name.
func From(copied *corev1.Secret) (region, namespace, name string) {
	parts := strings.SplitN(copied.Annotations[sourceAnnotation], "/", 3)
	if len(parts) != 3 {
		return "", "", ""
	}
	return parts[0], parts[1], parts[2]
}

// Wanted tells whether a target still asks for a copy in this place.
func (s Source) Wanted(region string, copied *corev1.Secret) bool {
	return slices.ContainsFunc(s.Targets(region), func(t api.ReplicationTarget) bool {
		return orElse(t.Namespace, s.Namespace) == copied.Namespace && strings.HasPrefix(copied.Name, t.TargetPrefix)
	})
}

// Asker is the ReplicatedSecret as namespaces grant it.
func (s Source) Asker() grant.Asker { return grant.Asker{Namespace: s.Namespace, Name: s.Name} }

// Kept tells whether a copy outlives its ReplicatedSecret.
func Kept(copied *corev1.Secret) bool {
	_, orphan := copied.Annotations[api.OrphanAnnotation]
	return orphan
}

// label fits a name into a label's value, which has at most 63 characters.
func label(name string) string { return strings.Trim(name[:min(len(name), 63)], "-_.") }

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
