package controller

import (
	"context"
	"fmt"
	"reflect"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
)

// settleNames puts on record how the names of a datacenter's objects are formed, before anything else is done about it, and tells
// whether the pass ends with that. While it can't be read what is there, nothing is done at all.
func (r *Reconciler) settleNames(ctx context.Context, dc *api.CassandraDatacenter) (ends bool, err error) {
	if !datacenter.NamesDiffer(dc) {
		return false, nil
	}
	if agree, err := r.setsAgree(ctx, dc); agree || err != nil {
		return false, err
	}
	use, err := r.namesInUse(ctx, dc)
	if err != nil {
		return true, fmt.Errorf("reading how the objects of datacenter %s are named: %w", dc.Name, err)
	}
	switch form, refused := use.Decide(dc); {
	case datacenter.IsDeletedWhole(dc) && refused != "": // all of it goes, by its labels
		return false, nil
	case refused != "":
		return true, r.refuseNames(ctx, dc, refused)
	case form == dc.Annotations[api.NamesAnnotation]:
		return false, nil
	default:
		log.FromContext(ctx).Info("recording how objects are named", "names", form, "before", dc.Annotations[api.NamesAnnotation])
		metav1.SetMetaDataAnnotation(&dc.ObjectMeta, api.NamesAnnotation, form)
		return true, r.Client.Update(ctx, dc)
	}
}

// setsAgree tells whether the StatefulSets have the names that are on record, so that nothing else needs to be read.
func (r *Reconciler) setsAgree(ctx context.Context, dc *api.CassandraDatacenter) (bool, error) {
	use := &datacenter.NamesInUse{}
	err := addSets(ctx, r.Client, dc, use)
	return err == nil && use.Agree(dc), err
}

// namesInUse reads past the cache, which may not have what was made a moment ago.
func (r *Reconciler) namesInUse(ctx context.Context, dc *api.CassandraDatacenter) (*datacenter.NamesInUse, error) {
	use := &datacenter.NamesInUse{}
	if err := addSets(ctx, r.Live, dc, use); err != nil {
		return nil, err
	}
	in, own := client.InNamespace(dc.Namespace), client.MatchingLabels(datacenter.Selector(dc))
	var pods corev1.PodList
	if err := r.Live.List(ctx, &pods, in, own); err != nil {
		return nil, err
	}
	for i := range pods.Items {
		use.Pods = append(use.Pods, pods.Items[i].Name)
	}
	var claims corev1.PersistentVolumeClaimList
	if err := r.Live.List(ctx, &claims, in); err != nil {
		return nil, err
	}
	for i := range claims.Items {
		use.AddClaim(dc, &claims.Items[i])
	}
	var services corev1.ServiceList
	if err := r.Live.List(ctx, &services, in, own); err != nil {
		return nil, err
	}
	for i := range services.Items {
		if metav1.IsControlledBy(&services.Items[i], dc) {
			use.Services = append(use.Services, services.Items[i].Name)
		}
	}
	var all api.CassandraDatacenterList
	err := r.Live.List(ctx, &all, in)
	use.Cluster = all.Items
	return use, err
}

func addSets(ctx context.Context, from client.Reader, dc *api.CassandraDatacenter, use *datacenter.NamesInUse) error {
	var sets appsv1.StatefulSetList
	if err := from.List(ctx, &sets, client.InNamespace(dc.Namespace), client.MatchingLabels(datacenter.Selector(dc))); err != nil {
		return err
	}
	for i := range sets.Items {
		use.StatefulSets = append(use.StatefulSets, sets.Items[i].Name)
		if rack := datacenter.RackSaid(&sets.Items[i]); rack != "" {
			use.Racks = append(use.Racks, rack)
		}
	}
	return nil
}

// refuseNames says why nothing is done.
func (r *Reconciler) refuseNames(ctx context.Context, dc *api.CassandraDatacenter, why string) error {
	before := dc.Status
	status := *datacenter.RefuseNames(dc, why, r.Now())
	if reflect.DeepEqual(status, before) {
		return nil
	}
	dc.Status = status
	if err := r.Client.Status().Update(ctx, dc); err != nil {
		return err
	}
	r.announce(dc, before)
	return nil
}
