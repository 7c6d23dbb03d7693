package fleet

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/version"
)

var objectName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)

func (f *File) validateRing(i int) []error {
	ring := &f.Rings[i]
	x := &faults{d: ring.at}
	if !objectName.MatchString(ring.Name) {
		x.bad("metadata.name", "%q is not a name of a Kubernetes object", ring.Name)
	}
	for _, other := range f.Rings[:i] {
		if other.Name == ring.Name && other.Namespace == ring.Namespace {
			x.bad("metadata.name", "ring %s is in line %d already", ring.Name, other.at.root.Line)
		}
	}
	if ring.Spec.Cassandra == nil || len(ring.Spec.Cassandra.Datacenters) == 0 {
		x.bad("spec.cassandra.datacenters", "a ring needs at least one datacenter")
		return x.errs
	}
	for j := range ring.Spec.Cassandra.Datacenters {
		f.validateDatacenter(x, ring, j)
	}
	return x.errs
}

func (f *File) validateDatacenter(x *faults, ring *Ring, j int) {
	c := ring.Spec.Cassandra
	dc := &c.Datacenters[j]
	x.at = path("spec.cassandra.datacenters[%d]", j)
	if !objectName.MatchString(dc.Metadata.Name) {
		x.bad("metadata.name", "%q is not a name of a Kubernetes object", dc.Metadata.Name)
	}
	for k := range c.Datacenters[:j] {
		other := &c.Datacenters[k]
		switch {
		case other.Metadata.Name == dc.Metadata.Name:
			x.bad("metadata.name", "%s is the name of datacenters[%d] too", dc.Metadata.Name, k)
		case other.CassandraName() == dc.CassandraName():
			x.bad("datacenterName", "%s is Cassandra's name of datacenters[%d] too", dc.CassandraName(), k)
		}
	}
	racks := dc.Racks
	if len(racks) == 0 {
		racks = c.Racks
	}
	if int(dc.Size) < max(1, len(racks)) {
		x.bad("size", "%d is less than the %d racks: each needs a node", dc.Size, max(1, len(racks)))
	}
	if c.StorageConfig == nil && dc.StorageConfig == nil && !x.d.meant["spec.cassandra.storageConfig"] {
		x.bad("storageConfig", "it is missing here and in spec.cassandra: say what volumes the nodes get")
	}
	f.validateVersion(x, c, dc)
	f.validatePlace(x, ring, dc, racks)
}

// validateVersion: the embedded cloud brings one version of Cassandra.
func (f *File) validateVersion(x *faults, c *k8ssandra.CassandraClusterTemplate, dc *k8ssandra.CassandraDatacenterTemplate) {
	want, field := c.ServerVersion, "spec.cassandra.serverVersion"
	if dc.ServerVersion != "" {
		want, field = dc.ServerVersion, x.at+".serverVersion"
	}
	if want == version.Cassandra || c.ServerImage != "" || dc.ServerImage != "" {
		return
	}
	if want != "" && f.Fleet.Spec.Provider != fleetv1.ProviderLocal {
		return // nodes pull the official image of any version
	}
	said := faults{d: x.d} // several datacenters may say the same: it is told once
	if want == "" {
		said.bad(field, "it is missing; %s is what provider local brings", version.Cassandra)
	} else {
		said.bad(field, "Cassandra %s is not what provider local brings: %s is", want, version.Cassandra)
	}
	x.errs = append(x.errs, said.errs...)
}

// validatePlace checks that the datacenter's region exists and has a machine for
// every node.
func (f *File) validatePlace(x *faults, ring *Ring, dc *k8ssandra.CassandraDatacenterTemplate, racks []cassandra.Rack) {
	at := f.region(dc.K8sContext)
	if dc.K8sContext == "" && len(f.Fleet.Spec.Regions) == 1 {
		at = 0
	}
	switch {
	case dc.K8sContext == "" && at < 0:
		x.bad("k8sContext", "it is missing: name the region of datacenter %s, one of %s", dc.Metadata.Name, f.regionNames())
		return
	case at < 0:
		x.bad("k8sContext", "%q is not a region of the fleet: %s", dc.K8sContext, f.regionNames())
		return
	}
	if f.Fleet.Spec.Provider == fleetv1.ProviderExisting {
		return // nobody has said which machines there are
	}
	region := f.Fleet.Spec.Regions[at]
	alone := !on(dc.SoftPodAntiAffinity) && (dc.SoftPodAntiAffinity != nil || !on(ring.Spec.Cassandra.SoftPodAntiAffinity))
	if alone && dc.Size > region.Nodes.Count {
		x.bad("size", "%d nodes of a datacenter need %d machines, and region %s has %d; ask for more in spec.regions[%d].nodes.count of the Fleet, or set softPodAntiAffinity", dc.Size, dc.Size, region.Name, region.Nodes.Count, at)
	}
	for k, rack := range racks {
		f.validateRack(x, at, k, rack)
	}
}

func on(b *bool) bool { return b != nil && *b }

// zonesWithNodes of a region; nil when they aren't known yet.
func (f *File) zonesWithNodes(region int) (zones []string) {
	r := f.Fleet.Spec.Regions[region]
	if f.Fleet.Spec.Provider == fleetv1.ProviderAWS && len(r.Nodes.Zones) > 0 {
		return r.Nodes.Zones
	}
	for z, zone := range r.Zones {
		if NodesIn(r, z) > 0 {
			zones = append(zones, zone.Name)
		}
	}
	return zones
}

// validateRack finds a zone that no machine of the region is in: its pods would
// wait for ever.
func (f *File) validateRack(x *faults, region, k int, rack cassandra.Rack) {
	zones := f.zonesWithNodes(region)
	if zones == nil {
		return // the cloud chooses: known when it has been asked
	}
	for _, label := range []string{corev1.LabelTopologyZone, corev1.LabelFailureDomainBetaZone} {
		if zone := rack.NodeAffinityLabels[label]; zone != "" && !slices.Contains(zones, zone) {
			x.bad(path("racks[%d].nodeAffinityLabels", k), "no machine of region %s is in zone %s; its zones are %s", f.Fleet.Spec.Regions[region].Name, zone, strings.Join(zones, ", "))
		}
	}
	if rack.DeprecatedZone != "" && !slices.Contains(zones, rack.DeprecatedZone) {
		x.bad(path("racks[%d].zone", k), "no machine of region %s is in zone %s; its zones are %s", f.Fleet.Spec.Regions[region].Name, rack.DeprecatedZone, strings.Join(zones, ", "))
	}
}
