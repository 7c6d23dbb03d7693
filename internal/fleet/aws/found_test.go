package aws

import (
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// west is what was asked of eu-west-1 for fleet f, with nothing in it.
func west() *observation {
	in := &regional{name: "eu-west-1"}
	return &observation{in: in, question: provision.Question{Fleet: "f", ID: "id"}, ours: &contents{in: in}, attributes: map[string][2]bool{}}
}

// role are tags of something of fleet f, as EC2 has them.
func role(role string) []types.Tag {
	return ec2Tags(map[string]string{infra.TagFleetID: "id", infra.TagRole: role})
}

// What EC2 lists becomes the resource that its tag names, in the state in which EC2 says it
// is, with the attributes that the planner compares.
func TestWhatEC2ListsBecomesResources(t *testing.T) {
	for name, test := range map[string]struct {
		lists func(o *observation)
		want  []infra.Found
	}{
		"nothing": {func(*observation) {}, nil},
		"a VPC that is ready, with one of two attributes": {
			func(o *observation) {
				o.vpcs = []types.Vpc{{VpcId: new("vpc-1"), CidrBlock: new("10.0.0.0/16"), State: types.VpcStateAvailable, Tags: role("eu-west-1/vpc")}}
				o.attributes["vpc-1"] = [2]bool{true, false}
			},
			[]infra.Found{{ID: "eu-west-1/vpc", Kind: infra.Network, Physical: "vpc-1", State: infra.Ready, Have: map[string]string{"cidr": "10.0.0.0/16", "dnsSupport": "true", "dnsHostnames": "false"}}},
		},
		"a VPC on its way": {
			func(o *observation) {
				o.vpcs = []types.Vpc{{VpcId: new("vpc-1"), State: types.VpcStatePending, Tags: role("eu-west-1/vpc")}}
			},
			[]infra.Found{{ID: "eu-west-1/vpc", Kind: infra.Network, Physical: "vpc-1", State: infra.Pending, Detail: "it is pending", Have: map[string]string{"cidr": "", "dnsSupport": "false", "dnsHostnames": "false"}}},
		},
		"a gateway without a network": {
			func(o *observation) {
				o.ours.gateways = []types.InternetGateway{{InternetGatewayId: new("igw-1"), Tags: role("eu-west-1/igw")}}
			},
			[]infra.Found{{ID: "eu-west-1/igw", Kind: infra.Gateway, Physical: "igw-1", State: infra.Ready}},
		},
		"a NAT gateway that failed says why": {
			func(o *observation) {
				o.ours.nats = []types.NatGateway{{NatGatewayId: new("nat-1"), SubnetId: new("subnet-1"), VpcId: new("vpc-1"), State: types.NatGatewayStateFailed, FailureMessage: new("no address"),
					NatGatewayAddresses: []types.NatGatewayAddress{{AllocationId: new("eipalloc-1")}}, Tags: role("eu-west-1/nat/a")}}
			},
			[]infra.Found{{ID: "eu-west-1/nat/a", Kind: infra.NAT, Physical: "nat-1", State: infra.Failed, Detail: "it is failed: no address", Refs: map[string]string{"subnet": "subnet-1", "vpc": "vpc-1", "address": "eipalloc-1"}}},
		},
		"a NAT gateway that was deleted an hour ago hangs on nothing": {
			func(o *observation) {
				o.ours.nats = []types.NatGateway{{NatGatewayId: new("nat-1"), SubnetId: new("subnet-1"), VpcId: new("vpc-1"), State: types.NatGatewayStateDeleted, Tags: role("eu-west-1/nat/a")}}
			},
			[]infra.Found{{ID: "eu-west-1/nat/a", Kind: infra.NAT, Physical: "nat-1", State: infra.Gone, Detail: "it is deleted"}},
		},
		"a subnet, and a table that is associated with it": {
			func(o *observation) {
				o.ours.subnets = []types.Subnet{{SubnetId: new("subnet-1"), VpcId: new("vpc-1"), CidrBlock: new("10.0.0.0/24"), AvailabilityZone: new("eu-west-1a"), MapPublicIpOnLaunch: awssdk.Bool(true), State: types.SubnetStateAvailable, Tags: role("eu-west-1/subnet/public/eu-west-1a")}}
				o.ours.tables = []types.RouteTable{{RouteTableId: new("rtb-1"), VpcId: new("vpc-1"), Tags: role("eu-west-1/table/public"),
					Associations: []types.RouteTableAssociation{{RouteTableAssociationId: new("rtbassoc-1"), SubnetId: new("subnet-1")}, {RouteTableAssociationId: new("rtbassoc-2"), SubnetId: new("subnet-of-others")}}}}
			},
			[]infra.Found{
				{ID: "eu-west-1/subnet/public/eu-west-1a", Kind: infra.Subnet, Physical: "subnet-1", State: infra.Ready, Have: map[string]string{"cidr": "10.0.0.0/24", "zone": "eu-west-1a", "publicAddresses": "true"}, Refs: map[string]string{"vpc": "vpc-1"}},
				{ID: "eu-west-1/table/public", Kind: infra.RouteTable, Physical: "rtb-1", State: infra.Ready, Refs: map[string]string{"vpc": "vpc-1"}},
				{ID: "eu-west-1/association/public/eu-west-1a", Kind: infra.Association, Physical: "rtbassoc-1", State: infra.Ready, Refs: map[string]string{"table": "rtb-1", "subnet": "subnet-1"}},
			},
		},
		"a group that somebody opened": {
			func(o *observation) {
				o.ours.groups = []types.SecurityGroup{{GroupId: new("sg-1"), VpcId: new("vpc-1"), Tags: role("jump/group"), IpPermissions: []types.IpPermission{
					{IpProtocol: new("tcp"), FromPort: awssdk.Int32(22), ToPort: awssdk.Int32(22), IpRanges: []types.IpRange{{CidrIp: new("0.0.0.0/0")}}},
					{IpProtocol: new("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: new("sg-2")}}}}}}
			},
			[]infra.Found{{ID: "jump/group", Kind: infra.Firewall, Physical: "sg-1", State: infra.Ready, Have: map[string]string{"rules": "-1 0-0 sg-2,tcp 22-22 0.0.0.0/0"}, Refs: map[string]string{"vpc": "vpc-1"}}},
		},
		"a volume is named by its id: a claim's tags name no role": {
			func(o *observation) {
				o.ours.volumes = []types.Volume{{VolumeId: new("vol-1"), Tags: ec2Tags(map[string]string{infra.TagFleetID: "id"})}}
			},
			[]infra.Found{{ID: "eu-west-1/volume/vol-1", Kind: infra.Volume, Physical: "vol-1", State: infra.Ready}},
		},
		"an interface that the cluster left, not one in use or another's": {
			func(o *observation) {
				o.inside = []*contents{{interfaces: []types.NetworkInterface{
					{NetworkInterfaceId: new("eni-1"), SubnetId: new("subnet-1"), VpcId: new("vpc-1"), Status: types.NetworkInterfaceStatusAvailable, Description: new("aws-K8S-i-1")},
					{NetworkInterfaceId: new("eni-2"), Status: types.NetworkInterfaceStatusInUse, Description: new("aws-K8S-i-2")},
					{NetworkInterfaceId: new("eni-3"), Status: types.NetworkInterfaceStatusAvailable, Description: new("somebody's")}}}}
			},
			[]infra.Found{{ID: "eu-west-1/interface/eni-1", Kind: infra.Interface, Physical: "eni-1", State: infra.Ready, Detail: "the cluster left it: aws-K8S-i-1", Refs: map[string]string{"subnet": "subnet-1", "vpc": "vpc-1"}}},
		},
	} {
		o := west()
		test.lists(o)
		seen := &infra.Seen{Adopted: map[string]infra.AdoptedNetwork{}}
		o.into(seen)
		for i := range test.want {
			test.want[i].Region = "eu-west-1"
		}
		if d := cmp.Diff(test.want, seen.Found, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(infra.Found{}, "Tags")); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// In the fleet's own tables its routes are those to its kinds of targets; in a table of
// others only those over its peerings. What somebody added towards something else is theirs.
func TestWhoseARouteIs(t *testing.T) {
	range0 := new("0.0.0.0/0")
	for name, test := range map[string]struct {
		route  types.Route
		own    bool
		target string // "" when it isn't the fleet's
	}{
		"own, to the internet":           {types.Route{DestinationCidrBlock: range0, GatewayId: new("igw-1")}, true, "igw-1"},
		"own, to a NAT gateway":          {types.Route{DestinationCidrBlock: range0, NatGatewayId: new("nat-1")}, true, "nat-1"},
		"own, over a peering of others":  {types.Route{DestinationCidrBlock: range0, VpcPeeringConnectionId: new("pcx-9")}, true, "pcx-9"},
		"own, the network's own range":   {types.Route{DestinationCidrBlock: range0, GatewayId: new("local")}, true, ""},
		"own, to a virtual gateway":      {types.Route{DestinationCidrBlock: range0, GatewayId: new("vgw-1")}, true, ""},
		"own, to an interface":           {types.Route{DestinationCidrBlock: range0, NetworkInterfaceId: new("eni-1")}, true, ""},
		"own, of IPv6":                   {types.Route{DestinationIpv6CidrBlock: new("::/0"), GatewayId: new("igw-1")}, true, ""},
		"theirs, over our peering":       {types.Route{DestinationCidrBlock: range0, VpcPeeringConnectionId: new("pcx-1")}, false, "pcx-1"},
		"theirs, over another's peering": {types.Route{DestinationCidrBlock: range0, VpcPeeringConnectionId: new("pcx-9")}, false, ""},
		"theirs, to the internet":        {types.Route{DestinationCidrBlock: range0, GatewayId: new("igw-1")}, false, ""},
	} {
		o := west()
		o.ours.peerings = []types.VpcPeeringConnection{{VpcPeeringConnectionId: new("pcx-1")}}
		test.route.State = types.RouteStateActive
		f, is := o.foundRoute(test.route, "rtb-1", "eu-west-1/table/rtb-1", test.own)
		if is != (test.target != "") {
			t.Errorf("%s: the fleet's: %t", name, is)
			continue
		}
		want := infra.Found{ID: "eu-west-1/route/rtb-1/0.0.0.0/0", Kind: infra.Route, Physical: "rtb-1 0.0.0.0/0", State: infra.Ready, Have: map[string]string{"destination": "0.0.0.0/0", "state": "active"}, Refs: map[string]string{"table": "rtb-1", "target": test.target}}
		if d := cmp.Diff(want, f); is && d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// peering as one of its regions describes it.
func peering(id string, code types.VpcPeeringConnectionStateReasonCode, from, to string, tags []types.Tag) types.VpcPeeringConnection {
	return types.VpcPeeringConnection{VpcPeeringConnectionId: &id, Tags: tags, Status: &types.VpcPeeringConnectionStateReason{Code: code, Message: new("so AWS says")},
		RequesterVpcInfo: &types.VpcPeeringConnectionVpcInfo{VpcId: new("vpc-" + from), Region: &from}, AccepterVpcInfo: &types.VpcPeeringConnectionVpcInfo{VpcId: new("vpc-" + to), Region: &to}}
}

// Both of a peering's regions describe it, each with its own tags: together they are one link,
// and one acceptance as soon as it is active.
func TestAPeeringIsALinkAndItsAcceptance(t *testing.T) {
	const west, central = "eu-west-1", "eu-central-1"
	link, acceptance := role("peering/"+west+"/"+central), role("acceptance/"+west+"/"+central)
	for name, test := range map[string]struct {
		code              types.VpcPeeringConnectionStateReasonCode
		requester, theirs []types.Tag // theirs nil: the accepter's side doesn't list it
		state             infra.State
		accepted, tagged  bool
	}{
		"asked for":                          {types.VpcPeeringConnectionStateReasonCodeInitiatingRequest, link, nil, infra.Pending, false, false},
		"waits for the answer":               {types.VpcPeeringConnectionStateReasonCodePendingAcceptance, link, nil, infra.Ready, false, false},
		"active, and both sides have tags":   {types.VpcPeeringConnectionStateReasonCodeActive, link, acceptance, infra.Ready, true, true},
		"active, before the accepter tagged": {types.VpcPeeringConnectionStateReasonCodeActive, link, nil, infra.Ready, true, false},
		"failed":                             {types.VpcPeeringConnectionStateReasonCodeFailed, link, nil, infra.Failed, false, false},
		"rejected":                           {types.VpcPeeringConnectionStateReasonCodeRejected, link, nil, infra.Failed, false, false},
		"expired":                            {types.VpcPeeringConnectionStateReasonCodeExpired, link, nil, infra.Failed, false, false},
		"being deleted":                      {types.VpcPeeringConnectionStateReasonCodeDeleting, link, acceptance, infra.Deleting, false, false},
		"deleted an hour ago":                {types.VpcPeeringConnectionStateReasonCodeDeleted, link, acceptance, infra.Gone, false, false},
	} {
		seen := &infra.Seen{}
		for region, tags := range map[string][]types.Tag{west: test.requester, central: test.theirs} {
			if tags == nil {
				continue
			}
			in := &regional{name: region}
			o := &observation{in: in, question: provision.Question{ID: "id"}, ours: &contents{in: in, peerings: []types.VpcPeeringConnection{peering("pcx-1", test.code, west, central, tags)}}}
			o.into(seen)
		}
		deriveAcceptances(seen)
		var links, acceptances []infra.Found
		for _, f := range seen.Found {
			if f.Kind == infra.Link {
				links = append(links, f)
			} else {
				acceptances = append(acceptances, f)
			}
		}
		if len(links) != 1 || links[0].ID != "peering/"+west+"/"+central || links[0].Region != west || links[0].State != test.state || links[0].Detail != "so AWS says" || links[0].Refs["peer"] != "vpc-"+central {
			t.Errorf("%s: links %+v", name, links)
		}
		if test.accepted != (len(acceptances) == 1) {
			t.Errorf("%s: acceptances %+v", name, acceptances)
			continue
		}
		if a := acceptances; test.accepted && (a[0].ID != "acceptance/"+west+"/"+central || a[0].Region != central || a[0].Physical != "pcx-1 in "+central || test.tagged != (a[0].Tags[infra.TagFleetID] == "id")) {
			t.Errorf("%s: acceptance %+v", name, a[0])
		}
	}
}

// Two networks in one region have one peering with one set of tags, which carries the
// acceptance's role when that was written last.
func TestAPeeringWithinARegion(t *testing.T) {
	for _, id := range []string{"peering/eu-west-1/jump", "acceptance/eu-west-1/jump"} {
		o, seen := west(), &infra.Seen{}
		o.ours.peerings = []types.VpcPeeringConnection{peering("pcx-1", types.VpcPeeringConnectionStateReasonCodeActive, "eu-west-1", "eu-west-1", role(id))}
		o.into(seen)
		deriveAcceptances(seen)
		if len(seen.Found) != 2 || seen.Found[0].ID != "peering/eu-west-1/jump" || seen.Found[1].ID != "acceptance/eu-west-1/jump" || seen.Found[1].Tags[infra.TagFleetID] != "id" {
			t.Errorf("tagged as %s: %+v", id, seen.Found)
		}
	}
}

func TestStatesOfClustersAndNodes(t *testing.T) {
	for _, s := range ekstypes.ClusterStatus("").Values() {
		want, known := map[ekstypes.ClusterStatus]infra.State{"ACTIVE": infra.Ready, "FAILED": infra.Failed, "DELETING": infra.Deleting}[s]
		if !known {
			want = infra.Pending
		}
		if got := clusterState(s); got != want {
			t.Errorf("cluster %s: %s, wanted %s", s, got, want)
		}
	}
	// nodes of a group that is degraded, or whose deletion failed, work
	states := map[ekstypes.NodegroupStatus]infra.State{"ACTIVE": infra.Ready, "DEGRADED": infra.Ready, "DELETE_FAILED": infra.Ready, "CREATE_FAILED": infra.Failed, "DELETING": infra.Deleting}
	for _, s := range ekstypes.NodegroupStatus("").Values() {
		want, known := states[s]
		if !known {
			want = infra.Pending
		}
		if got := nodeGroupState(s); got != want {
			t.Errorf("node group %s: %s, wanted %s", s, got, want)
		}
	}
}

func TestAClusterAndItsNodes(t *testing.T) {
	k := observedCluster{own: true, cluster: &ekstypes.Cluster{Name: new("f-eu-west-1"), Arn: new("arn:c"), Version: new("1.34"), Status: ekstypes.ClusterStatusActive, RoleArn: new("arn:aws:iam::1:role/ringspan/f/ringspan-f-eu-west-1-cluster"),
		ResourcesVpcConfig:      &ekstypes.VpcConfigResponse{EndpointPublicAccess: true, EndpointPrivateAccess: true, PublicAccessCidrs: []string{"2.0.0.0/8", "1.0.0.0/8"}, ClusterSecurityGroupId: new("sg-1"), SubnetIds: []string{"subnet-1"}},
		UpgradePolicy:           &ekstypes.UpgradePolicyResponse{SupportType: ekstypes.SupportTypeStandard},
		Logging:                 &ekstypes.Logging{ClusterLogging: []ekstypes.LogSetup{{Enabled: awssdk.Bool(true), Types: []ekstypes.LogType{"scheduler", "api"}}, {Enabled: awssdk.Bool(false), Types: []ekstypes.LogType{"audit"}}}},
		KubernetesNetworkConfig: &ekstypes.KubernetesNetworkConfigResponse{ServiceIpv4Cidr: new("172.20.0.0/16")}}}
	want := infra.Found{ID: "eu-west-1/cluster", Kind: infra.Cluster, Region: "eu-west-1", Physical: "f-eu-west-1", State: infra.Ready, Detail: "it is ACTIVE", Refs: map[string]string{"role": "ringspan-f-eu-west-1-cluster", "subnet-1": "subnet-1"},
		Have: map[string]string{"arn": "arn:c", "version": "1.34", "public": "true", "private": "true", "publicRanges": "1.0.0.0/8,2.0.0.0/8", "group": "sg-1", "services": "172.20.0.0/16", "support": "STANDARD", "logs": "api,scheduler"}}
	if d := cmp.Diff([]infra.Found{want}, k.found("eu-west-1", "id")); d != "" {
		t.Error(d)
	}
	k.own = false
	if found := k.found("eu-west-1", "id"); len(found) > 0 {
		t.Errorf("a cluster that is adopted was taken for the fleet's: %+v", found)
	}
	for capacity, want := range map[ekstypes.CapacityTypes]string{"SPOT": "spot", "ON_DEMAND": "on-demand", "CAPACITY_BLOCK": "CAPACITY_BLOCK"} {
		f := nodeGroupFound(&ekstypes.Nodegroup{NodegroupName: new("nodes"), Status: ekstypes.NodegroupStatusCreateFailed, CapacityType: capacity, InstanceTypes: []string{"m5.large"}, DiskSize: awssdk.Int32(50), NodeRole: new("arn:aws:iam::1:role/n"),
			ScalingConfig: &ekstypes.NodegroupScalingConfig{DesiredSize: awssdk.Int32(3)}, Health: &ekstypes.NodegroupHealth{Issues: []ekstypes.Issue{{Code: "AsgInstanceLaunchFailures", Message: new("none left")}}}}, "eu-west-1", "c")
		if f.Have["capacity"] != want || f.Have["count"] != "3" || f.Physical != "c/nodes" || f.ID != "eu-west-1/nodes" || f.Detail != "it is CREATE_FAILED; AsgInstanceLaunchFailures: none left" {
			t.Errorf("%s: %+v", capacity, f)
		}
		if back := capacityType(want); capacity != "CAPACITY_BLOCK" && back != capacity {
			t.Errorf("%s comes back as %s", capacity, back)
		}
	}
}

// Whose a rule of a cluster's group is says its description.
func TestRulesOfTheFleet(t *testing.T) {
	one := func(port int32, cidr, description string) types.IpPermission {
		return types.IpPermission{IpProtocol: new("tcp"), FromPort: &port, ToPort: &port, IpRanges: []types.IpRange{{CidrIp: &cidr, Description: &description}}}
	}
	g := &types.SecurityGroup{GroupId: new("sg-1"), IpPermissions: []types.IpPermission{
		one(9042, "10.1.0.0/16", "ringspan id eu-west-1/rules/b"), one(7000, "10.1.0.0/16", "ringspan id eu-west-1/rules/b"), one(7000, "10.2.0.0/16", "ringspan id eu-west-1/rules/a"),
		one(22, "0.0.0.0/0", "somebody's"), one(23, "0.0.0.0/0", "ringspan other-id eu-west-1/rules/b"),
		{IpProtocol: new("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: new("sg-1"), Description: new("ringspan id eu-west-1/rules/b")}}}}}
	want := []infra.Found{
		{ID: "eu-west-1/rules/a", Kind: infra.FirewallRules, Region: "eu-west-1", Physical: "sg-1 eu-west-1/rules/a", State: infra.Ready, Have: map[string]string{"rules": "tcp 7000-7000 10.2.0.0/16", "group": "sg-1"}, Refs: map[string]string{"cluster": "c"}},
		{ID: "eu-west-1/rules/b", Kind: infra.FirewallRules, Region: "eu-west-1", Physical: "sg-1 eu-west-1/rules/b", State: infra.Ready, Have: map[string]string{"rules": "tcp 7000-7000 10.1.0.0/16,tcp 9042-9042 10.1.0.0/16", "group": "sg-1"}, Refs: map[string]string{"cluster": "c"}},
	}
	if d := cmp.Diff(want, rulesIn(g, "eu-west-1", "c", "id")); d != "" {
		t.Error(d)
	}
}

// What is neither the fleet's nor follows from what is, is named; nothing else is.
func TestWhatIsForeignInAFleetsNetwork(t *testing.T) {
	tagged := func(key, value string) []types.Tag { return ec2Tags(map[string]string{key: value}) }
	for name, test := range map[string]struct {
		inside contents
		want   string // id of the one thing that is foreign
	}{
		"the fleet's subnet":                   {contents{subnets: []types.Subnet{{SubnetId: new("mine")}}}, ""},
		"another subnet":                       {contents{subnets: []types.Subnet{{SubnetId: new("subnet-9")}}}, "subnet-9"},
		"the main table":                       {contents{tables: []types.RouteTable{{RouteTableId: new("rtb-9"), Associations: []types.RouteTableAssociation{{Main: awssdk.Bool(true)}}}}}, ""},
		"another table":                        {contents{tables: []types.RouteTable{{RouteTableId: new("rtb-9"), Associations: []types.RouteTableAssociation{{Main: awssdk.Bool(false)}}}}}, "rtb-9"},
		"the list that every network has":      {contents{lists: []types.NetworkAcl{{NetworkAclId: new("acl-9"), IsDefault: awssdk.Bool(true)}}}, ""},
		"another list":                         {contents{lists: []types.NetworkAcl{{NetworkAclId: new("acl-9")}}}, "acl-9"},
		"the group that every network has":     {contents{groups: []types.SecurityGroup{{GroupId: new("sg-9"), GroupName: new("default")}}}, ""},
		"the cluster's group, by its name":     {contents{groups: []types.SecurityGroup{{GroupId: new("sg-9"), GroupName: new("eks-cluster-sg-f-eu-west-1-123")}}}, ""},
		"another cluster's, with our prefix":   {contents{groups: []types.SecurityGroup{{GroupId: new("sg-9"), GroupName: new("eks-cluster-sg-f-eu-west-123")}}}, "sg-9"},
		"a load balancer's group":              {contents{groups: []types.SecurityGroup{{GroupId: new("sg-9"), GroupName: new("k8s-elb"), Tags: tagged("kubernetes.io/cluster/f-eu-west-1", "owned")}}}, ""},
		"a group that is only shared with us":  {contents{groups: []types.SecurityGroup{{GroupId: new("sg-9"), GroupName: new("k8s-elb"), Tags: tagged("kubernetes.io/cluster/f-eu-west-1", "shared")}}}, "sg-9"},
		"a machine of the cluster":             {contents{instances: []types.Instance{{InstanceId: new("i-9"), Tags: tagged("eks:cluster-name", "f-eu-west-1")}}}, ""},
		"a machine of another cluster":         {contents{instances: []types.Instance{{InstanceId: new("i-9"), Tags: tagged("eks:cluster-name", "f-eu-west-2")}}}, "i-9"},
		"a machine that was ended":             {contents{instances: []types.Instance{{InstanceId: new("i-9"), State: &types.InstanceState{Name: types.InstanceStateNameTerminated}}}}, ""},
		"a machine that was stopped":           {contents{instances: []types.Instance{{InstanceId: new("i-9"), State: &types.InstanceState{Name: types.InstanceStateNameStopped}}}}, "i-9"},
		"a NAT gateway that was deleted":       {contents{nats: []types.NatGateway{{NatGatewayId: new("nat-9"), State: types.NatGatewayStateDeleted}}}, ""},
		"another NAT gateway":                  {contents{nats: []types.NatGateway{{NatGatewayId: new("nat-9"), State: types.NatGatewayStateAvailable}}}, "nat-9"},
		"an interface of a machine":            {contents{interfaces: []types.NetworkInterface{{NetworkInterfaceId: new("eni-9"), Attachment: &types.NetworkInterfaceAttachment{InstanceId: new("i-9")}}}}, ""},
		"an interface of a gateway":            {contents{interfaces: []types.NetworkInterface{{NetworkInterfaceId: new("eni-9"), InterfaceType: "nat_gateway"}}}, ""},
		"an interface of a load balancer":      {contents{interfaces: []types.NetworkInterface{{NetworkInterfaceId: new("eni-9"), Description: new("ELB net/x"), Attachment: &types.NetworkInterfaceAttachment{}}}}, "eni-9"},
		"the API server's interface":           {contents{interfaces: []types.NetworkInterface{{NetworkInterfaceId: new("eni-9"), Description: new("Amazon EKS f-eu-west-1")}}}, ""},
		"another cluster's API server's":       {contents{interfaces: []types.NetworkInterface{{NetworkInterfaceId: new("eni-9"), Description: new("Amazon EKS f-eu-west-2")}}}, "eni-9"},
		"the network plugin's, without a node": {contents{interfaces: []types.NetworkInterface{{NetworkInterfaceId: new("eni-9"), Description: new("aws-K8S-i-1")}}}, ""},
	} {
		o := west()
		o.inside = []*contents{&test.inside}
		got := foreign([]*observation{o}, &infra.Seen{Found: []infra.Found{{Physical: "mine"}}})
		if len(got) > 1 || (test.want == "") != (len(got) == 0) || len(got) == 1 && (got[0].Physical != test.want || got[0].Region != "eu-west-1") {
			t.Errorf("%s: %v, wanted %q", name, got, test.want)
		}
	}
}
