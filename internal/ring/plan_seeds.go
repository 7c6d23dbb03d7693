package ring

import (
	"net/netip"
	"slices"
	"strings"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/topology"
)

// SeedSlice is the name of the EndpointSlice with which the other datacenters' seeds are published to one. A slice has addresses
// of one family. Its name stays whatever the datacenter's Services are called: its label says of which of them it is.
func SeedSlice(k *api.K8ssandraCluster, t api.CassandraDatacenterTemplate, family discoveryv1.AddressType) string {
	return k.Name + "-" + topology.NamesOf(ClusterName(k), t.CassandraName()).AdditionalSeedService() + "-" + strings.ToLower(string(family))
}

// planSeeds publishes the other datacenters' seeds to this one.
func (s *State) planSeeds(p *Plan, i int, dc *cassandra.CassandraDatacenter) {
	for j := range s.Here {
		if s.Here[j].Datacenter.Err != nil && s.statusOf(j) == nil {
			return // its seeds would go
		}
	}
	s.planNameTaken(p, i)
	all := s.seedsFor(i, dc)
	s.planSeedSlice(p, i, dc, discoveryv1.AddressTypeIPv4, ofFamily(all, netip.Addr.Is4), s.Here[i].Seeds.Found)
	s.planSeedSlice(p, i, dc, discoveryv1.AddressTypeIPv6, ofFamily(all, netip.Addr.Is6), s.Here[i].Seeds6.Found)
}

func ofFamily(addresses []string, is func(netip.Addr) bool) (some []string) {
	for _, a := range addresses {
		if ip, err := netip.ParseAddr(a); err == nil && is(ip) {
			some = append(some, a)
		}
	}
	return some
}

// seedService is the Service of a datacenter's seeds elsewhere, as the datacenter's operator calls it.
func (s *State) seedService(i int) string {
	if dc := s.Here[i].Datacenter.Found; dc != nil {
		return datacenter.NamesOf(dc).AdditionalSeedService()
	}
	return topology.NamesOf(ClusterName(s.Ring), s.templates()[i].CassandraName()).AdditionalSeedService()
}

func (s *State) planSeedSlice(p *Plan, i int, dc *cassandra.CassandraDatacenter, family discoveryv1.AddressType, addresses []string, there *discoveryv1.EndpointSlice) {
	t := s.templates()[i]
	var endpoints []discoveryv1.Endpoint
	for _, a := range addresses {
		endpoints = append(endpoints, discoveryv1.Endpoint{Addresses: []string{a}})
	}
	service := s.seedService(i)
	if there == nil && len(endpoints) == 0 || there != nil && equality.Semantic.DeepEqual(there.Endpoints, endpoints) && there.Labels[discoveryv1.LabelServiceName] == service {
		return
	}
	slice := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: dc.Namespace, Name: SeedSlice(s.Ring, t, family)}}
	if there != nil {
		slice = there.DeepCopy()
	}
	slice.AddressType, slice.Endpoints = family, endpoints
	slice.Labels = map[string]string{discoveryv1.LabelServiceName: service, discoveryv1.LabelManagedBy: "ringspan",
		api.ClusterNameLabel: s.Ring.Name, api.ClusterNamespaceLabel: s.Ring.Namespace}
	p.add(Publish, "they are others than were published", Step{Datacenters: []string{dc.Name}, Object: slice, Exists: there != nil})
}

// seedsFor are the other datacenters' seeds for one: while it has never booted only the founder's, so that a cut network
// can't make two rings of one name; afterwards those of all, the last known of those that are away.
func (s *State) seedsFor(i int, dc *cassandra.CassandraDatacenter) (addresses []string) {
	if s.nameTaken(i) {
		return nil
	}
	own := s.Here[i].Datacenter.Found
	booted := own != nil && own.Status.IsTrue(cassandra.DatacenterInitialized)
	late := i == 0 || dc.Annotations[cassandra.RebuildFromAnnotation] != "" // it never founds
	for j := range s.templates() {
		status := s.statusOf(j)
		if j == i || status == nil {
			continue
		}
		if j == 0 && !((s.joins() || asksToJoin(s.Ring)) && !status.IsTrue(cassandra.DatacenterInitialized)) || booted || late && status.IsTrue(cassandra.DatacenterInitialized) {
			addresses = append(addresses, status.Seeds...)
		}
	}
	slices.Sort(addresses)
	return slices.Compact(addresses)
}
