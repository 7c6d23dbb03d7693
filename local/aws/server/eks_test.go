package server_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/ringspan/ringspan/local/aws/plane"
)

const roles = "arn:aws:iam::" + account + ":role/"

// role makes a role that a service may assume, with one of AWS's policies.
func (c *cloud) role(name, service, policy string) string {
	c.t.Helper()
	must(c.iam().CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trust(service))}))(c.t)
	must(c.iam().AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: aws.String("arn:aws:iam::aws:policy/" + policy)}))(c.t)
	return roles + name
}

func (c *cloud) clusterRoles() {
	c.role("cluster", "eks", "AmazonEKSClusterPolicy")
	c.role("node", "ec2", "AmazonEKSWorkerNodePolicy")
	c.role("pods", "pods.eks", "AmazonEBSCSIDriverPolicy")
}

func (n *network) cluster(name string) *eks.CreateClusterInput {
	return &eks.CreateClusterInput{
		Name: &name, RoleArn: aws.String(roles + "cluster"), ResourcesVpcConfig: &ekstypes.VpcConfigRequest{SubnetIds: []string{n.subnet, n.other}},
		AccessConfig:            &ekstypes.CreateAccessConfigRequest{AuthenticationMode: ekstypes.AuthenticationModeApi},
		KubernetesNetworkConfig: &ekstypes.KubernetesNetworkConfigRequest{ServiceIpv4Cidr: aws.String("172.30.0.0/16")}, BootstrapSelfManagedAddons: aws.Bool(false),
	}
}

func (n *network) nodes(cluster, name string, count int32) *eks.CreateNodegroupInput {
	return &eks.CreateNodegroupInput{
		ClusterName: &cluster, NodegroupName: &name, NodeRole: aws.String(roles + "node"), Subnets: []string{n.subnet, n.other}, InstanceTypes: []string{"m5.large"},
		ScalingConfig: &ekstypes.NodegroupScalingConfig{MinSize: aws.Int32(0), MaxSize: aws.Int32(5), DesiredSize: &count}, Labels: map[string]string{"rack": "r1"},
	}
}

func statusOf(t *testing.T, k *eks.Client, name string) ekstypes.ClusterStatus {
	t.Helper()
	return must(k.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name}))(t).Cluster.Status
}

func TestClusterFromFirstToLast(t *testing.T) {
	c := start(t, waits(1))
	n := c.network("eu-west-1", "10.1.0.0/16")
	k := c.eks("eu-west-1")
	c.clusterRoles()
	_, err := k.CreateCluster(ctx, n.cluster("ring"))
	wantCode(t, err, "InvalidParameterException") // IAM is not that fast
	c.advance(time.Minute)

	made := must(k.CreateCluster(ctx, n.cluster("ring")))(t).Cluster
	if made.Status != ekstypes.ClusterStatusCreating || made.Endpoint != nil {
		t.Errorf("a new cluster is %s at %s", made.Status, aws.ToString(made.Endpoint))
	}
	_, err = k.CreateCluster(ctx, n.cluster("ring"))
	wantCode(t, err, "ResourceInUseException")
	_, err = k.CreateNodegroup(ctx, n.nodes("ring", "workers", 2))
	wantCode(t, err, "InvalidRequestException")
	_, err = n.api.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &n.other})
	wantCode(t, err, "DependencyViolation") // the control plane's interface

	c.advance(20 * time.Minute)
	if err := eks.NewClusterActiveWaiter(k).Wait(ctx, &eks.DescribeClusterInput{Name: aws.String("ring")}, time.Second); err != nil {
		t.Fatal(err)
	}
	addon := func(name string) error {
		return call(k.CreateAddon, &eks.CreateAddonInput{ClusterName: aws.String("ring"), AddonName: &name})()
	}
	if err := errors.Join(addon("vpc-cni"), addon("coredns")); err != nil {
		t.Fatal(err)
	}
	wantCode(t, addon("coredns"), "ResourceInUseException")
	c.advance(time.Minute)
	wantAddon(t, k, "vpc-cni", ekstypes.AddonStatusActive)
	wantAddon(t, k, "coredns", ekstypes.AddonStatusDegraded) // there are no nodes

	must(k.CreateNodegroup(ctx, n.nodes("ring", "workers", 3)))(t)
	c.advance(5 * time.Minute)
	if err := eks.NewNodegroupActiveWaiter(k).Wait(ctx, &eks.DescribeNodegroupInput{ClusterName: aws.String("ring"), NodegroupName: aws.String("workers")}, time.Second); err != nil {
		t.Fatal(err)
	}
	wantAddon(t, k, "coredns", ekstypes.AddonStatusActive)
	if got := running(t, n.api); got != 3 {
		t.Errorf("%d machines run, want 3", got)
	}

	u := must(k.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{Name: aws.String("ring"), ResourcesVpcConfig: &ekstypes.VpcConfigRequest{EndpointPrivateAccess: aws.Bool(true)}}))(t).Update
	_, err = k.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{Name: aws.String("ring"), DeletionProtection: aws.Bool(true)})
	wantCode(t, err, "ResourceInUseException") // one at a time
	wantUpdate(t, k, u, ekstypes.UpdateStatusInProgress)
	c.advance(10 * time.Minute)
	wantUpdate(t, k, u, ekstypes.UpdateStatusSuccessful)
	_, err = k.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{Name: aws.String("ring"), ResourcesVpcConfig: &ekstypes.VpcConfigRequest{EndpointPrivateAccess: aws.Bool(true)}})
	wantCode(t, err, "InvalidParameterException") // nothing would change

	_, err = k.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: aws.String("ring")})
	wantCode(t, err, "ResourceInUseException") // it has nodes
	must(k.DeleteNodegroup(ctx, &eks.DeleteNodegroupInput{ClusterName: aws.String("ring"), NodegroupName: aws.String("workers")}))(t)
	c.advance(10 * time.Minute)
	must(k.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: aws.String("ring")}))(t)
	if s := statusOf(t, k, "ring"); s != ekstypes.ClusterStatusDeleting {
		t.Errorf("a cluster being deleted is %s", s)
	}
	c.advance(20 * time.Minute)
	_, err = k.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String("ring")})
	wantCode(t, err, "ResourceNotFoundException")
	must(n.api.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &n.other}))(t)
	if groups := must(n.api.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: filter("tag:aws:eks:cluster-name", "ring")}))(t).SecurityGroups; len(groups) > 0 {
		t.Error("the cluster's security group is left")
	}
}

func wantAddon(t *testing.T, k *eks.Client, name string, want ekstypes.AddonStatus) {
	t.Helper()
	if got := must(k.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: aws.String("ring"), AddonName: &name}))(t).Addon.Status; got != want {
		t.Errorf("%s is %s, want %s", name, got, want)
	}
}

func wantUpdate(t *testing.T, k *eks.Client, u *ekstypes.Update, want ekstypes.UpdateStatus) {
	t.Helper()
	if got := must(k.DescribeUpdate(ctx, &eks.DescribeUpdateInput{Name: aws.String("ring"), UpdateId: u.Id}))(t).Update.Status; got != want {
		t.Errorf("the update is %s, want %s", got, want)
	}
}

func running(t *testing.T, api *ec2.Client) int {
	t.Helper()
	count := 0
	for _, r := range must(api.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: filter("instance-state-name", "running")}))(t).Reservations {
		count += len(r.Instances)
	}
	return count
}

func TestWhatClustersRefuse(t *testing.T) {
	c := start(t)
	n := c.network("us-east-1", "10.1.0.0/16")
	c.clusterRoles()
	k := c.eks("us-east-1")
	for _, wrong := range []struct {
		what, code string
		change     func(*eks.CreateClusterInput)
	}{
		{"one zone", "InvalidParameterException", func(in *eks.CreateClusterInput) { in.ResourcesVpcConfig.SubnetIds = []string{n.subnet} }},
		{"a barred zone", "UnsupportedAvailabilityZoneException", func(in *eks.CreateClusterInput) {
			in.ResourcesVpcConfig.SubnetIds = []string{n.subnet, n.newSubnet("10.1.9.0/24", "us-east-1c")}
		}},
		{"a small subnet", "InvalidParameterException", func(in *eks.CreateClusterInput) {
			small := n.newSubnet("10.1.10.0/28", "us-east-1d")
			must(n.api.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: &small, SecondaryPrivateIpAddressCount: aws.Int32(6)}))(t)
			in.ResourcesVpcConfig.SubnetIds = []string{n.subnet, small}
		}},
		{"no such subnet", "InvalidParameterException", func(in *eks.CreateClusterInput) { in.ResourcesVpcConfig.SubnetIds = []string{n.subnet, "subnet-1"} }},
		{"no such role", "InvalidParameterException", func(in *eks.CreateClusterInput) { in.RoleArn = aws.String(roles + "none") }},
		{"a role of nodes", "InvalidParameterException", func(in *eks.CreateClusterInput) { in.RoleArn = aws.String(roles + "node") }},
		{"a Service range within the VPC", "InvalidParameterException", func(in *eks.CreateClusterInput) {
			in.KubernetesNetworkConfig.ServiceIpv4Cidr = aws.String("10.1.0.0/20")
		}},
		{"a Service range that is public", "InvalidParameterException", func(in *eks.CreateClusterInput) {
			in.KubernetesNetworkConfig.ServiceIpv4Cidr = aws.String("8.8.0.0/16")
		}},
		{"an old version", "InvalidParameterException", func(in *eks.CreateClusterInput) { in.Version = aws.String("1.18") }},
	} {
		t.Run(wrong.what, func(t *testing.T) {
			in := n.cluster("ring")
			wrong.change(in)
			_, err := k.CreateCluster(ctx, in)
			wantCode(t, err, wrong.code)
		})
	}
	if left := must(k.ListClusters(ctx, &eks.ListClustersInput{}))(t).Clusters; len(left) > 0 {
		t.Errorf("refused clusters are listed: %v", left)
	}
}

func TestNodesWithoutANetworkPlugin(t *testing.T) {
	c := start(t)
	n := c.network("eu-west-1", "10.1.0.0/16")
	c.clusterRoles()
	k := c.eks("eu-west-1")
	must(k.CreateCluster(ctx, n.cluster("ring")))(t)
	must(k.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String("ring")}))(t)
	must(k.CreateNodegroup(ctx, n.nodes("ring", "workers", 1)))(t)
	g := must(k.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: aws.String("ring"), NodegroupName: aws.String("workers")}))(t).Nodegroup
	if g.Status != ekstypes.NodegroupStatusCreateFailed || g.Health.Issues[0].Code != ekstypes.NodegroupIssueCodeNodeCreationFailure {
		t.Errorf("the group is %s: %v", g.Status, g.Health.Issues)
	}
}

func TestLeftoversOfTheNetworkPlugin(t *testing.T) {
	c := start(t)
	n := c.network("eu-west-1", "10.1.0.0/16")
	c.clusterRoles()
	k := c.eks("eu-west-1")
	c.drive("PUT", "leftovers", map[string]bool{"interfaces": true}, nil)
	must(k.CreateCluster(ctx, n.cluster("ring")))(t)
	must(k.CreateAddon(ctx, &eks.CreateAddonInput{ClusterName: aws.String("ring"), AddonName: aws.String("vpc-cni")}))(t)
	must(k.CreateNodegroup(ctx, n.nodes("ring", "workers", 1)))(t)
	if err := eks.NewNodegroupActiveWaiter(k).Wait(ctx, &eks.DescribeNodegroupInput{ClusterName: aws.String("ring"), NodegroupName: aws.String("workers")}, time.Minute); err != nil {
		t.Fatal(err)
	}
	must(k.DeleteNodegroup(ctx, &eks.DeleteNodegroupInput{ClusterName: aws.String("ring"), NodegroupName: aws.String("workers")}))(t)
	must(k.ListNodegroups(ctx, &eks.ListNodegroupsInput{ClusterName: aws.String("ring")}))(t)
	must(k.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: aws.String("ring")}))(t)
	must(k.ListClusters(ctx, &eks.ListClustersInput{}))(t)
	left := must(n.api.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{Filters: filter("status", "available", "tag:cluster.k8s.amazonaws.com/name", "ring")}))(t).NetworkInterfaces
	if len(left) != 1 {
		t.Fatalf("%d interfaces are left, want 1", len(left))
	}
	group := left[0].Groups[0].GroupId
	_, err := n.api.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: group})
	wantCode(t, err, "DependencyViolation") // the cluster's own group stays behind with it
	must(n.api.DeleteNetworkInterface(ctx, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: left[0].NetworkInterfaceId}))(t)
	must(n.api.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: group}))(t)
}

func TestAccess(t *testing.T) {
	c := start(t)
	n := c.network("eu-west-1", "10.1.0.0/16")
	c.clusterRoles()
	k := c.eks("eu-west-1")
	must(k.CreateCluster(ctx, n.cluster("ring")))(t)
	ring, view := aws.String("ring"), aws.String("arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy")
	entry := func() *eks.CreateAccessEntryInput { // the SDK writes its token into the input, and a repeated token is no second call
		return &eks.CreateAccessEntryInput{ClusterName: ring, PrincipalArn: aws.String(roles + "pods"), KubernetesGroups: []string{"readers"}, Tags: map[string]string{"fleet": "a"}}
	}
	made := must(k.CreateAccessEntry(ctx, entry()))(t).AccessEntry
	_, err := k.CreateAccessEntry(ctx, entry())
	wantCode(t, err, "ResourceInUseException")
	must(k.AssociateAccessPolicy(ctx, &eks.AssociateAccessPolicyInput{ClusterName: ring, PrincipalArn: made.PrincipalArn, PolicyArn: view, AccessScope: &ekstypes.AccessScope{Type: ekstypes.AccessScopeTypeNamespace, Namespaces: []string{"k8ssandra"}}}))(t)
	if got := must(k.ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: ring, AssociatedPolicyArn: view}))(t).AccessEntries; !slices.Equal(got, []string{*made.PrincipalArn}) {
		t.Errorf("entries with the policy: %v", got)
	}
	if got := must(k.ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: ring}))(t).AccessEntries; len(got) != 2 {
		t.Errorf("%v: want the creator and the role", got)
	}
	if got := must(k.ListTagsForResource(ctx, &eks.ListTagsForResourceInput{ResourceArn: made.AccessEntryArn}))(t).Tags["fleet"]; got != "a" {
		t.Errorf("the tag is %q", got)
	}
	must(k.DisassociateAccessPolicy(ctx, &eks.DisassociateAccessPolicyInput{ClusterName: ring, PrincipalArn: made.PrincipalArn, PolicyArn: view}))(t)
	must(k.DeleteAccessEntry(ctx, &eks.DeleteAccessEntryInput{ClusterName: ring, PrincipalArn: made.PrincipalArn}))(t)
	_, err = k.DescribeAccessEntry(ctx, &eks.DescribeAccessEntryInput{ClusterName: ring, PrincipalArn: made.PrincipalArn})
	wantCode(t, err, "ResourceNotFoundException")

	pod := &eks.CreatePodIdentityAssociationInput{ClusterName: ring, Namespace: aws.String("kube-system"), ServiceAccount: aws.String("ebs"), RoleArn: aws.String(roles + "pods")}
	p := must(k.CreatePodIdentityAssociation(ctx, pod))(t).Association
	_, err = k.CreatePodIdentityAssociation(ctx, &eks.CreatePodIdentityAssociationInput{ClusterName: ring, Namespace: pod.Namespace, ServiceAccount: pod.ServiceAccount, RoleArn: pod.RoleArn})
	wantCode(t, err, "ResourceInUseException")
	must(k.DeletePodIdentityAssociation(ctx, &eks.DeletePodIdentityAssociationInput{ClusterName: ring, AssociationId: p.AssociationId}))(t)
}

// machines is a plane that only remembers, and fails as often as it is told.
type machines struct {
	mu    sync.Mutex
	fail  int
	has   map[string]bool
	nodes map[string]plane.Node
	seen  plane.Topology
}

func newMachines() *machines {
	return &machines{has: map[string]bool{}, nodes: map[string]plane.Node{}}
}

func (m *machines) set(key string, there bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail > 0 {
		m.fail--
		return fmt.Errorf("%s: not this time", key)
	}
	if there {
		m.has[key] = true
	} else {
		delete(m.has, key)
	}
	return nil
}

func (m *machines) CreateCluster(_ context.Context, c plane.Cluster) (plane.Endpoint, error) {
	return plane.Endpoint{URL: "https://192.0.2.1", CA: []byte("ca of " + c.ID)}, m.set(c.ID, true)
}
func (m *machines) DeleteCluster(_ context.Context, id string) error { return m.set(id, false) }
func (m *machines) SetAccess(_ context.Context, id string, grants []plane.Grant) error {
	return m.set(fmt.Sprint(id, " access of ", len(grants)), true)
}
func (m *machines) SetAddon(_ context.Context, id, name, _ string) error {
	return m.set(id+" "+name, true)
}
func (m *machines) DeleteAddon(_ context.Context, id, name string) error {
	return m.set(id+" "+name, false)
}
func (m *machines) CreateNode(_ context.Context, n plane.Node) error {
	m.mu.Lock()
	m.nodes[n.Name] = n
	m.mu.Unlock()
	return m.set(n.Name, true)
}
func (m *machines) DeleteNode(_ context.Context, _, name string) error { return m.set(name, false) }
func (m *machines) Apply(_ context.Context, t plane.Topology) error {
	if err := m.set("networks", false); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = t
	return nil
}

func (m *machines) left() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for key := range m.has {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

func TestClustersComeFromThePlane(t *testing.T) {
	m := newMachines()
	c := start(t, on(m, m))
	n := c.network("eu-west-1", "10.1.0.0/16")
	c.clusterRoles()
	k := c.eks("eu-west-1")
	m.mu.Lock()
	m.fail = 1
	m.mu.Unlock()
	must(k.CreateCluster(ctx, n.cluster("ring")))(t)
	if err := eks.NewClusterActiveWaiter(k, fast).Wait(ctx, &eks.DescribeClusterInput{Name: aws.String("ring")}, time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := *must(k.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String("ring")}))(t).Cluster.Endpoint; got != "https://192.0.2.1" {
		t.Errorf("the endpoint is %s", got)
	}
	must(k.CreateAddon(ctx, &eks.CreateAddonInput{ClusterName: aws.String("ring"), AddonName: aws.String("vpc-cni")}))(t)
	must(k.CreateNodegroup(ctx, n.nodes("ring", "workers", 2)))(t)
	workers := &eks.DescribeNodegroupInput{ClusterName: aws.String("ring"), NodegroupName: aws.String("workers")}
	if err := eks.NewNodegroupActiveWaiter(k, func(o *eks.NodegroupActiveWaiterOptions) { o.MinDelay = 20 * time.Millisecond }).Wait(ctx, workers, time.Minute); err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	for _, node := range m.nodes {
		if node.Cluster != "eu-west-1/ring" || node.Labels["rack"] != "r1" || node.Interface == "" || node.Zone == "" {
			t.Errorf("the plane got %+v", node)
		}
	}
	if len(m.nodes) != 2 || len(m.seen.VPCs) != 1 || len(m.seen.VPCs[0].Interfaces) != 5 { // NAT, two of the control plane, two nodes
		t.Errorf("the plane has %d nodes and saw %+v", len(m.nodes), m.seen.VPCs)
	}
	m.mu.Unlock()

	must(k.DeleteNodegroup(ctx, &eks.DeleteNodegroupInput{ClusterName: aws.String("ring"), NodegroupName: aws.String("workers")}))(t)
	if err := eks.NewNodegroupDeletedWaiter(k, func(o *eks.NodegroupDeletedWaiterOptions) { o.MinDelay = 20 * time.Millisecond }).Wait(ctx, workers, time.Minute); err != nil {
		t.Fatal(err)
	}
	must(k.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: aws.String("ring")}))(t)
	if err := eks.NewClusterDeletedWaiter(k, func(o *eks.ClusterDeletedWaiterOptions) { o.MinDelay = 20 * time.Millisecond }).Wait(ctx, &eks.DescribeClusterInput{Name: aws.String("ring")}, time.Minute); err != nil {
		t.Fatal(err)
	}
	// Grants end with the cluster. Those of its creator and of its nodes may have come to the plane at once.
	left := m.left()
	if len(left) == 0 || left[len(left)-1] != "eu-west-1/ring access of 2" {
		t.Errorf("left on the plane: %v", left)
	}
	if other := slices.DeleteFunc(left, func(s string) bool { return strings.HasPrefix(s, "eu-west-1/ring access of ") }); len(other) > 0 {
		t.Errorf("left on the plane: %v", other)
	}
}

func fast(o *eks.ClusterActiveWaiterOptions) { o.MinDelay = 20 * time.Millisecond }

func TestTopology(t *testing.T) {
	m := newMachines()
	c := start(t, on(m, nil))
	n, o := c.network("eu-west-1", "10.1.0.0/16"), c.network("eu-central-1", "10.2.0.0/16")
	pcx := peer(t, n, o)
	must(n.api.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: &n.table, DestinationCidrBlock: aws.String("10.2.0.0/16"), VpcPeeringConnectionId: &pcx}))(t)
	must(n.api.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &n.group, IpPermissions: []ec2types.IpPermission{
		{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(7000), ToPort: aws.Int32(7001), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("10.2.0.0/16")}}},
	}}))(t)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.seen.VPCs) != 2 || len(m.seen.Peerings) != 1 || m.seen.Peerings[0] != (plane.Peering{ID: pcx, A: n.vpc, B: o.vpc, MTU: 8500}) {
		t.Fatalf("VPCs %d, peerings %+v", len(m.seen.VPCs), m.seen.Peerings)
	}
	v := m.seen.VPCs[slices.IndexFunc(m.seen.VPCs, func(v plane.VPC) bool { return v.ID == n.vpc })]
	tables := map[string]string{}
	for _, s := range v.Subnets {
		tables[s.ID] = s.RouteTable
	}
	if tables[n.subnet] != n.table || tables[n.other] == "" || tables[n.other] == n.table {
		t.Errorf("route tables of the subnets: %v", tables)
	}
	routes := v.RouteTables[slices.IndexFunc(v.RouteTables, func(r plane.RouteTable) bool { return r.ID == n.table })].Routes
	if len(routes) != 1 || routes[0].Kind != plane.ToPeering || routes[0].Target != pcx {
		t.Errorf("routes: %+v", routes)
	}
	rules := v.SecurityGroups[slices.IndexFunc(v.SecurityGroups, func(g plane.SecurityGroup) bool { return g.ID == n.group })].Ingress
	if len(rules) != 1 || rules[0].Protocol != 6 || rules[0].From != 7000 || rules[0].To != 7001 || rules[0].CIDR.String() != "10.2.0.0/16" {
		t.Errorf("rules: %+v", rules)
	}
	if v.InternetGateway != n.gateway || len(v.NATGateways) != 1 || !v.NATGateways[0].PublicIP.IsValid() {
		t.Errorf("gateways: %q %+v", v.InternetGateway, v.NATGateways)
	}
}

func TestNetworksAreAppliedAgainAfterAnError(t *testing.T) {
	m := newMachines()
	c := start(t, on(m, nil))
	m.mu.Lock()
	m.fail = 2
	m.mu.Unlock()
	n := &network{cloud: c, api: c.ec2("eu-west-1")}
	id := n.newVPC("10.1.0.0/16")
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		m.mu.Lock()
		seen := len(m.seen.VPCs) == 1 && m.seen.VPCs[0].ID == id
		m.mu.Unlock()
		if seen {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the plane never got the VPC")
		}
	}
}

func TestLeftoversOfLoadBalancers(t *testing.T) {
	c := start(t)
	n, k := ring(c)
	web := map[string]string{"region": "eu-west-1", "cluster": "ring", "name": "web"}
	c.drive("POST", "load-balancers", web, nil)
	must(k.DeleteNodegroup(ctx, &eks.DeleteNodegroupInput{ClusterName: aws.String("ring"), NodegroupName: aws.String("workers")}))(t)
	must(k.ListNodegroups(ctx, &eks.ListNodegroupsInput{ClusterName: aws.String("ring")}))(t)
	must(k.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: aws.String("ring")}))(t)
	must(k.ListClusters(ctx, &eks.ListClustersInput{}))(t)
	_, err := n.api.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &n.other})
	wantCode(t, err, "DependencyViolation")
	c.drive("DELETE", "load-balancers", web, nil)
	must(n.api.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &n.other}))(t)
	groups := must(n.api.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: filter("group-name", "k8s-elb-*")}))(t).SecurityGroups
	if len(groups) != 1 {
		t.Errorf("%d groups of load balancers are left, want 1", len(groups))
	}
}
