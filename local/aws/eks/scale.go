package eks

import (
	"slices"

	"github.com/ringspan/ringspan/local/aws/ec2"
	"github.com/ringspan/ringspan/local/aws/wire"
)

// scale starts and ends machines until the group has as many as it wants, spread
// evenly over the zones of its subnets: the first zones have one more where they
// don't come out even.
func (a *API) scale(c *Cluster, g *Nodegroup, nets []*ec2.Subnet) error {
	for len(g.Machines) > g.ScalingConfig.DesiredSize {
		i := a.spread(g, nets).surplus()
		a.endMachine(c, g.Machines[i])
		g.Machines = slices.Delete(slices.Clone(g.Machines), i, i+1)
	}
	for _, n := range a.spread(g, nets).next(g.ScalingConfig.DesiredSize - len(g.Machines)) {
		m, err := a.ec2.RunNode(a.machine(c, g, n))
		if err != nil {
			return invalid("%s", wire.AsError(err).Message)
		}
		g.Machines = append(g.Machines, m.InstanceId)
	}
	return nil
}

// spread is where a group's machines are.
type spread struct {
	nets  []*ec2.Subnet
	zones []string       // of the subnets, in their order, each once
	in    map[string]int // machines by zone, and by subnet
	where []string       // zone of each machine
}

func (a *API) spread(g *Nodegroup, nets []*ec2.Subnet) *spread {
	s := &spread{nets: nets, in: map[string]int{}}
	for _, n := range nets {
		if !slices.Contains(s.zones, n.AvailabilityZone) {
			s.zones = append(s.zones, n.AvailabilityZone)
		}
	}
	for _, id := range g.Machines {
		zone := ""
		if m := a.ec2.Machine(id); m != nil {
			zone, _ = m.Where()
			s.in[zone]++
			s.in[m.SubnetId]++
		}
		s.where = append(s.where, zone)
	}
	return s
}

// next places further machines.
func (s *spread) next(count int) (all []*ec2.Subnet) {
	for range count {
		zone := slices.MinFunc(s.zones, func(a, b string) int { return s.in[a] - s.in[b] })
		var here []*ec2.Subnet
		for _, n := range s.nets {
			if n.AvailabilityZone == zone {
				here = append(here, n)
			}
		}
		subnet := slices.MinFunc(here, func(a, b *ec2.Subnet) int { return s.in[a.SubnetId] - s.in[b.SubnetId] })
		s.in[zone]++
		s.in[subnet.SubnetId]++
		all = append(all, subnet)
	}
	return all
}

// surplus is the index of the machine to end first: the newest one of the zone
// with the most, of several such zones the last.
func (s *spread) surplus() int {
	most := ""
	for _, z := range s.zones {
		if most == "" || s.in[z] >= s.in[most] {
			most = z
		}
	}
	for i := len(s.where) - 1; i >= 0; i-- {
		if s.where[i] == most {
			return i
		}
	}
	return len(s.where) - 1
}
