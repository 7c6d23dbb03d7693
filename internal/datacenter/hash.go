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
	templateHashAnnotation = "ringspan.io/template-hash"
)

// specHash covers what of the spec can change a pod.
func (s *State) specHash() string {
	spec := s.DC.Spec.DeepCopy()
	spec.Size, spec.Stopped, spec.Users, spec.AdditionalSeeds = 0, false, nil, nil
	spec.ReplaceNodes, spec.ForceUpgradeRacks, spec.RollingRestartRequested = nil, nil, false
	spec.AdditionalServiceConfig = api.ServiceConfig{}
	spec.CanaryUpgrade, spec.CanaryUpgradeCount = false, 0
	return hash.Object(spec)
}

// wished tells whether the spec asks for other pods than a set was last written for. Larger volumes are no such wish: pods
// don't change for them.
func (s *State) wished(have *appsv1.StatefulSet) bool {
	was := have.Annotations[specHashAnnotation]
	return was != s.specHash() && was != s.specHashWithVolumesOf(have)
}

// specHashWithVolumesOf is what the hash would be if the spec asked for volumes as large as those of a set.
func (s *State) specHashWithVolumesOf(set *appsv1.StatefulSet) string {
	dc := s.DC.DeepCopy()
	have := claimsByName(set.Spec.VolumeClaimTemplates)
	as := func(name string, claim *corev1.PersistentVolumeClaimSpec) {
		if claim != nil && have[name] != nil {
			claim.Resources.Requests = have[name].DeepCopy().Resources.Requests
		}
	}
	storage := &dc.Spec.StorageConfig
	as(dataVolume, storage.CassandraDataVolumeClaimSpec)
	for i := range storage.AdditionalVolumes {
		as(storage.AdditionalVolumes[i].Name, storage.AdditionalVolumes[i].PVCSpec)
	}
	return (&State{DC: dc}).specHash()
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
