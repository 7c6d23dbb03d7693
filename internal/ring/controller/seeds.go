package controller

import (
	"context"
	"net/netip"
	"slices"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/topology"
)

// seeds publishes the other datacenters' seeds to this one: while it has never
// booted only the founder's, so that a cut network can't make two rings of one
// name; afterwards those of all, the last known of those that are away.
func (p *pass) seeds(ctx context.Context, i int, dc *cassandra.CassandraDatacenter) error {
	own := p.k.Spec.Cassandra.Datacenters[i]
	var addresses []string
	for j, t := range p.k.Spec.Cassandra.Datacenters {
		if j == i {
			continue
		}
		if status, _ := p.statusOf(ctx, t); status != nil {
			initialized := p.k.Status.Datacenters[own.Metadata.Name].Cassandra
			late := i == 0 || dc.Annotations[cassandra.RebuildFromAnnotation] != "" // it never founds
			if j == 0 || initialized != nil && initialized.IsTrue(cassandra.DatacenterInitialized) || late && status.IsTrue(cassandra.DatacenterInitialized) {
				addresses = append(addresses, status.Seeds...)
			}
		}
	}
	addresses = slices.DeleteFunc(addresses, func(a string) bool { ip, err := netip.ParseAddr(a); return err != nil || !ip.Is4() })
	slices.Sort(addresses)
	names := topology.NamesOf(dc.Spec.ClusterName, nameOf(dc))
	slice := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: dc.Namespace, Name: p.k.Name + "-" + names.AdditionalSeedService() + "-ipv4"}}
	err := p.Client.Get(ctx, client.ObjectKeyFromObject(slice), slice)
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	var endpoints []discoveryv1.Endpoint
	for _, a := range slices.Compact(addresses) {
		endpoints = append(endpoints, discoveryv1.Endpoint{Addresses: []string{a}})
	}
	exists := err == nil
	if exists && equality.Semantic.DeepEqual(slice.Endpoints, endpoints) || !exists && len(endpoints) == 0 {
		return nil
	}
	slice.AddressType, slice.Endpoints = discoveryv1.AddressTypeIPv4, endpoints
	slice.Labels = map[string]string{discoveryv1.LabelServiceName: names.AdditionalSeedService(), discoveryv1.LabelManagedBy: "ringspan",
		api.ClusterNameLabel: p.k.Name, api.ClusterNamespaceLabel: p.k.Namespace}
	if exists {
		return p.Client.Update(ctx, slice)
	}
	return p.Client.Create(ctx, slice)
}
