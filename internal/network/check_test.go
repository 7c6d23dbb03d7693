package network

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// dropRules removes the rules of a port, all of them when it is 0.
func dropRules(g *SecurityGroup, port int) {
	g.Ingress = slices.DeleteFunc(g.Ingress, func(r GroupRule) bool { return port == 0 || r.From == port })
}

func dropRoutes(t *RouteTable) {
	t.Routes = slices.DeleteFunc(t.Routes, func(r Route) bool { return r.Kind == ToPeering })
}

// Each fault alone, and all that is said of it.
func TestCheckNamesOneFaultOnce(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(*Cloud)
		want  []string
	}{
		"nothing": {func(*Cloud) {}, nil},
		"a rule is missing": {
			func(c *Cloud) { dropRules(&c.Regions[1].VPC.SecurityGroups[0], 7000) },
			[]string{"fault region-0 → region-1 tcp/7000: security group sg-1 has no rule from 172.21.0.0/16; `ringspan up` would add it"}},
		"all rules are missing": {
			func(c *Cloud) { dropRules(&c.Regions[1].VPC.SecurityGroups[0], 0) },
			[]string{"fault region-0 → region-1: security group sg-1 has no rule from 172.21.0.0/16; `ringspan up` would add it"}},
		"the API server's rule is missing": {
			func(c *Cloud) { dropRules(&c.Regions[1].VPC.SecurityGroups[1], 443) },
			[]string{"fault region-0 → region-1 tcp/443: security group sg-api-1 has no rule from 172.21.0.0/16; `ringspan up` would add it"}},
		"nothing may leave": {
			func(c *Cloud) { c.Regions[0].VPC.SecurityGroups[0].Egress = nil },
			[]string{"fault region-0 → region-1: security group sg-0 has no rule to 172.22.0.0/16; `ringspan up` would add it"}},
		"a group that is gone": {
			func(c *Cloud) {
				for i := range c.Regions[0].Pods {
					c.Regions[0].Pods[i].SecurityGroups = []string{"sg-gone"}
				}
			},
			[]string{
				"fault region-0 → region-1: the interfaces in subnet-00 have no security group that exists (sg-gone); the interfaces in subnet-01 have no security group that exists (sg-gone); `ringspan up` would add it",
				"fault region-1 → region-0: the interfaces in subnet-00 have no security group that exists (sg-gone); the interfaces in subnet-01 have no security group that exists (sg-gone); `ringspan up` would add it"}},
		"a route is missing in one zone": {
			func(c *Cloud) { dropRoutes(&c.Regions[0].VPC.RouteTables[1]) },
			[]string{"fault region-0 → region-1: route table rtb-01 has no route to 172.22.0.0/16; `ringspan up` would add it"}},
		"routes are missing in all zones": {
			func(c *Cloud) {
				dropRoutes(&c.Regions[0].VPC.RouteTables[0])
				dropRoutes(&c.Regions[0].VPC.RouteTables[1])
			},
			[]string{"fault region-0 → region-1: route table rtb-00 has no route to 172.22.0.0/16; route table rtb-01 has no route to 172.22.0.0/16; `ringspan up` would add it"}},
		"a blackhole": {
			func(c *Cloud) {
				c.Regions[0].VPC.RouteTables[0].Routes[1] = Route{Destination: cidrOf(1), Kind: Blackhole}
			},
			[]string{"fault region-0 → region-1: the route to 172.22.0.0/16 in route table rtb-00 leads to what is gone (blackhole); `ringspan up` would mend it"}},
		"a stray route": {
			func(c *Cloud) {
				table := &c.Regions[0].VPC.RouteTables[0]
				table.Routes = append(table.Routes, Route{Destination: netip.MustParsePrefix("172.22.0.0/17"), Kind: ToNAT, Target: "nat-9"})
			},
			[]string{"fault region-0 → region-1: the route to 172.22.0.0/17 in route table rtb-00 leads to nat-9, not to vpc-1; `ringspan up` would mend it"}},
		"no peering": {
			func(c *Cloud) { c.Peerings = nil },
			[]string{"fault region-0 ⇄ region-1: there is no peering of vpc-0 and vpc-1; `ringspan up` would make it"}},
		"a peering not accepted": {
			func(c *Cloud) { c.Peerings[0].State = "pending-acceptance" },
			[]string{"fault region-0 ⇄ region-1: peering pcx-01 waits to be accepted; `ringspan up` would accept it"}},
		"a peering rejected": {
			func(c *Cloud) { c.Peerings[0].State = "rejected" },
			[]string{"fault region-0 ⇄ region-1: peering pcx-01 is rejected; `ringspan up` would make another one"}},
		"an entry of an ACL": {
			func(c *Cloud) {
				acl := &c.Regions[1].VPC.NetworkACLs[0]
				acl.Entries = append(acl.Entries, ACLEntry{Number: 90, Protocol: ianaTCP, From: 7000, To: 7001, CIDR: cidrOf(0)})
			},
			[]string{"fault region-0 → region-1 tcp/7000, tcp/7001: network ACL acl-1 denies connections from 172.21.0.0/16 with entry 90; change it, or let the subnet use its VPC's default network ACL"}},
		"an ACL that stops replies": {
			func(c *Cloud) {
				acl := &c.Regions[1].VPC.NetworkACLs[0]
				acl.Entries = append(acl.Entries, ACLEntry{Number: 90, Egress: true, Protocol: ianaTCP, From: 40000, To: 50000, CIDR: cidrOf(0)})
			},
			[]string{"fault region-1 → region-0: network ACL acl-1 denies replies (ports 32768 to 60999) to 172.21.0.0/16 with entry 90; change it, or let the subnet use its VPC's default network ACL"}},
		"SNAT": {
			func(c *Cloud) { c.Regions[0].SNAT.Except = nil },
			[]string{"fault region-0 → region-1 source: pods arrive with their nodes' addresses: the CNI's SNAT rewrites what goes to 172.22.0.0/16; `ringspan up` would add 172.22.0.0/16 to AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS of add-on vpc-cni in region-0"}},
		"packets too large, which is told": {
			func(c *Cloud) {
				c.Peerings[0].MTU = 1300
			},
			[]string{
				"warning region-0 → region-1 size: pods send packets of up to 8500 bytes, and 1300 pass; path-MTU discovery has to find that out; set POD_MTU of add-on vpc-cni to 1300",
				"warning region-1 → region-0 size: pods send packets of up to 8500 bytes, and 1300 pass; path-MTU discovery has to find that out; set POD_MTU of add-on vpc-cni to 1300"}},
		"packets too large, and nobody told": {
			func(c *Cloud) {
				c.Regions[0].Pods[0].MTU, c.Regions[1].Pods[0].MTU = 9001, 9001
				dropRules(&c.Regions[0].VPC.SecurityGroups[0], Fragmentation.Number)
			},
			[]string{
				"fault region-0 → region-1 size: pods send packets of up to 9001 bytes, 8500 pass, and ICMP \"fragmentation needed\" doesn't reach them: larger packets vanish; set POD_MTU of add-on vpc-cni to 8500, or let ICMP type 3 code 4 in (`ringspan up` would)",
				"warning region-1 → region-0 size: pods send packets of up to 9001 bytes, and 8500 pass; path-MTU discovery has to find that out; set POD_MTU of add-on vpc-cni to 8500"}},
		"the ICMP rule is missing": {
			func(c *Cloud) { dropRules(&c.Regions[0].VPC.SecurityGroups[0], Fragmentation.Number) },
			[]string{"warning region-1 → region-0 icmp/3.4: security group sg-0 has no rule from 172.22.0.0/16; `ringspan up` would add it"}},
		"overlap": {
			func(c *Cloud) { c.Regions[1].VPC.CIDRs = append(c.Regions[1].VPC.CIDRs, cidrOf(0)) },
			[]string{"fault region-1 ⇄ region-0: the ranges overlap: 172.21.0.0/16 of vpc-0 is inside 172.21.0.0/16 of vpc-1; give one of the regions another range; that means making it anew"}},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := healthy(2, 2)
			c.fault(&cloud)
			var got []string
			for _, f := range Check(cloud) {
				got = append(got, string(f.Severity)+" "+f.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Who is seen by whom, and how large a packet may be.
func TestFollow(t *testing.T) {
	c := healthy(2, 1)
	a, b := &c.Regions[0], &c.Regions[1]
	out := c.Follow(a, a.Pods[0], b, b.Pods[0], Profile()[0])
	if out.Drop != nil || out.Source != a.Pods[0].Address || out.MTU != 8500 {
		t.Errorf("%+v", out)
	}
	a.SNAT = SNAT{}
	if out := c.Follow(a, a.Pods[0], b, b.Pods[0], Profile()[0]); out.Source != a.Pods[0].Node {
		t.Errorf("with SNAT the source is %s, not the node's %s", out.Source, a.Pods[0].Node)
	}
	a.SNAT.Off = true
	if out := c.Follow(a, a.Pods[0], b, b.Pods[0], Profile()[0]); out.Source != a.Pods[0].Address {
		t.Errorf("with SNAT off the source is %s", out.Source)
	}
}

// Probes see that nothing arrives; the description says why. It is told once.
func TestExplain(t *testing.T) {
	c := healthy(2, 1)
	dropRules(&c.Regions[1].VPC.SecurityGroups[0], 7000)
	causes := Check(c)
	seen := []Finding{
		{Severity: Fault, Check: Reach, From: "region-0", To: "region-1", Ports: []string{"tcp/7000"}, Cause: "no answer", Breaks: []Flow{{"region-0", "region-1", "tcp/7000"}}},
		{Severity: Fault, Check: Clock, From: "region-0", To: "region-1", Cause: "2 s apart"},
		{Severity: Fault, Check: Reach, From: "region-1", To: "region-0", Ports: []string{"tcp/7000"}, Cause: "no answer", Breaks: []Flow{{"region-1", "region-0", "tcp/7000"}}},
	}
	var text []string
	for _, f := range Explain(causes, seen) {
		text = append(text, f.String())
	}
	want := "region-0 → region-1 clock: 2 s apart\n" +
		"region-0 → region-1 tcp/7000: security group sg-1 has no rule from 172.21.0.0/16; `ringspan up` would add it\n" +
		"region-1 → region-0 tcp/7000: no answer"
	if diff := cmp.Diff(want, strings.Join(text, "\n")); diff != "" {
		t.Error(diff)
	}
}
