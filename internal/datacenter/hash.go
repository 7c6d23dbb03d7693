package datacenter

import (
	"maps"

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
