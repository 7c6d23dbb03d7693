package lab

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/ringspan/ringspan/local/aws/plane"
)

// A region may have 96 nodes, each of which may talk to all others.
func TestManyMachines(t *testing.T) {
	topology := twoRegions()
	v := &topology.VPCs[0]
	v.SecurityGroups = append(v.SecurityGroups, plane.SecurityGroup{ID: "sg-nodes", Egress: all(), Ingress: []plane.GroupRule{{Protocol: -1, From: -1, To: -1, Group: "sg-nodes"}}})
	for i := range 96 {
		v.Interfaces = append(v.Interfaces, plane.Interface{
			ID: fmt.Sprintf("eni-%d", i), Subnet: "subnet-public", Machine: fmt.Sprintf("i-%d", 100+i), SourceDestCheck: true, SecurityGroups: []string{"sg-nodes"},
			Addresses: []netip.Addr{addr(fmt.Sprintf("172.21.0.%d", 100+i))},
			Prefixes:  []netip.Prefix{prefix(fmt.Sprintf("172.21.%d.0/28", 1+i)), prefix(fmt.Sprintf("172.21.%d.16/28", 1+i))},
		})
	}
	begin := time.Now()
	w := newWorld(t, topology)
	t.Logf("96 machines after %s", time.Since(begin))
	begin = time.Now()
	topology.VPCs[0].SecurityGroups = append(topology.VPCs[0].SecurityGroups, plane.SecurityGroup{ID: "sg-x"})
	w.apply(topology)
	t.Logf("another filter after %s", time.Since(begin))
	w.serve(w.namespace("eni-95"), 7000)
	w.reaches("eni-0", "172.21.0.195", 7000, "172.21.0.100")
	w.drops("eni-c1", "172.21.0.195", 7000)
}
