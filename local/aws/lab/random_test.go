package lab

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"

	"github.com/ringspan/ringspan/local/aws/plane"
)

// Real packets and the pure rules agree, whatever the topology.
func TestPacketsDoWhatReachSays(t *testing.T) {
	w := newWorld(t, twoRegions())
	served := map[string]bool{}
	for seed := range uint64(12) {
		topology := disturb(rand.New(rand.NewPCG(seed, 5)), twoRegions())
		w.apply(topology)
		for _, v := range topology.VPCs {
			for _, i := range v.Interfaces {
				if !served[i.ID] {
					w.serve(w.namespace(i.ID), 7000)
					w.serve(w.namespace(i.ID), 9042)
					served[i.ID] = true
				}
			}
		}
		w.compare(topology, fmt.Sprintf("seed %d", seed))
	}
}

func (w *world) compare(topology plane.Topology, name string) {
	var group sync.WaitGroup
	var faces []plane.Interface
	for _, v := range topology.VPCs {
		faces = append(faces, v.Interfaces...)
	}
	for _, from := range faces {
		for _, to := range faces {
			if from.ID == to.ID {
				continue
			}
			for _, port := range []int{7000, 9042} {
				group.Go(func() {
					outcome := topology.Reach(plane.Packet{From: from.Addresses[0], To: to.Addresses[0], Protocol: tcp, Port: port})
					timeout := silent
					if outcome.Reached {
						timeout = arrives
					}
					seen, err := ask(w.namespace(from.ID), to.Addresses[0], port, timeout)
					if (err == nil) != outcome.Reached || outcome.Reached && seen != outcome.Source.String() {
						w.t.Errorf("%s: %s → %s:%d: Reach says %+v, packets say %q, %v", name, from.ID, to.ID, port, outcome, seen, err)
					}
				})
			}
		}
	}
	group.Wait()
}

func disturb(r *rand.Rand, t plane.Topology) plane.Topology {
	cidrs := []netip.Prefix{everything, prefix("172.21.0.0/16"), prefix("172.22.0.0/20"), prefix("172.21.16.10/32"), prefix("172.22.0.10/32")}
	ports := [][2]int{{0, 65535}, {7000, 7000}, {9042, 9042}, {1024, 65535}}
	if r.IntN(6) == 0 {
		t.Peerings = nil
	}
	for v := range t.VPCs {
		vpc := &t.VPCs[v]
		for i := range vpc.RouteTables {
			if routes := vpc.RouteTables[i].Routes; len(routes) > 0 && r.IntN(4) == 0 {
				routes[len(routes)-1].Destination = cidrs[1+r.IntN(len(cidrs)-1)]
			}
		}
		for g := range vpc.SecurityGroups {
			group := &vpc.SecurityGroups[g]
			if r.IntN(2) == 0 {
				group.Ingress = nil
				for range r.IntN(4) {
					p := ports[r.IntN(len(ports))]
					group.Ingress = append(group.Ingress, plane.GroupRule{Protocol: tcp, From: p[0], To: p[1], CIDR: cidrs[r.IntN(len(cidrs))]})
				}
				if r.IntN(2) == 0 {
					group.Ingress = append(group.Ingress, plane.GroupRule{Protocol: -1, From: -1, To: -1, Group: group.ID})
				}
			}
		}
		if r.IntN(2) == 0 {
			acl := plane.NetworkACL{ID: "acl-" + vpc.ID}
			for _, egress := range []bool{false, true} {
				for n := range 1 + r.IntN(4) {
					p := ports[r.IntN(len(ports))]
					acl.Entries = append(acl.Entries, plane.ACLEntry{Number: 100 - 10*n, Egress: egress, Allow: r.IntN(4) > 0, Protocol: []int{-1, tcp}[r.IntN(2)], CIDR: cidrs[r.IntN(len(cidrs))], From: p[0], To: p[1]})
				}
			}
			vpc.NetworkACLs = []plane.NetworkACL{acl}
			vpc.Subnets[r.IntN(len(vpc.Subnets))].NetworkACL = acl.ID
		}
	}
	return t
}
