package controller

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/claim"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// claims are the datacenter's. The client reads them past its cache: an old claim
// of a new pod's name would be taken as proof that the pod has data.
func (r *Reconciler) claims(ctx context.Context, s *datacenter.State) ([]corev1.PersistentVolumeClaim, error) {
	var claims corev1.PersistentVolumeClaimList
	err := r.Client.List(ctx, &claims, client.InNamespace(s.DC.Namespace), client.MatchingLabels(datacenter.Selector(s.DC)))
	return claims.Items, err
}

// observeNodes reads the pods, asks their agents, and finds the claims of their data. Claims are read before and after: an
// answer that may be of another pod than the claim's is none, and the next pass asks again.
func (r *Reconciler) observeNodes(ctx context.Context, s *datacenter.State) error {
	before, err := r.claims(ctx, s)
	if err != nil {
		return err
	}
	if err := r.observePods(ctx, s); err != nil {
		return err
	}
	after, err := r.claims(ctx, s)
	if err != nil {
		return err
	}
	for i := range s.Pods {
		if pod := &s.Pods[i]; named(before, pod) != named(after, pod) {
			pod.Agent, pod.Status = false, mgmtapi.Status{}
		}
	}
	sortClaims(s, after)
	return r.observeUnclaimed(ctx, s)
}

// named is the UID of the claim that has the name of a pod's.
func named(claims []corev1.PersistentVolumeClaim, pod *datacenter.Pod) types.UID {
	i := slices.IndexFunc(claims, func(c corev1.PersistentVolumeClaim) bool { return c.Name == datacenter.Claim(pod.Name) })
	if i < 0 {
		return ""
	}
	return claims[i].UID
}

// mounted tells whether a pod can have a claim: one that was made when the pod was on its machine already is the next
// pod's. A pod that was force-deleted may still be in the cache, and is older than the claim.
func mounted(c *corev1.PersistentVolumeClaim, pod *corev1.Pod) bool {
	since := pod.CreationTimestamp
	for _, one := range pod.Status.Conditions {
		if one.Type == corev1.PodScheduled && one.Status == corev1.ConditionTrue && since.Before(&one.LastTransitionTime) {
			since = one.LastTransitionTime
		}
	}
	return pod.Spec.NodeName == "" || !since.Before(&c.CreationTimestamp)
}

// sortClaims gives the pods the claims of their data, and finds the claims that are still to be deleted.
func sortClaims(s *datacenter.State, claims []corev1.PersistentVolumeClaim) {
	s.Claims = map[string]*corev1.PersistentVolumeClaim{}
	for i := range claims {
		c := &claims[i]
		s.Claims[c.Name] = c
		leaving := !c.DeletionTimestamp.IsZero()
		of, dealtWith := c.Annotations[claim.KeptOf], c.Annotations[claim.KeptBy] == string(s.DC.UID)
		switch foreign := of != "" && of != datacenter.RingKey(s.DC); {
		case foreign:
			s.KeptRing = of // of another ring: never deleted with this datacenter
		case !dealtWith && (!leaving || slices.Contains(c.Finalizers, claim.Finalizer)):
			s.Volumes = append(s.Volumes, datacenter.Volume{Name: c.Name, UID: string(c.UID)})
		}
		s.EarlierVolumes = s.EarlierVolumes || earlier(c, s.DC)
		if s.IsLeaverClaim(c.Name) && (of == "" || of == datacenter.RingKey(s.DC)) {
			s.LeaverClaims = append(s.LeaverClaims, datacenter.Volume{Name: c.Name, UID: string(c.UID), Deleting: leaving})
		}
		for p := range s.Pods {
			if datacenter.Claim(s.Pods[p].Name) == c.Name && mounted(c, s.Pods[p].Object) {
				s.Pods[p].Claim, s.Pods[p].ClaimDeleting = string(c.UID), leaving
			}
		}
	}
}

// earlier tells whether a claim was made for an earlier datacenter, so that its volume may hold the data of that one. Its
// age says so, whatever kept it: a deletion that was asked to, the loss of the datacenter's object, a restored backup. The
// StatefulSet's controller makes the datacenter's own ones later than it, by the clock of one API server.
func earlier(c *corev1.PersistentVolumeClaim, dc *api.CassandraDatacenter) bool {
	kept := c.Annotations[claim.KeptOf] == datacenter.RingKey(dc) && c.Annotations[claim.KeptBy] != string(dc.UID)
	return kept || c.Annotations[claim.TakenUp] == string(dc.UID) || c.CreationTimestamp.Before(&dc.CreationTimestamp)
}
