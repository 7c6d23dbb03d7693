package live

import (
	"context"
	"errors"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/region"
)

// AsksConsent tells whether an edit is of something that asks for consent, as it is written or as it is in any region.
func AsksConsent(ctx context.Context, regions []region.Region, e Edit) bool {
	asks := func(o client.Object) bool {
		return o.GetAnnotations()[cassandra.ConsentAnnotation] == cassandra.ConsentRequired
	}
	if asks(e.Object) {
		return true
	}
	return slices.ContainsFunc(read(ctx, regions, client.ObjectKeyFromObject(e.Object)), func(s *site) bool {
		return slices.ContainsFunc(s.datacenters, func(dc cassandra.CassandraDatacenter) bool {
			ofRing := dc.Labels[k8ssandra.ClusterNameLabel] == e.Object.GetName() && dc.Labels[k8ssandra.ClusterNamespaceLabel] == e.Object.GetNamespace()
			return (ofRing || client.ObjectKeyFromObject(&dc) == client.ObjectKeyFromObject(e.Object)) && asks(&dc)
		})
	})
}

// Waiting are the datacenters for which consent is lacking.
func (r *Report) Waiting() (all []*Datacenter) {
	for i := range r.Datacenters {
		if r.Datacenters[i].Consent != "" {
			all = append(all, &r.Datacenters[i])
		}
	}
	return all
}

// Consent allows what a report says of each datacenter, and nothing else, on the datacenter itself.
func Consent(ctx context.Context, regions []region.Region, r *Report) error {
	var errs []error
	for _, d := range r.Waiting() {
		i := slices.IndexFunc(regions, func(at region.Region) bool { return at.Name == d.Region })
		if i < 0 {
			continue
		}
		if err := allow(ctx, regions[i], d); err != nil {
			errs = append(errs, fmt.Errorf("region %s: datacenter %s: %w", d.Region, d.Name, err))
		}
	}
	return errors.Join(errs...)
}

func allow(ctx context.Context, at region.Region, d *Datacenter) error {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	dc := &cassandra.CassandraDatacenter{}
	if err := at.Client.Get(ctx, client.ObjectKey{Namespace: d.Namespace, Name: d.Name}, dc); err != nil {
		return err
	}
	before := dc.DeepCopy()
	metav1.SetMetaDataAnnotation(&dc.ObjectMeta, cassandra.ConsentToAnnotation, d.Preview.Consent)
	return at.Client.Patch(ctx, dc, client.MergeFrom(before))
}
