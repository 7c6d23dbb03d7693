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
// whether the pass ends with that. What is there decides, whatever the record says: names that the data doesn't have would make
// empty nodes beside the full ones. A datacenter of which nothing is there gets the names that cass-operator would give it.
func (r *Reconciler) settleNames(ctx context.Context, dc *api.CassandraDatacenter) (waits bool, err error) {
	if !datacenter.NamesDiffer(dc) {
		return false, nil
	}
	if agree, err := r.setsAgree(ctx, dc); agree || err != nil {
		return false, err
	}
	form, refused, err := r.namesThere(ctx, dc)
	if err != nil {
		refused = fmt.Sprintf("metadata.name: it can't be read what there is of this datacenter, and so how its objects are named: %v", err)
	}
	deleting := !dc.DeletionTimestamp.IsZero()
	switch {
	case deleting && (refused != "" || form == ""): // all of it goes, by its labels
		return false, nil
	case refused != "":
		if err := r.refuseNames(ctx, dc, refused); err != nil {
			return true, err
		}
		return true, err
	case form == dc.Annotations[api.NamesAnnotation]:
		return false, nil
	}
	log.FromContext(ctx).Info("recording how objects are named", "names", form, "before", dc.Annotations[api.NamesAnnotation])
	metav1.SetMetaDataAnnotation(&dc.ObjectMeta, api.NamesAnnotation, form)
	return true, r.Client.Update(ctx, dc)
}

// setsAgree tells whether the StatefulSets have the names that are on record, so that nothing else needs to be read.
func (r *Reconciler) setsAgree(ctx context.Context, dc *api.CassandraDatacenter) (bool, error) {
	if !datacenter.KnownNames(dc) {
		return false, nil
	}
	use := &datacenter.NamesInUse{}
	if err := addSets(ctx, r.Client, dc, use); err != nil {
		return false, err
	}
	form, refused := use.Data(dc).Form()
	return refused == "" && form == dc.Annotations[api.NamesAnnotation], nil
}

// namesThere is the form that holds, as the API server says: what has data decides, then the record, then Services, then a
// datacenter of the same cluster.
func (r *Reconciler) namesThere(ctx context.Context, dc *api.CassandraDatacenter) (form, refused string, err error) {
	use, err := r.namesInUse(ctx, dc)
	if err != nil {
		return "", "", err
	}
	if form, refused := use.Data(dc).Form(); form != "" || refused != "" {
		return form, refused, nil
	}
	if datacenter.KnownNames(dc) {
		return dc.Annotations[api.NamesAnnotation], "", nil
	}
	if form, refused := use.Made(dc).Form(); form != "" || refused != "" {
		return form, refused, nil
	}
	return r.namesOfCluster(ctx, dc)
}

// namesOfCluster is the form of a datacenter of which nothing is there. One beside another of its cluster has the same names for what
// they share: by that they agree who founds the ring. So the older one chooses first.
func (r *Reconciler) namesOfCluster(ctx context.Context, dc *api.CassandraDatacenter) (form, refused string, err error) {
	form = api.NamesOfCassOperator
	if !dc.DeletionTimestamp.IsZero() {
		return "", "", nil
	}
	if !datacenter.ClusterNamesDiffer(dc) {
		return form, "", nil
	}
	var list api.CassandraDatacenterList
	if err := r.Live.List(ctx, &list, client.InNamespace(dc.Namespace)); err != nil {
		return "", "", err
	}
	for i := range list.Items {
		switch other := &list.Items[i]; {
		case other.UID == dc.UID || other.Spec.ClusterName != dc.Spec.ClusterName:
		case other.Annotations[api.NamesAnnotation] == api.NamesFormer:
			form = api.NamesFormer
		case !datacenter.KnownNames(other) && other.DeletionTimestamp.IsZero() && isOlder(other, dc):
			refused = fmt.Sprintf("metadata.name: datacenter %s of this cluster is older, and it isn't on record yet how its objects are named", other.Name)
		}
	}
	return form, refused, nil
}

func isOlder(a, b *api.CassandraDatacenter) bool {
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.Name < b.Name
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
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
	if err := r.Live.List(ctx, &claims, in, own); err != nil {
		return nil, err
	}
	for i := range claims.Items {
		use.Claims = append(use.Claims, claims.Items[i].Name)
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
	return use, nil
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
