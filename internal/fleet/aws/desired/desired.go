package desired

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/hash"
	"github.com/ringspan/ringspan/internal/network"
)

// zonesWithoutEKS are zones in which EKS makes no control planes (EKS's network
// requirements).
var zonesWithoutEKS = []string{"use1-az3", "usw1-az2", "cac1-az3"}

// zonesPerRegion is how many are chosen when none are given.
const zonesPerRegion = 3

// Planner says what a fleet needs in a partition of AWS: aws, aws-cn or aws-us-gov.
type Planner struct{ Partition string }

// Desire says what a fleet needs, with ranges and zones chosen where the file
// leaves them open. Its error says what can't be.
func (p Planner) Desire(in infra.Input) (*infra.Desired, error) {
	d := &desire{Input: in, partition: p.Partition, out: &infra.Desired{Tags: in.Tags(), NetworkOnly: in.NetworkOnly}}
	if err := d.sites(); err != nil {
		return nil, err
	}
	for i := range d.out.Sites {
		d.network(&d.out.Sites[i])
	}
	d.peerings()
	if in.Spec.JumpHost != nil {
		d.jumpHost(&d.out.Sites[len(d.out.Sites)-1])
	}
	if !in.NetworkOnly {
		for i := range in.Spec.Regions {
			d.cluster(&in.Spec.Regions[i], &d.out.Sites[i])
		}
	}
	d.limits()
	return d.out, nil
}

// FleetID tells fleets of one name in different accounts apart. It is made of
// what everybody knows who has the file and the account, so that two people mean
// the same fleet, and nothing has to be remembered.
func FleetID(account, fleet string) string {
	return hash.Text("ringspan/"+account+"/"+fleet, 10)
}

// desire collects resources.
type desire struct {
	infra.Input

	partition string
	out       *infra.Desired
}

func (d *desire) add(r infra.Resource) {
	d.out.Resources = append(d.out.Resources, r)
}

// sites chooses ranges and zones.
func (d *desire) sites() error {
	wants := make([]network.Want, 0, len(d.Spec.Regions)+1)
	for _, r := range d.Spec.Regions {
		wants = append(wants, d.want(r))
		d.out.Sites = append(d.out.Sites, infra.Site{Name: r.Name, Region: r.Name, Adopted: d.adopts(r)})
	}
	if j := d.Spec.JumpHost; j != nil {
		wants = append(wants, network.Want{Name: "the jump host", Given: prefix(j.CIDR), Had: d.had(infra.JumpHost+"/vpc", "cidr"), NoServices: true})
		d.out.Sites = append(d.out.Sites, infra.Site{Name: infra.JumpHost, Region: j.Region})
	}
	var reserved []netip.Prefix
	for _, text := range d.Spec.ReservedCIDRs {
		reserved = append(reserved, prefix(text))
	}
	ranges, err := network.Assign(wants, reserved)
	if err != nil {
		return err
	}
	for i := range d.out.Sites {
		s := &d.out.Sites[i]
		s.CIDR, s.Services = ranges[i].Network, ranges[i].Services
		if s.Zones, err = d.zones(i); err != nil {
			return err
		}
	}
	return nil
}

func (d *desire) want(r fleetv1.Region) network.Want {
	w := network.Want{Name: r.Name, Given: prefix(r.CIDR), Services: prefix(r.ServiceCIDR), NoServices: d.NetworkOnly,
		Had: d.had(r.Name+"/vpc", "cidr"), HadServing: d.had(r.Name+"/cluster", "services")}
	if a := d.Seen.Adopted[r.Name]; d.adopts(r) {
		w.Given = prefix(a.CIDR)
		if a.Services != "" {
			w.Services = prefix(a.Services)
		}
	}
	return w
}

// adopts tells whether a region uses what others have made. One that names what the
// fleet itself has made there doesn't: it keeps it.
func (d *desire) adopts(r fleetv1.Region) bool {
	_, theirs := d.Seen.Adopted[r.Name]
	return r.Adopt != nil && theirs
}

func (d *desire) had(id, attribute string) netip.Prefix {
	if f := d.Seen.Find(id); f != nil {
		return prefix(f.Have[attribute])
	}
	return netip.Prefix{}
}

// prefix is invalid when there is none; the file was checked when it was read.
func prefix(text string) netip.Prefix {
	p, _ := netip.ParsePrefix(text)
	return p
}

// zones of a site: as given, else the first that EKS can use, else where it has
// subnets already.
func (d *desire) zones(site int) ([]string, error) {
	s := d.out.Sites[site]
	if s.Adopted {
		return nil, nil
	}
	there := map[string]bool{}
	for _, z := range d.Seen.Offer.Zones[s.Region] {
		there[z.Name] = !slices.Contains(zonesWithoutEKS, z.ID)
	}
	if site < len(d.Spec.Regions) {
		var given []string
		for _, z := range d.Spec.Regions[site].Zones {
			fit, known := there[z.Name]
			if !known || !fit {
				return nil, fmt.Errorf("region %s: zone %s can't be used: %s", s.Name, z.Name, whyNot(known))
			}
			given = append(given, z.Name)
		}
		for _, zone := range d.Spec.Regions[site].Nodes.Zones {
			if !there[zone] {
				return nil, fmt.Errorf("region %s: there is no zone %s for nodes", s.Name, zone)
			}
		}
		if len(given) > 0 {
			return given, nil
		}
	}
	var fit []string
	for _, z := range d.Seen.Offer.Zones[s.Region] {
		if there[z.Name] {
			fit = append(fit, z.Name)
		}
	}
	slices.Sort(fit)
	if len(fit) < 2 {
		return nil, fmt.Errorf("region %s has %d zones that EKS can use, and two are needed", s.Region, len(fit))
	}
	fit = fit[:min(zonesPerRegion, len(fit))]
	for _, zone := range d.zonesHad(s.Name) {
		if !slices.Contains(fit, zone) { // the account's zones have changed since
			return d.zonesHad(s.Name), nil
		}
	}
	return fit, nil
}

func whyNot(known bool) string {
	if known {
		return "EKS makes no control planes there"
	}
	return "the account has no such zone"
}

// zonesHad are where a site has subnets, in the order of their ranges, which is
// that of their zones when they were made.
func (d *desire) zonesHad(site string) (zones []string) {
	at := site + "/subnet/private/"
	ranges := map[string]netip.Addr{}
	for i := range d.Seen.Found {
		f := &d.Seen.Found[i]
		if zone, ok := strings.CutPrefix(f.ID, at); ok && ranges[zone] == (netip.Addr{}) {
			ranges[zone] = prefix(f.Have["cidr"]).Addr()
			zones = append(zones, zone)
		}
	}
	slices.SortFunc(zones, func(a, b string) int { return ranges[a].Compare(ranges[b]) })
	return zones
}
