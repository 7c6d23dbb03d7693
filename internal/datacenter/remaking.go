package datacenter

import (
	"encoding/json"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// RemakingAnnotation of a CassandraDatacenter has the StatefulSet that is deleted without its pods and made anew, because
// something of it differs that Kubernetes lets nobody change. It is written before the deletion and taken off when the new
// StatefulSet has the pods. In between it tells all who look for the rack's StatefulSet that the rack is there.
const RemakingAnnotation = "ringspan.io/remaking-statefulset"

// remaking is what that annotation says.
type remaking struct {
	Of   types.UID            `json:"of"` // the datacenter: the annotation may be copied to another, or be restored with it
	Rack string               `json:"rack"`
	Set  *appsv1.StatefulSet  `json:"set"`  // as it was before its deletion, without its status
	Pods map[string]types.UID `json:"pods"` // that it had
}

// remakingOf reads it; nil when there is none that can be read and is about this datacenter.
func remakingOf(dc *api.CassandraDatacenter) *remaking {
	r := &remaking{}
	if text := dc.Annotations[RemakingAnnotation]; text == "" || json.Unmarshal([]byte(text), r) != nil || r.Set == nil || r.Of != dc.UID {
		return nil
	}
	return r
}

func (s *State) remaking() *remaking { return remakingOf(s.DC) }

// recordOf is the annotation's text for a StatefulSet. The same set with the same pods gives the same text.
func (s *State) recordOf(rack string, set *appsv1.StatefulSet) string {
	was := &appsv1.StatefulSet{TypeMeta: setType, Spec: *set.Spec.DeepCopy(), ObjectMeta: metav1.ObjectMeta{
		Name: set.Name, Namespace: set.Namespace, UID: set.UID, Generation: set.Generation, Labels: set.Labels, Annotations: map[string]string{}}}
	for _, name := range []string{specHashAnnotation, podsHashAnnotation, templateHashAnnotation, api.ResourceHashAnnotation} {
		if value, there := set.Annotations[name]; there {
			was.Annotations[name] = value
		}
	}
	r := remaking{Of: s.DC.UID, Rack: rack, Set: was, Pods: map[string]types.UID{}}
	for i := range s.Pods {
		if pod := &s.Pods[i]; pod.Position.Rack == rack {
			r.Pods[pod.Name] = types.UID(pod.UID)
		}
	}
	data, _ := json.Marshal(r) // types of the API: cannot fail
	return string(data)
}

// has tells whether a pod is one of the StatefulSet's that is being made anew. A pod's UID is nobody's to choose.
func (r *remaking) has(name string, uid types.UID) bool {
	return r != nil && uid != "" && r.Pods[name] == uid
}

// setMissing tells whether a rack is without its StatefulSet because that is being made anew.
func (s *State) setMissing(rack string) bool {
	r := s.remaking()
	return r != nil && r.Rack == rack && s.StatefulSets[rack] == nil
}

// lastSet is a rack's StatefulSet, or what it was if it is gone to be made anew.
func (s *State) lastSet(rack string) *appsv1.StatefulSet {
	if s.setMissing(rack) {
		return s.remaking().Set
	}
	return s.StatefulSets[rack]
}

// podTemplates are those that pods may have been made from.
func (s *State) podTemplates() (all []*corev1.PodTemplateSpec) {
	for _, rack := range slices.Sorted(maps.Keys(s.StatefulSets)) {
		all = append(all, &s.StatefulSets[rack].Spec.Template)
	}
	if r := s.remaking(); r != nil {
		all = append(all, &r.Set.Spec.Template)
	}
	return all
}
