package desired

import (
	"net/netip"
	"slices"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/network"
)

// anywhere is the destination of a default route.
const anywhere = "0.0.0.0/0"

// network is a VPC with a public and a private subnet in every zone.
func (d *desire) network(s *infra.Site) {
	vpc := infra.Resource{ID: s.Name + "/vpc", Kind: infra.Network, Region: s.Region}
	if s.Adopted {
		vpc.Adopted = d.Seen.Adopted[s.Name].ID
		d.add(vpc)
		return
	}
	vpc.Want = map[string]string{"cidr": s.CIDR.String(), "dnsSupport": "true", "dnsHostnames": "true"}
	d.add(vpc)
	igw := s.Name + "/igw"
	d.add(infra.Resource{ID: igw, Kind: infra.Gateway, Region: s.Region, Refs: map[string]string{"vpc": vpc.ID}})
	d.table(s, "public", igw)
	for i, zone := range s.Zones {
		d.subnet(s, zone, "public", network.PublicSubnet(s.CIDR, i), "kubernetes.io/role/elb")
		d.subnet(s, zone, "private", network.PrivateSubnet(s.CIDR, i), "kubernetes.io/role/internal-elb")
		d.associate(s, zone, "public", "public")
	}
	d.natGateways(s)
}

func (d *desire) subnet(s *infra.Site, zone, sort string, cidr netip.Prefix, elb string) {
	want := map[string]string{"cidr": cidr.String(), "zone": zone, "publicAddresses": "false", "tag:" + elb: "1"}
	if sort == "public" {
		want["publicAddresses"] = "true"
	}
	d.add(infra.Resource{ID: s.Name + "/subnet/" + sort + "/" + zone, Kind: infra.Subnet, Region: s.Region, Want: want, Refs: map[string]string{"vpc": s.Name + "/vpc"}})
}

// table is a route table with its default route.
func (d *desire) table(s *infra.Site, name, out string) {
	d.add(infra.Resource{ID: s.Name + "/table/" + name, Kind: infra.RouteTable, Region: s.Region, Refs: map[string]string{"vpc": s.Name + "/vpc"}})
	d.route(s, name, anywhere, out, nil)
}

func (d *desire) associate(s *infra.Site, zone, sort, table string) {
	d.add(infra.Resource{ID: s.Name + "/association/" + sort + "/" + zone, Kind: infra.Association, Region: s.Region,
		Refs: map[string]string{"table": s.Name + "/table/" + table, "subnet": s.Name + "/subnet/" + sort + "/" + zone}})
}

func (d *desire) route(s *infra.Site, table, destination, target string, after []string) {
	d.add(infra.Resource{ID: s.Name + "/route/" + table + "/" + destination, Kind: infra.Route, Region: s.Region,
		Want: map[string]string{"destination": destination, "state": "active"}, After: after,
		Refs: map[string]string{"table": s.Name + "/table/" + table, "target": target}})
}

// natGateways are those of the private subnets: one, or one a zone.
func (d *desire) natGateways(s *infra.Site) {
	zones := s.Zones
	for _, r := range d.Spec.Regions {
		if r.Name == s.Name && r.NAT == fleetv1.NATPerZone {
			for _, zone := range zones {
				d.nat(s, zone, "private/"+zone)
				d.associate(s, zone, "private", "private/"+zone)
			}
			return
		}
	}
	d.nat(s, zones[0], "private")
	for _, zone := range zones {
		d.associate(s, zone, "private", "private")
	}
}

func (d *desire) nat(s *infra.Site, zone, table string) {
	address, nat := s.Name+"/address/"+zone, s.Name+"/nat/"+zone
	d.add(infra.Resource{ID: address, Kind: infra.Address, Region: s.Region})
	d.add(infra.Resource{ID: nat, Kind: infra.NAT, Region: s.Region, After: []string{s.Name + "/igw"},
		Refs: map[string]string{"subnet": s.Name + "/subnet/public/" + zone, "address": address}})
	d.table(s, table, nat)
}

// peerings join every pair of networks, with routes over them in every route table of both.
func (d *desire) peerings() {
	for i := range d.out.Sites {
		for j := range d.out.Sites[:i] {
			a, b := &d.out.Sites[j], &d.out.Sites[i]
			pair := a.Name + "/" + b.Name
			d.add(infra.Resource{ID: "peering/" + pair, Kind: infra.Link, Region: a.Region,
				Make: map[string]string{"peerRegion": b.Region}, Refs: map[string]string{"vpc": a.Name + "/vpc", "peer": b.Name + "/vpc"}})
			d.add(infra.Resource{ID: "acceptance/" + pair, Kind: infra.LinkAcceptance, Region: b.Region, Make: map[string]string{"requester": a.Region}, Refs: map[string]string{"peering": "peering/" + pair}})
			d.routesOver(a, b, pair)
			d.routesOver(b, a, pair)
		}
	}
}

func (d *desire) routesOver(from, to *infra.Site, pair string) {
	after := []string{"acceptance/" + pair}
	for _, table := range d.tables(from) {
		d.route(from, table, to.CIDR.String(), "peering/"+pair, after)
	}
}

// tables are the names of a site's route tables, as in their logical ids; AWS's ids in a
// network that is adopted.
func (d *desire) tables(s *infra.Site) (names []string) {
	if s.Adopted {
		for _, table := range d.Seen.Adopted[s.Name].RouteTables {
			if id := s.Name + "/table/" + table; !slices.ContainsFunc(d.out.Resources, func(r infra.Resource) bool { return r.ID == id }) {
				d.add(infra.Resource{ID: id, Kind: infra.RouteTable, Region: s.Region, Adopted: table})
			}
			names = append(names, table)
		}
		return names
	}
	at := s.Name + "/table/"
	for i := range d.out.Resources {
		if r := &d.out.Resources[i]; r.Kind == infra.RouteTable && len(r.ID) > len(at) && r.ID[:len(at)] == at {
			names = append(names, r.ID[len(at):])
		}
	}
	return names
}
