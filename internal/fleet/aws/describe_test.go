package aws

import (
	"net/netip"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ringspan/ringspan/internal/network"
)

var comparePrefixes = cmp.Options{cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmpopts.EquateEmpty()}

// described is a region with a cluster, one API server interface and one node.
func described(region string) *description {
	return &description{in: &regional{name: region}, cluster: "f-" + region, network: &contents{}, vpc: &types.Vpc{VpcId: new("vpc-" + region), CidrBlock: new("10.0.0.0/16")},
		apiServer: []types.NetworkInterface{{SubnetId: new("subnet-1"), PrivateIpAddress: new("10.0.0.5"), Groups: []types.GroupIdentifier{{GroupId: new("sg-1")}}}},
		nodes: []types.Instance{{NetworkInterfaces: []types.InstanceNetworkInterface{
			{SubnetId: new("subnet-2"), PrivateIpAddress: new("10.0.1.7"), Attachment: &types.InstanceNetworkInterfaceAttachment{DeviceIndex: awssdk.Int32(1)}},
			{SubnetId: new("subnet-1"), PrivateIpAddress: new("10.0.0.7"), Attachment: &types.InstanceNetworkInterfaceAttachment{DeviceIndex: awssdk.Int32(0)}, Groups: []types.GroupIdentifier{{GroupId: new("sg-1")}},
				PrivateIpAddresses: []types.InstancePrivateIpAddress{{PrivateIpAddress: new("10.0.0.7")}, {PrivateIpAddress: new("10.0.0.8")}}}}}}}
}

func TestARegionIsDescribed(t *testing.T) {
	d := described("eu-west-1")
	d.plugin = `{"env":{"AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS":"10.1.0.0/16, 10.2.0.0/16","POD_MTU":"8500"}}`
	got, err := d.region()
	if err != nil {
		t.Fatal(err)
	}
	node := netip.MustParseAddr("10.0.0.7")
	want := network.Region{Name: "eu-west-1", VPC: network.VPC{ID: "vpc-eu-west-1", CIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}},
		Pods: []network.Endpoint{{Subnet: "subnet-1", SecurityGroups: []string{"sg-1"}, Address: netip.MustParseAddr("10.0.0.8"), Node: node, MTU: 8500}},
		API:  []network.Endpoint{{Subnet: "subnet-1", SecurityGroups: []string{"sg-1"}, Address: netip.MustParseAddr("10.0.0.5"), MTU: 9001}},
		SNAT: network.SNAT{Except: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("10.2.0.0/16")}}}
	if d := cmp.Diff(want, got, comparePrefixes); d != "" {
		t.Error(d)
	}
}

// A subnet without a table or a list of its own has the network's main ones.
func TestWhatASubnetGoesBy(t *testing.T) {
	d := described("eu-west-1")
	d.network.tables = []types.RouteTable{
		{RouteTableId: new("rtb-main"), Associations: []types.RouteTableAssociation{{Main: awssdk.Bool(true)}}},
		{RouteTableId: new("rtb-1"), Associations: []types.RouteTableAssociation{{SubnetId: new("subnet-1")}}}}
	d.network.lists = []types.NetworkAcl{
		{NetworkAclId: new("acl-default"), IsDefault: awssdk.Bool(true)},
		{NetworkAclId: new("acl-2"), Associations: []types.NetworkAclAssociation{{SubnetId: new("subnet-2")}}}}
	for _, id := range []string{"subnet-1", "subnet-2"} {
		d.network.subnets = append(d.network.subnets, types.Subnet{SubnetId: &id, CidrBlock: new("10.0.0.0/24")})
	}
	d.network.subnets = append(d.network.subnets, types.Subnet{SubnetId: new("of-ipv6")})
	got, err := d.region()
	cidr := netip.MustParsePrefix("10.0.0.0/24")
	want := []network.Subnet{{ID: "subnet-1", CIDR: cidr, RouteTable: "rtb-1", NetworkACL: "acl-default"}, {ID: "subnet-2", CIDR: cidr, RouteTable: "rtb-main", NetworkACL: "acl-2"}}
	if d := cmp.Diff(want, got.VPC.Subnets, comparePrefixes); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
}

func TestWhatARouteLeadsTo(t *testing.T) {
	range1 := new("10.1.0.0/16")
	for name, test := range map[string]struct {
		route  types.Route
		kind   network.TargetKind // "" when it is left out
		target string
	}{
		"the internet":             {types.Route{DestinationCidrBlock: range1, GatewayId: new("igw-1")}, network.ToInternet, "igw-1"},
		"a NAT gateway":            {types.Route{DestinationCidrBlock: range1, NatGatewayId: new("nat-1")}, network.ToNAT, "nat-1"},
		"a peering":                {types.Route{DestinationCidrBlock: range1, VpcPeeringConnectionId: new("pcx-1")}, network.ToPeering, "pcx-1"},
		"an interface":             {types.Route{DestinationCidrBlock: range1, NetworkInterfaceId: new("eni-1")}, network.ToInterface, "eni-1"},
		"a peering that is gone":   {types.Route{DestinationCidrBlock: range1, VpcPeeringConnectionId: new("pcx-1"), State: types.RouteStateBlackhole}, network.Blackhole, "pcx-1"},
		"a gateway that is gone":   {types.Route{DestinationCidrBlock: range1, GatewayId: new("igw-1"), State: types.RouteStateBlackhole}, network.Blackhole, "igw-1"},
		"the network's own range":  {types.Route{DestinationCidrBlock: range1, GatewayId: new("local")}, "", ""},
		"a service of AWS":         {types.Route{DestinationPrefixListId: new("pl-1"), GatewayId: new("vpce-1")}, "", ""},
		"the internet, over IPv6":  {types.Route{DestinationIpv6CidrBlock: new("::/0"), GatewayId: new("igw-1")}, "", ""},
		"a range that is no range": {types.Route{DestinationCidrBlock: new("all"), GatewayId: new("igw-1")}, "", ""},
	} {
		var want []network.Route
		if test.kind != "" {
			want = []network.Route{{Destination: netip.MustParsePrefix(*range1), Kind: test.kind, Target: test.target}}
		}
		if d := cmp.Diff(want, readTable(types.RouteTable{Routes: []types.Route{test.route}}).Routes, comparePrefixes); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestRulesOfGroupsAndLists(t *testing.T) {
	range1 := netip.MustParsePrefix("10.1.0.0/16")
	got := readRules([]types.IpPermission{
		{IpProtocol: new("tcp"), FromPort: awssdk.Int32(7000), ToPort: awssdk.Int32(7001), IpRanges: []types.IpRange{{CidrIp: new("10.1.0.0/16")}, {CidrIp: new("nowhere")}}, UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: new("sg-2")}}},
		{IpProtocol: new("-1"), IpRanges: []types.IpRange{{CidrIp: new("10.1.0.0/16")}}},
		{IpProtocol: new("58"), Ipv6Ranges: []types.Ipv6Range{{CidrIpv6: new("::/0")}}},
		{IpProtocol: new("unheard-of"), IpRanges: []types.IpRange{{CidrIp: new("10.1.0.0/16")}}}})
	want := []network.GroupRule{{Protocol: 6, From: 7000, To: 7001, CIDR: range1}, {Protocol: 6, From: 7000, To: 7001, Group: "sg-2"}, {Protocol: -1, From: -1, To: -1, CIDR: range1}}
	if d := cmp.Diff(want, got, comparePrefixes); d != "" {
		t.Error(d)
	}
	for name, test := range map[string]struct {
		entry types.NetworkAclEntry
		want  network.ACLEntry
		ok    bool
	}{
		"ports":      {types.NetworkAclEntry{RuleNumber: awssdk.Int32(100), Protocol: new("6"), RuleAction: types.RuleActionAllow, CidrBlock: new("10.1.0.0/16"), PortRange: &types.PortRange{From: awssdk.Int32(1), To: awssdk.Int32(2)}}, network.ACLEntry{Number: 100, Allow: true, Protocol: 6, CIDR: range1, From: 1, To: 2}, true},
		"everything": {types.NetworkAclEntry{RuleNumber: awssdk.Int32(32767), Egress: awssdk.Bool(true), Protocol: new("-1"), RuleAction: types.RuleActionDeny, CidrBlock: new("10.1.0.0/16")}, network.ACLEntry{Number: 32767, Egress: true, Protocol: -1, CIDR: range1, From: -1, To: -1}, true},
		"ICMP":       {types.NetworkAclEntry{Protocol: new("1"), RuleAction: types.RuleActionAllow, CidrBlock: new("10.1.0.0/16"), IcmpTypeCode: &types.IcmpTypeCode{Type: awssdk.Int32(3), Code: awssdk.Int32(4)}}, network.ACLEntry{Allow: true, Protocol: 1, CIDR: range1, From: 3, To: 4}, true},
		"IPv6":       {types.NetworkAclEntry{Protocol: new("-1"), Ipv6CidrBlock: new("::/0")}, network.ACLEntry{}, false},
	} {
		got, ok := readEntry(test.entry)
		if d := cmp.Diff(test.want, got, comparePrefixes); ok != test.ok || d != "" {
			t.Errorf("%s: %t %s", name, ok, d)
		}
	}
}

func TestSettingsOfTheNetworkPlugin(t *testing.T) {
	for name, test := range map[string]struct {
		settings string
		mtu      int
		off      bool
		wrong    string // in the error
	}{
		"none":                         {"", 9001, false, ""},
		"blank":                        {" \n", 9001, false, ""},
		"a pod's packets":              {`{"env":{"POD_MTU":"1400"}}`, 1400, false, ""},
		"the interface's packets":      {`{"env":{"AWS_VPC_ENI_MTU":"1500"}}`, 1500, false, ""},
		"no translation":               {`{"env":{"AWS_VPC_K8S_CNI_EXTERNALSNAT":"TRUE"}}`, 9001, true, ""},
		"not JSON":                     {`{`, 0, false, "settings of add-on vpc-cni"},
		"a range that isn't one":       {`{"env":{"AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS":"10.1.0.0"}}`, 0, false, "AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS"},
		"a size of packets in letters": {`{"env":{"POD_MTU":"large"}}`, 9001, false, ""},
	} {
		var r network.Region
		mtu, err := (&description{plugin: test.settings}).readPlugin(&r)
		if mtu != test.mtu || r.SNAT.Off != test.off || (err != nil) != (test.wrong != "") || err != nil && !strings.Contains(err.Error(), test.wrong) {
			t.Errorf("%s: %d %+v %v", name, mtu, r.SNAT, err)
		}
	}
}

// A region without nodes is missing, not described by halves. Of one peering, which both of its
// regions describe, the worse state counts, whichever is read first.
func TestRegionsAreJoined(t *testing.T) {
	bare := described("eu-west-2")
	bare.nodes = nil
	notThere := &description{in: &regional{name: "eu-west-3"}}
	for _, first := range []types.VpcPeeringConnectionStateReasonCode{"active", "deleted"} {
		a, b := described("eu-west-1"), described("eu-central-1")
		second := map[types.VpcPeeringConnectionStateReasonCode]types.VpcPeeringConnectionStateReasonCode{"active": "deleted", "deleted": "active"}[first]
		a.network.peerings = []types.VpcPeeringConnection{peering("pcx-2", "active", "eu-west-1", "eu-west-1", nil), peering("pcx-1", first, "eu-west-1", "eu-central-1", nil)}
		b.network.peerings = []types.VpcPeeringConnection{peering("pcx-1", second, "eu-west-1", "eu-central-1", nil)}
		cloud, missing, err := join([]*description{a, bare, b, notThere})
		if err != nil || len(cloud.Regions) != 2 || cmp.Diff(missing, []string{"eu-west-2", "eu-west-3"}) != "" {
			t.Errorf("%+v, missing %v, %v", cloud.Regions, missing, err)
		}
		want := []network.Peering{{ID: "pcx-1", A: "vpc-eu-west-1", B: "vpc-eu-central-1", State: "deleted"}, {ID: "pcx-2", A: "vpc-eu-west-1", B: "vpc-eu-west-1", State: "active", MTU: 9001}}
		if d := cmp.Diff(want, cloud.Peerings); d != "" {
			t.Errorf("%s first: %s", first, d)
		}
	}
}
