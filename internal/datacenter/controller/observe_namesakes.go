package controller

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/topology"
)

// observeNamesakes finds the namespace's other datacenters of the same cluster name: their pods have the same labels, and their
// nodes would join each other's ring. Those of the same K8ssandraCluster are of one ring. Any of them may have the same names
// for its objects.
//
// Until the datacenter has begun they are read past the cache, and so is the Service that decides which of them founds a ring:
// two that are founded can't be parted again.
func (r *Reconciler) observeNamesakes(ctx context.Context, s *datacenter.State, services []corev1.Service) error {
	var reader client.Reader = r.Client
	if !s.DC.Begun() {
		reader = r.Live
		var service corev1.Service
		err := r.Live.Get(ctx, client.ObjectKey{Namespace: s.DC.Namespace, Name: datacenter.NamesOf(s.DC).SeedService()}, &service)
		if client.IgnoreNotFound(err) != nil {
			return err
		}
		services = []corev1.Service{service}
	}
	var list api.CassandraDatacenterList
	if err := reader.List(ctx, &list, client.InNamespace(s.DC.Namespace)); err != nil {
		return err
	}
	maker := controllerOf(services, datacenter.NamesOf(s.DC).SeedService())
	s.MadeSeedService = maker == s.DC.UID
	for i := range list.Items {
		other := &list.Items[i]
		if other.UID == s.DC.UID {
			continue
		}
		one := datacenter.Namesake{Name: other.Name, Created: other.CreationTimestamp.Time, Begun: other.Begun() || other.Annotations[api.BroughtDataAnnotation] != "",
			Joins: len(other.Spec.AdditionalSeeds) > 0, MadeSeedService: maker == other.UID, Apart: other.Annotations[topology.Annotation] != "" || ringLabels(other) != [2]string{} || other.Spec.ClusterName != s.DC.Spec.ClusterName,
			Initialized: other.Status.IsTrue(api.DatacenterInitialized), Deleting: !other.DeletionTimestamp.IsZero(), JoinedBy: other.Annotations[api.JoinedAnnotation],
			Seeds: other.Status.Seeds, Ring: datacenter.RingDatacenter(other)}
		if datacenter.MayShare(s.DC, other) {
			s.SameObjects = append(s.SameObjects, one)
		}
		ofOneRing := ringLabels(other) != [2]string{} && ringLabels(other) == ringLabels(s.DC)
		if !ofOneRing && datacenter.MayShareSeeds(s.DC, other) {
			s.Namesakes = append(s.Namesakes, one)
		}
	}
	return nil
}

// ringLabels name the K8ssandraCluster that a datacenter is of, if any.
func ringLabels(dc *api.CassandraDatacenter) [2]string {
	return [2]string{dc.Labels[k8ssandra.ClusterNamespaceLabel], dc.Labels[k8ssandra.ClusterNameLabel]}
}

// controllerOf is who made a service, "" for nobody.
func controllerOf(services []corev1.Service, name string) (uid types.UID) {
	for i := range services {
		if owner := metav1.GetControllerOf(&services[i]); owner != nil && services[i].Name == name {
			return owner.UID
		}
	}
	return ""
}
