package aws

import (
	"slices"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"

	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/network"
)

// breakage is one thing that a person does by hand.
type breakage struct {
	do     func(t *testing.T, h hand)
	undo   func(t *testing.T, h hand) // nil: up mends it
	check  network.Aspect
	from   string
	to     string
	both   bool
	ports  []string
	causes []string // parts of the cause
}

// hand is a person's in eu-west-1.
type hand struct {
	ec2   *ec2.Client
	eks   *eks.Client
	group string // of the cluster
	vpc   string
}

// Each thing that somebody changes by hand is named from the API alone, with the
// pair of regions and its id, and nothing else is; plan shows what up would mend,
// and up mends it.
func TestTheAPIShowsWhatIsWrong(t *testing.T) {
	e := serve(t)
	c, w := e.cloud(), request(t, twoRegions, false)
	up(t, c, w)
	h := hand{ec2: e.ec2("eu-west-1"), eks: e.eks("eu-west-1")}
	out, err := h.eks.DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: awssdk.String(w.Fleet + "-eu-west-1")})
	if err != nil {
		t.Fatal(err)
	}
	h.group, h.vpc = *out.Cluster.ResourcesVpcConfig.ClusterSecurityGroupId, *out.Cluster.ResourcesVpcConfig.VpcId
	const west, central = "eu-west-1", "eu-central-1"
	peer := cidrOf(t, c, w, central)
	if found := view(t, c, w); len(found) > 0 {
		t.Fatalf("a fleet as up makes it has findings: %v", found)
	}
	for what, b := range map[string]breakage{
		"a route": {check: network.Reach, from: west, to: central, both: true, causes: []string{"rtb-", peer}, do: func(t *testing.T, h hand) { h.dropRoutes(t, peer) }},
		"a rule": {check: network.Reach, from: central, to: west, ports: []string{"tcp/7000", "tcp/7001"}, causes: []string{h.group, peer},
			do: func(t *testing.T, h hand) { h.revoke(t, 7000, peer) }},
		"an entry of a list": {check: network.Reach, from: central, to: west, ports: []string{"tcp/9042"}, causes: []string{"acl-"},
			do: func(t *testing.T, h hand) { h.deny(t, 9042, peer) }, undo: func(t *testing.T, h hand) { h.allow(t) }},
		"a peering":      {check: network.Reach, from: central, to: west, both: true, causes: []string{"peering"}, do: func(t *testing.T, h hand) { h.part(t) }},
		"the CNI's SNAT": {check: network.Source, from: west, to: central, causes: []string{"SNAT"}, do: func(t *testing.T, h hand) { h.plugin(t, `{"env":{"POD_MTU":"8500"}}`) }},
	} {
		t.Run(what, func(t *testing.T) {
			b.do(t, h)
			found := view(t, c, w)
			if len(found) != 1 || !b.is(found[0]) {
				t.Errorf("findings: %v", found)
			}
			if b.undo != nil {
				b.undo(t, h)
			} else {
				if d, err := provision.Plan(t.Context(), c, w); err != nil || len(d.Plan.Steps) == 0 {
					t.Errorf("plan: %v", err)
				}
				up(t, c, w)
			}
			if found := view(t, c, w); len(found) > 0 {
				t.Errorf("mended, and still: %v", found)
			}
		})
	}
}

func (b breakage) is(f network.Finding) bool {
	pair := f.From == b.from && f.To == b.to || b.both && f.From == b.to && f.To == b.from
	return f.Severity == network.Fault && f.Check == b.check && pair && slices.Equal(f.Ports, b.ports) && f.Fix != "" &&
		!slices.ContainsFunc(b.causes, func(part string) bool { return !strings.Contains(f.Cause, part) })
}

func view(t *testing.T, c *aws.Cloud, w provision.Request) []network.Finding {
	t.Helper()
	v, missing, err := c.Describe(t.Context(), w.Fleet, &w.Spec)
	if err != nil || len(missing) > 0 {
		t.Fatalf("%v, missing %v", err, missing)
	}
	return network.Check(v)
}

func cidrOf(t *testing.T, c *aws.Cloud, w provision.Request, region string) string {
	t.Helper()
	v, _, err := c.Describe(t.Context(), w.Fleet, &w.Spec)
	for _, r := range must(t, v, err).Regions {
		if r.Name == region {
			return r.VPC.CIDRs[0].String()
		}
	}
	t.Fatalf("no region %s", region)
	return ""
}

func (e *embedded) eks(region string) *eks.Client {
	return eks.New(eks.Options{Region: region, BaseEndpoint: &e.url, Credentials: credentials.NewStaticCredentialsProvider("any", "any", "")})
}

func in(vpc string) []types.Filter {
	return []types.Filter{{Name: awssdk.String("vpc-id"), Values: []string{vpc}}}
}

func must[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (h hand) dropRoutes(t *testing.T, to string) {
	t.Helper()
	all, err := h.ec2.DescribeRouteTables(t.Context(), &ec2.DescribeRouteTablesInput{Filters: in(h.vpc)})
	for _, table := range must(t, all, err).RouteTables {
		for _, r := range table.Routes {
			if awssdk.ToString(r.DestinationCidrBlock) == to {
				_, err := h.ec2.DeleteRoute(t.Context(), &ec2.DeleteRouteInput{RouteTableId: table.RouteTableId, DestinationCidrBlock: &to})
				must(t, 0, err)
			}
		}
	}
}

func (h hand) revoke(t *testing.T, port int32, from string) {
	t.Helper()
	all, err := h.ec2.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{GroupIds: []string{h.group}})
	for _, p := range must(t, all, err).SecurityGroups[0].IpPermissions {
		if awssdk.ToInt32(p.FromPort) > port || awssdk.ToInt32(p.ToPort) < port || awssdk.ToString(p.IpProtocol) != "tcp" {
			continue
		}
		p.UserIdGroupPairs, p.IpRanges = nil, []types.IpRange{{CidrIp: &from}}
		_, err := h.ec2.RevokeSecurityGroupIngress(t.Context(), &ec2.RevokeSecurityGroupIngressInput{GroupId: &h.group, IpPermissions: []types.IpPermission{p}})
		must(t, 0, err)
	}
}

const denial = 50 // number of the entry

func (h hand) list(t *testing.T) *string {
	t.Helper()
	all, err := h.ec2.DescribeNetworkAcls(t.Context(), &ec2.DescribeNetworkAclsInput{Filters: in(h.vpc)})
	return must(t, all, err).NetworkAcls[0].NetworkAclId
}

func (h hand) deny(t *testing.T, port int32, from string) {
	t.Helper()
	_, err := h.ec2.CreateNetworkAclEntry(t.Context(), &ec2.CreateNetworkAclEntryInput{NetworkAclId: h.list(t), RuleNumber: awssdk.Int32(denial), Egress: awssdk.Bool(false),
		Protocol: awssdk.String("6"), RuleAction: types.RuleActionDeny, CidrBlock: &from, PortRange: &types.PortRange{From: &port, To: &port}})
	must(t, 0, err)
}

func (h hand) allow(t *testing.T) {
	t.Helper()
	_, err := h.ec2.DeleteNetworkAclEntry(t.Context(), &ec2.DeleteNetworkAclEntryInput{NetworkAclId: h.list(t), RuleNumber: awssdk.Int32(denial), Egress: awssdk.Bool(false)})
	must(t, 0, err)
}

func (h hand) part(t *testing.T) {
	t.Helper()
	all, err := h.ec2.DescribeVpcPeeringConnections(t.Context(), &ec2.DescribeVpcPeeringConnectionsInput{Filters: []types.Filter{{Name: awssdk.String("status-code"), Values: []string{"active"}}}})
	for _, p := range must(t, all, err).VpcPeeringConnections {
		_, err := h.ec2.DeleteVpcPeeringConnection(t.Context(), &ec2.DeleteVpcPeeringConnectionInput{VpcPeeringConnectionId: p.VpcPeeringConnectionId})
		must(t, 0, err)
	}
}

func (h hand) plugin(t *testing.T, configuration string) {
	t.Helper()
	all, err := h.eks.ListClusters(t.Context(), &eks.ListClustersInput{})
	for _, name := range must(t, all, err).Clusters {
		_, err := h.eks.UpdateAddon(t.Context(), &eks.UpdateAddonInput{ClusterName: &name, AddonName: awssdk.String("vpc-cni"), ConfigurationValues: &configuration})
		must(t, 0, err)
	}
}
