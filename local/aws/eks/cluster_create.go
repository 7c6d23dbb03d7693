package eks

import (
	"context"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/local/aws/ec2"
	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

var clusterName = regexp.MustCompile(`^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$`)

// barredZones have no room for control planes.
var barredZones = []string{"use1-az3", "usw1-az2", "cac1-az3"}

// CreateClusterInput is CreateCluster's.
type CreateClusterInput struct {
	Name, RoleArn, Version, ClientRequestToken string
	ResourcesVpcConfig                         VpcConfigRequest
	KubernetesNetworkConfig                    *NetworkConfig
	Logging                                    *Logging
	AccessConfig                               *AccessConfig
	UpgradePolicy                              *UpgradePolicy
	ZonalShiftConfig                           *Enabled
	ControlPlaneScalingConfig                  *Tier
	EncryptionConfig                           []EncryptionConfig
	BootstrapSelfManagedAddons                 *bool
	DeletionProtection                         bool
	Tags                                       map[string]string
}

// VpcConfigRequest asks where the API is reached.
type VpcConfigRequest struct {
	SubnetIds, SecurityGroupIds, PublicAccessCidrs []string
	EndpointPublicAccess, EndpointPrivateAccess    *bool
}

// ClusterOutput shows a cluster.
type ClusterOutput struct {
	Cluster *Cluster
}

// CreateCluster begins to make a control plane.
func (a *API) CreateCluster(_ context.Context, in *CreateClusterInput) (*ClusterOutput, error) {
	c, err := a.newCluster(in)
	if err != nil {
		return nil, err
	}
	nets, err := a.clusterSubnets(c, in.ResourcesVpcConfig)
	if err != nil {
		return nil, err
	}
	if err := a.serviceRange(c, in.KubernetesNetworkConfig); err != nil {
		return nil, err
	}
	if err := a.clusterRole(in.RoleArn); err != nil {
		return nil, err
	}
	a.iam.EnsureServiceLinked("eks.amazonaws.com")
	a.addClusterGroup(c)
	if err := a.addClusterInterfaces(c, nets); err != nil {
		return nil, err
	}
	a.region.Clusters.Put(c.Name, c)
	a.world.Lag.Made(a.region.Name + "/" + c.Name)
	if c.AccessConfig.AuthenticationMode != configMap && *c.AccessConfig.BootstrapClusterCreatorAdminPermissions {
		a.addCreator(c)
	}
	copied := *c
	return &ClusterOutput{&copied}, nil
}

// newCluster checks what needs no other resource.
func (a *API) newCluster(in *CreateClusterInput) (*Cluster, error) {
	c := &Cluster{
		Name: in.Name, Arn: a.arn("cluster/" + in.Name), Version: in.Version, PlatformVersion: "eks.1", RoleArn: in.RoleArn, Status: creating,
		ClientRequestToken: in.ClientRequestToken, CreatedAt: a.now(), EncryptionConfig: in.EncryptionConfig, DeletionProtection: in.DeletionProtection,
		Health: Health{[]Issue{}}, Tags: in.Tags, Region: a.region.Name, SelfManaged: in.BootstrapSelfManagedAddons == nil || *in.BootstrapSelfManagedAddons,
		Due: a.world.In(clusterCreates), UpgradePolicy: UpgradePolicy{"EXTENDED"}, ZonalShiftConfig: in.ZonalShiftConfig, ControlPlaneScalingConfig: &Tier{"standard"},
	}
	if c.Version == "" {
		c.Version = defaultVersion
	}
	if in.UpgradePolicy != nil {
		c.UpgradePolicy = *in.UpgradePolicy
	}
	if in.ControlPlaneScalingConfig != nil {
		c.ControlPlaneScalingConfig = in.ControlPlaneScalingConfig
	}
	c.Logging = allLogs(in.Logging)
	switch {
	case !clusterName.MatchString(in.Name):
		return nil, invalid("The cluster name %q must start with a letter or digit and have at most 100 letters, digits, hyphens and underscores", in.Name)
	case a.region.Clusters.Get(in.Name) != nil:
		return nil, conflict("Cluster already exists with name: %s", in.Name).With("clusterName", in.Name)
	case !slices.Contains(ec2.Versions, c.Version):
		return nil, invalid("unsupported Kubernetes version %s", c.Version)
	case c.UpgradePolicy.SupportType != "STANDARD" && c.UpgradePolicy.SupportType != "EXTENDED":
		return nil, invalid("supportType must be STANDARD or EXTENDED")
	case float64(a.region.Clusters.Len()) >= a.world.Quota(a.region.Name, world.ClustersPerRegion, 100):
		return nil, wire.Errorf("ResourceLimitExceededException", "You've reached your quota for the maximum number of clusters in this region")
	}
	return c, c.setAccess(in.AccessConfig)
}

func (c *Cluster) setAccess(in *AccessConfig) error {
	yes := true
	c.AccessConfig = AccessConfig{configMap, &yes}
	if in != nil && in.AuthenticationMode != "" {
		c.AccessConfig.AuthenticationMode = in.AuthenticationMode
	}
	if in != nil && in.BootstrapClusterCreatorAdminPermissions != nil {
		c.AccessConfig.BootstrapClusterCreatorAdminPermissions = in.BootstrapClusterCreatorAdminPermissions
	}
	if !slices.Contains(modes, c.AccessConfig.AuthenticationMode) {
		return invalid("authenticationMode must be one of %s", strings.Join(modes, ", "))
	}
	return nil
}

var logTypes = []string{"api", "audit", "authenticator", "controllerManager", "scheduler"}

// allLogs is a logging configuration that names every type once.
func allLogs(in *Logging) Logging {
	var on, off []string
	for _, t := range logTypes {
		enabled := false
		if in != nil {
			for _, s := range in.ClusterLogging {
				if slices.Contains(s.Types, t) {
					enabled = s.Enabled
				}
			}
		}
		if enabled {
			on = append(on, t)
		} else {
			off = append(off, t)
		}
	}
	out := Logging{[]LogSetup{}}
	if len(on) > 0 {
		out.ClusterLogging = append(out.ClusterLogging, LogSetup{on, true})
	}
	if len(off) > 0 {
		out.ClusterLogging = append(out.ClusterLogging, LogSetup{off, false})
	}
	return out
}

// clusterSubnets checks where the control plane's interfaces shall be.
func (a *API) clusterSubnets(c *Cluster, in VpcConfigRequest) ([]*ec2.Subnet, error) {
	nets, err := a.ec2.Subnets(in.SubnetIds)
	if err != nil {
		return nil, invalid("%s", wire.AsError(err).Message)
	}
	zones := map[string]bool{}
	for _, n := range nets {
		zones[n.AvailabilityZone] = true
		if slices.Contains(barredZones, n.AvailabilityZoneId) {
			return nil, wire.Errorf("UnsupportedAvailabilityZoneException",
				"Cannot create cluster '%s' because %s, the targeted availability zone, does not currently have sufficient capacity to support the cluster.", c.Name, n.AvailabilityZone).
				With("clusterName", c.Name)
		}
		if a.ec2.FreeAddresses(n) < 6 {
			return nil, invalid("The subnet %s has fewer than 6 free addresses, which a control plane needs", n.SubnetId)
		}
	}
	if len(zones) < 2 {
		return nil, invalid("Subnets specified must be in at least two different AZs")
	}
	c.ResourcesVpcConfig = VpcConfig{SubnetIds: in.SubnetIds, SecurityGroupIds: in.SecurityGroupIds, VpcId: nets[0].VpcId, EndpointPublicAccess: true, PublicAccessCidrs: []string{"0.0.0.0/0"}}
	if err := c.ResourcesVpcConfig.setEndpoints(in); err != nil {
		return nil, err
	}
	return nets, nil
}

// setEndpoints takes what a request says about the API's reach.
func (v *VpcConfig) setEndpoints(in VpcConfigRequest) error {
	if in.EndpointPublicAccess != nil {
		v.EndpointPublicAccess = *in.EndpointPublicAccess
	}
	if in.EndpointPrivateAccess != nil {
		v.EndpointPrivateAccess = *in.EndpointPrivateAccess
	}
	if len(in.PublicAccessCidrs) > 0 {
		v.PublicAccessCidrs = nil
		for _, s := range in.PublicAccessCidrs {
			p, err := netip.ParsePrefix(s)
			if err != nil {
				return invalid("The following CIDRs are invalid in publicAccessCidrs: [%s]", s)
			}
			v.PublicAccessCidrs = append(v.PublicAccessCidrs, p.Masked().String())
		}
	}
	if !v.EndpointPublicAccess && !v.EndpointPrivateAccess {
		return invalid("Private and public endpoint access cannot be false")
	}
	return nil
}

var private = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16")}

// serviceRange takes the asked range of Services, or chooses between EKS's two.
func (a *API) serviceRange(c *Cluster, in *NetworkConfig) error {
	ranges := a.ec2.Ranges(c.ResourcesVpcConfig.VpcId)
	c.KubernetesNetworkConfig = NetworkConfig{ServiceIpv4Cidr: "10.100.0.0/16", IpFamily: "ipv4", ElasticLoadBalancing: &Enabled{}}
	if ranges[0].Overlaps(private[0]) {
		c.KubernetesNetworkConfig.ServiceIpv4Cidr = "172.20.0.0/16"
	}
	if in != nil && in.IpFamily != "" && in.IpFamily != "ipv4" {
		return invalid("this cloud has no IPv6: ipFamily must be ipv4")
	}
	if in == nil || in.ServiceIpv4Cidr == "" {
		return nil
	}
	p, err := netip.ParsePrefix(in.ServiceIpv4Cidr)
	inside := func(o netip.Prefix) bool { return o.Bits() <= p.Bits() && o.Contains(p.Addr()) }
	if err != nil || p != p.Masked() || !slices.ContainsFunc(private, inside) || p.Bits() < 12 || p.Bits() > 24 {
		return invalid("The serviceIpv4Cidr %s is invalid: it must lie in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 and be from /12 to /24", in.ServiceIpv4Cidr)
	}
	if slices.ContainsFunc(ranges, p.Overlaps) {
		return invalid("The serviceIpv4Cidr %s overlaps a range of the VPC", p)
	}
	c.KubernetesNetworkConfig.ServiceIpv4Cidr = p.String()
	return nil
}

// clusterRole checks the role as EKS does, which doesn't see a new one at once.
func (a *API) clusterRole(arn string) error {
	role := a.iam.RoleByARN(arn)
	if role == nil || !role.Trusts("eks.amazonaws.com") {
		return invalid("Role with arn: %s, could not be assumed because it does not exist or the trusted entity is not correct", arn)
	}
	if len(role.Attached) == 0 && len(role.Inline) == 0 {
		return invalid("The provided role doesn't have the Amazon EKS Managed Policies associated with it. Please ensure the following policy is attached: arn:aws:iam::aws:policy/AmazonEKSClusterPolicy")
	}
	return nil
}

func (a *API) addClusterGroup(c *Cluster) {
	name := "eks-cluster-sg-" + c.Name + "-" + a.world.IDs.Hex(8)
	g := a.ec2.MakeGroup(c.ResourcesVpcConfig.VpcId, name,
		"EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any managed workloads.",
		[]ec2.Tag{{Key: "Name", Value: name}, {Key: "aws:eks:cluster-name", Value: c.Name}, {Key: "kubernetes.io/cluster/" + c.Name, Value: "owned"}})
	c.ResourcesVpcConfig.ClusterSecurityGroupId = g.GroupId
}

// addClusterInterfaces gives the control plane an interface in two zones.
func (a *API) addClusterInterfaces(c *Cluster, nets []*ec2.Subnet) error {
	groups := append([]string{c.ResourcesVpcConfig.ClusterSecurityGroupId}, c.ResourcesVpcConfig.SecurityGroupIds...)
	zones := map[string]bool{}
	for _, n := range nets {
		if zones[n.AvailabilityZone] || len(zones) == 2 {
			continue
		}
		zones[n.AvailabilityZone] = true
		if _, err := a.ec2.MakeInterface(n, c.id(), "Amazon EKS "+c.Name, groups); err != nil {
			a.dropClusterParts(c)
			return invalid("%s", wire.AsError(err).Message)
		}
	}
	return nil
}

// dropClusterParts removes what a cluster has in its VPC. A group that
// something else has stays behind, as on AWS.
func (a *API) dropClusterParts(c *Cluster) {
	a.ec2.DropInterfaces(c.id())
	a.ec2.DropGroup(c.ResourcesVpcConfig.ClusterSecurityGroupId)
}
