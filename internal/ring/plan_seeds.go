package ring

import (
	"net/netip"
	"slices"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/topology"
)

// seedService is the Service of a datacenter's seeds elsewhere.
func seedService(k *api.K8ssandraCluster, t api.CassandraDatacenterTemplate) string {
	return topology.NamesOf(ClusterName(k), t.CassandraName()).AdditionalSeedService()
}

// SeedSlice is the name of the EndpointSlice with which the other datacenters' seeds are published to one.
func SeedSlice(k *api.K8ssandraCluster, t api.CassandraDatacenterTemplate) string {
	return k.Name + "-" + seedService(k, t) + "-ipv4"
}

// planSeeds publishes the other datacenters' seeds to this one.
func (s *State) planSeeds(p *Plan, i int, dc *cassandra.CassandraDatacenter) {
	t := s.templates()[i]
	for j := range s.Here {
		if s.Here[j].Datacenter.Err != nil && s.statusOf(j) == nil {
			return // its seeds would go
		}
	}
	var endpoints []discoveryv1.Endpoint
	for _, a := range s.seedsFor(i, dc) {
		endpoints = append(endpoints, discoveryv1.Endpoint{Addresses: []string{a}})
	}
	there := s.Here[i].Seeds.Found
	if there == nil && len(endpoints) == 0 || there != nil && equality.Semantic.DeepEqual(there.Endpoints, endpoints) {
		return
	}
	slice := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: dc.Namespace, Name: SeedSlice(s.Ring, t)}}
	if there != nil {
		slice = there.DeepCopy()
	}
	slice.AddressType, slice.Endpoints = discoveryv1.AddressTypeIPv4, endpoints
	slice.Labels = map[string]string{discoveryv1.LabelServiceName: seedService(s.Ring, t), discoveryv1.LabelManagedBy: "ringspan",
		api.ClusterNameLabel: s.Ring.Name, api.ClusterNamespaceLabel: s.Ring.Namespace}
	p.add(Publish, "they are others than were published", Step{Datacenters: []string{dc.Name}, Object: slice, Exists: there != nil})
}

// seedsFor are the other datacenters' seeds for one: while it has never booted only the founder's, so that a cut network
// can't make two rings of one name; afterwards those of all, the last known of those that are away.
func (s *State) seedsFor(i int, dc *cassandra.CassandraDatacenter) (addresses []string) {
	own := s.Here[i].Datacenter.Found
	booted := own != nil && own.Status.IsTrue(cassandra.DatacenterInitialized)
	late := i == 0 || dc.Annotations[cassandra.RebuildFromAnnotation] != "" // it never founds
	for j := range s.templates() {
		status := s.statusOf(j)
		if j == i || status == nil {
			continue
		}
		if j == 0 || booted || late && status.IsTrue(cassandra.DatacenterInitialized) {
			addresses = append(addresses, status.Seeds...)
		}
	}
	addresses = slices.DeleteFunc(addresses, func(a string) bool { ip, err := netip.ParseAddr(a); return err != nil || !ip.Is4() })
	slices.Sort(addresses)
	return slices.Compact(addresses)
}
