package datacenter

import (
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/hash"
)

// Annotations on a StatefulSet: for which wish of the user's its pods were last
// made, and which template that gave. A template that differs while the wish is
// the same comes from another version of this program.
const (
	specHashAnnotation     = "ringspan.io/spec-hash"
	podsHashAnnotation     = "ringspan.io/pods-hash" // as the one above, whatever sizes of volumes the spec asks for
	templateHashAnnotation = "ringspan.io/template-hash"
)

// specHash covers what of the spec can change a pod.
func (s *State) specHash() string {
	spec := s.DC.Spec.DeepCopy()
	spec.Size, spec.Stopped, spec.Users, spec.AdditionalSeeds = 0, false, nil, nil
	spec.ReplaceNodes, spec.ForceUpgradeRacks, spec.RollingRestartRequested = nil, nil, false
	spec.AdditionalServiceConfig = api.ServiceConfig{}
	spec.CanaryUpgrade, spec.CanaryUpgradeCount = false, 0
	spec.ConfigSecret = or(s.configVersion(), spec.ConfigSecret)
	return hash.Object(spec)
}

// wished tells whether the spec asks for other pods than a set was last written for. Larger volumes are no such wish: pods
// don't change for them. Nor is it one that they are no longer asked for, or that this version acts on spec.configSecret, which
// former ones knew and passed over.
func (s *State) wished(have *appsv1.StatefulSet) bool {
	former := *s
	former.ConfigSecret = ConfigSecret{}
	return s.otherPods(have) && former.otherPods(have)
}

// otherPods tells whether a set was last written for another spec.
func (s *State) otherPods(have *appsv1.StatefulSet) bool {
	if was := have.Annotations[podsHashAnnotation]; was != "" { // former versions don't write it
		return was != s.podsHash()
	}
	was := have.Annotations[specHashAnnotation]
	if was == "" { // another program wrote it, for this spec
		return false
	}
	return was != s.specHash() && was != s.specHashWithVolumesOf(have)
}

// podsHash is the hash of the spec without the sizes of volumes.
func (s *State) podsHash() string {
	return s.specHashWithSizes(func(string) corev1.ResourceList { return nil })
}

// specHashWithVolumesOf is what the hash would be if the spec asked for volumes as large as those of a set.
func (s *State) specHashWithVolumesOf(set *appsv1.StatefulSet) string {
	have := claimsByName(set.Spec.VolumeClaimTemplates)
	return s.specHashWithSizes(func(name string) corev1.ResourceList {
		if have[name] == nil {
			return claimsByName(s.claims())[name].Resources.Requests
		}
		return have[name].Resources.Requests
	})
}

// specHashWithSizes is what the hash would be if the spec asked for volumes of these sizes.
func (s *State) specHashWithSizes(of func(name string) corev1.ResourceList) string {
	dc := s.DC.DeepCopy()
	as := func(name string, claim *corev1.PersistentVolumeClaimSpec) {
		if claim != nil {
			claim.Resources.Requests = of(name)
		}
	}
	storage := &dc.Spec.StorageConfig
	as(DataVolume, storage.CassandraDataVolumeClaimSpec)
	for i := range storage.AdditionalVolumes {
		as(storage.AdditionalVolumes[i].Name, storage.AdditionalVolumes[i].PVCSpec)
	}
	other := *s
	other.DC = dc
	return other.specHash()
}

// stamp puts the object's own hash on it.
func stamp(o client.Object) {
	annotations := maps.Clone(o.GetAnnotations())
	delete(annotations, api.ResourceHashAnnotation)
	o.SetAnnotations(annotations)
	o.SetAnnotations(merged(annotations, map[string]string{api.ResourceHashAnnotation: hash.Object(o)}))
}

func merged(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, b)
	return out
}
