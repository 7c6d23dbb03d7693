package controller

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/claim"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/topology"
)

// observeClaims finds the claim of each pod's data, and those that are still to
// be deleted. The client reads them past its cache: an old claim under a new
// pod's name would be taken for the proof of data.
func (r *Reconciler) observeClaims(ctx context.Context, s *datacenter.State) error {
	var claims corev1.PersistentVolumeClaimList
	own := client.MatchingLabels{api.DatacenterLabel: topology.CleanLabel(s.DC.Name), api.ClusterLabel: topology.CleanLabel(s.DC.Spec.ClusterName)}
	if err := r.Client.List(ctx, &claims, client.InNamespace(s.DC.Namespace), own); err != nil {
		return err
	}
	for i := range claims.Items {
		c := &claims.Items[i]
		leaving := !c.DeletionTimestamp.IsZero()
		of, dealtWith := c.Annotations[claim.KeptOf], c.Annotations[claim.KeptBy] == string(s.DC.UID)
		switch stranger := of != "" && of != datacenter.RingKey(s.DC); {
		case stranger:
			s.KeptOf = of // not this one's, whatever becomes of it
		case !dealtWith && (!leaving || slices.Contains(c.Finalizers, claim.Finalizer)):
			s.Volumes = append(s.Volumes, datacenter.Volume{Name: c.Name, UID: string(c.UID)})
		}
		s.TookUp = s.TookUp || earlier(c, s.DC)
		for p := range s.Pods {
			if datacenter.Claim(s.Pods[p].Name) == c.Name {
				s.Pods[p].Claim, s.Pods[p].ClaimDeleting = string(c.UID), leaving
			}
		}
	}
	return nil
}

// earlier tells whether a claim was made for an earlier datacenter, so that its volume may hold the data of that one. Its
// age says so, whatever kept it: a deletion that was asked to, the loss of the datacenter's object, a restored backup. The
// StatefulSet's controller makes the datacenter's own ones later than it, by the clock of one API server.
func earlier(c *corev1.PersistentVolumeClaim, dc *api.CassandraDatacenter) bool {
	kept := c.Annotations[claim.KeptOf] == datacenter.RingKey(dc) && c.Annotations[claim.KeptBy] != string(dc.UID)
	return kept || c.Annotations[claim.TakenUp] == string(dc.UID) || c.CreationTimestamp.Before(&dc.CreationTimestamp)
}
