package ring

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/hash"
	"github.com/ringspan/ringspan/internal/plan"
)

// Each region keeps the last specs of a ring with which it saw the whole ring ready and everything done: what a person can go back to.
// They are ControllerRevisions of its copy, and go with that. A spec that never came so far isn't kept: nobody wants it back.

// Verbs about the specs that are kept.
const (
	KeepSpec   plan.Verb = "keep spec"   // of a ring that is ready with it
	ForgetSpec plan.Verb = "forget spec" // that newer ones have taken the place of
)

// keptSpecs is how many are kept.
const keptSpecs = 10

// Good tells whether a region sees the whole ring ready with everything done that its newest spec asks for. A datacenter that is
// stopped proves nothing of a configuration.
func Good(k *api.K8ssandraCluster, status *api.K8ssandraClusterStatus) bool {
	if !k.DeletionTimestamp.IsZero() || k.Annotations[api.RevisionAnnotation] == "" || k.Spec.Cassandra == nil || len(k.Spec.Cassandra.Datacenters) == 0 {
		return false
	}
	if slices.ContainsFunc(k.Spec.Cassandra.Datacenters, func(t api.CassandraDatacenterTemplate) bool { return t.Stopped }) {
		return false
	}
	return status.ObservedGeneration == k.Generation && status.SeenGeneration == k.Generation && status.Error == api.NoError &&
		status.IsTrue(api.ClusterReady) && status.IsTrue(api.CassandraInitialized) && !status.IsTrue(api.ClusterDiverged)
}

// PlanSpecs decides what is kept of a ring that is good now: its spec, and the newest of those that were kept before. A spec that is good
// once more keeps its object and gets the number of its new revision, as with Deployments.
func PlanSpecs(k *api.K8ssandraCluster, now time.Time, kept []appsv1.ControllerRevision) (steps []Step) {
	want, err := specRevision(k, now)
	if err != nil {
		return nil // nobody's revision, or no spec: package federation gives it one
	}
	kept = slices.DeleteFunc(slices.Clone(kept), func(r appsv1.ControllerRevision) bool { return !metav1.IsControlledBy(&r, k) })
	i := slices.IndexFunc(kept, func(r appsv1.ControllerRevision) bool { return r.Name == want.Name })
	add := func(verb plan.Verb, why string, o *appsv1.ControllerRevision, exists bool) {
		steps = append(steps, Step{Step: plan.Step{Verb: verb, Target: targetOf(o), Why: why}, Object: o, Exists: exists})
	}
	switch {
	case i < 0:
		add(KeepSpec, "the ring is ready with it", want, false)
	case kept[i].Annotations[api.RevisionAnnotation] != want.Annotations[api.RevisionAnnotation]:
		next := kept[i].DeepCopy()
		next.Revision, next.Annotations, next.Labels = want.Revision, want.Annotations, want.Labels
		add(KeepSpec, "the ring is ready with it once more", next, true)
	}
	others := slices.DeleteFunc(kept, func(r appsv1.ControllerRevision) bool { return r.Name == want.Name })
	slices.SortFunc(others, func(a, b appsv1.ControllerRevision) int {
		return cmp.Or(cmp.Compare(b.Revision, a.Revision), strings.Compare(a.Name, b.Name))
	})
	for i := range others {
		if i >= keptSpecs-1 {
			add(ForgetSpec, "newer ones are kept", &others[i], true)
		}
	}
	return steps
}

// specRevision is the object in which a ring's spec is kept.
func specRevision(k *api.K8ssandraCluster, now time.Time) (*appsv1.ControllerRevision, error) {
	revision, err := federation.ParseRevision(k.Annotations[api.RevisionAnnotation])
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(k.Spec)
	if err != nil {
		return nil, err
	}
	out := &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: k.Namespace, Name: k.Name + "-spec-" + hash.Bytes(data, 5),
			Labels: map[string]string{api.RevisionOfLabel: k.Name},
			Annotations: map[string]string{
				api.RevisionAnnotation: k.Annotations[api.RevisionAnnotation], api.RingIDAnnotation: k.Annotations[api.RingIDAnnotation],
				api.GoodSinceAnnotation: now.UTC().Format(time.RFC3339),
			},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: api.GroupVersion.String(), Kind: "K8ssandraCluster", Name: k.Name, UID: k.UID, Controller: new(true),
			}},
		},
		Revision: int64(revision.Counter), Data: runtime.RawExtension{Raw: data},
	}
	if cause := k.Annotations[api.ChangeCauseAnnotation]; cause != "" {
		out.Annotations[api.ChangeCauseAnnotation] = cause
	}
	return out, nil
}
