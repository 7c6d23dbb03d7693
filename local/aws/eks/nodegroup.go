package eks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringspan/ringspan/local/aws/ec2"
	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// Nodegroup is a set of like machines.
type Nodegroup struct {
	NodegroupName, NodegroupArn, ClusterName, Version, ReleaseVersion, Status, CapacityType, AmiType, NodeRole string
	CreatedAt, ModifiedAt                                                                                      time.Time
	ScalingConfig                                                                                              ScalingConfig
	UpdateConfig                                                                                               *UpdateConfig
	NodeRepairConfig                                                                                           *Enabled
	InstanceTypes                                                                                              []string `wire:",omitempty"`
	Subnets                                                                                                    []string
	DiskSize                                                                                                   int `wire:",omitempty"`
	Labels                                                                                                     map[string]string
	Taints                                                                                                     []Taint `wire:",omitempty"`
	LaunchTemplate                                                                                             *LaunchTemplate
	Resources                                                                                                  Resources
	Health                                                                                                     Health
	Tags                                                                                                       map[string]string

	Machines []string  `wire:"-"` // instances
	Due      time.Time `wire:"-"`
}

// ScalingConfig is how many machines a group has.
type ScalingConfig struct {
	MinSize, MaxSize, DesiredSize int
}

// UpdateConfig is how many machines are replaced at once.
type UpdateConfig struct {
	MaxUnavailable           int `wire:",omitempty"`
	MaxUnavailablePercentage int `wire:",omitempty"`
	UpdateStrategy           string
}

// Taint keeps pods off a node.
type Taint struct {
	Key, Value, Effect string
}

// LaunchTemplate names EC2's template of a group.
type LaunchTemplate struct {
	Id, Name, Version string
}

// Resources are what a group has elsewhere.
type Resources struct {
	AutoScalingGroups []AutoScalingGroup
}

// AutoScalingGroup is a group of EC2 Auto Scaling, by name.
type AutoScalingGroup struct {
	Name string
}

// NodegroupOutput shows a group.
type NodegroupOutput struct {
	Nodegroup *Nodegroup
}

// CreateNodegroupInput is CreateNodegroup's.
type CreateNodegroupInput struct {
	ClusterName                                                                                 string `wire:",uri"`
	NodegroupName, NodeRole, AmiType, CapacityType, Version, ReleaseVersion, ClientRequestToken string
	Subnets, InstanceTypes                                                                      []string
	ScalingConfig                                                                               *ScalingConfig
	UpdateConfig                                                                                *UpdateConfig
	NodeRepairConfig                                                                            *Enabled
	DiskSize                                                                                    int
	Labels, Tags                                                                                map[string]string
	Taints                                                                                      []Taint
	LaunchTemplate                                                                              *LaunchTemplate
}

var amiTypes = map[string]string{
	"AL2023_x86_64_STANDARD": "x86_64", "AL2023_ARM_64_STANDARD": "arm64", "AL2_x86_64": "x86_64", "AL2_ARM_64": "arm64",
	"BOTTLEROCKET_x86_64": "x86_64", "BOTTLEROCKET_ARM_64": "arm64", "CUSTOM": "x86_64",
}

// CreateNodegroup begins to make machines that join a cluster.
func (a *API) CreateNodegroup(_ context.Context, in *CreateNodegroupInput) (*NodegroupOutput, error) {
	c, err := a.cluster(in.ClusterName)
	if err != nil {
		return nil, err
	}
	if c.Status != active && c.Status != updating {
		return nil, wire.Errorf("InvalidRequestException", "Cluster '%s' is not in ACTIVE status", c.Name).With("clusterName", c.Name)
	}
	g, err := a.newNodegroup(c, in)
	if err != nil {
		return nil, err
	}
	nets, err := a.nodeSubnets(c, in.Subnets)
	if err != nil {
		return nil, err
	}
	if err := a.nodeRole(in.NodeRole); err != nil {
		return nil, err
	}
	if err := a.scale(c, g, nets); err != nil {
		return nil, err
	}
	a.iam.EnsureServiceLinked("eks-nodegroup.amazonaws.com")
	a.addNodeEntry(c, in.NodeRole)
	c.Nodegroups.Put(g.NodegroupName, g)
	a.world.Lag.Made(c.id() + "/" + g.NodegroupName)
	copied := *g
	return &NodegroupOutput{&copied}, nil
}

func (a *API) newNodegroup(c *Cluster, in *CreateNodegroupInput) (*Nodegroup, error) {
	g := &Nodegroup{
		NodegroupName: in.NodegroupName, NodegroupArn: a.arn("nodegroup/" + c.Name + "/" + in.NodegroupName + "/" + a.world.IDs.UUID()), ClusterName: c.Name,
		Version: c.Version, Status: creating, CapacityType: "ON_DEMAND", AmiType: "AL2023_x86_64_STANDARD", NodeRole: in.NodeRole, CreatedAt: a.now(), ModifiedAt: a.now(),
		ScalingConfig: ScalingConfig{1, 2, 2}, UpdateConfig: &UpdateConfig{MaxUnavailable: 1, UpdateStrategy: "DEFAULT"}, NodeRepairConfig: &Enabled{}, InstanceTypes: in.InstanceTypes, Subnets: in.Subnets, DiskSize: in.DiskSize,
		Labels: in.Labels, Taints: in.Taints, LaunchTemplate: in.LaunchTemplate, Health: Health{[]Issue{}}, Tags: in.Tags, Due: a.world.In(groupCreates),
		Resources: Resources{[]AutoScalingGroup{{"eks-" + in.NodegroupName + "-" + a.world.IDs.UUID()}}},
	}
	g.fill(in)
	switch {
	case !clusterName.MatchString(in.NodegroupName) || len(in.NodegroupName) > 63:
		return nil, invalid("The nodegroup name %q must start with a letter or digit and have at most 63 letters, digits, hyphens and underscores", in.NodegroupName)
	case c.Nodegroups.Get(in.NodegroupName) != nil:
		return nil, conflict("NodeGroup already exists with name %s and cluster name %s", in.NodegroupName, c.Name).With("clusterName", c.Name).With("nodegroupName", in.NodegroupName)
	case float64(c.Nodegroups.Len()) >= a.world.Quota(a.region.Name, world.NodegroupsPerCluster, 30):
		return nil, wire.Errorf("ResourceLimitExceededException", "The maximum number of node groups of a cluster has been reached")
	case amiTypes[g.AmiType] == "":
		return nil, invalid("this cloud has no images of type %s", g.AmiType)
	case g.CapacityType != "ON_DEMAND" && g.CapacityType != "SPOT":
		return nil, invalid("capacityType must be ON_DEMAND or SPOT")
	}
	if err := g.checkLaunchTemplate(a, in); err != nil {
		return nil, err
	}
	for _, t := range g.InstanceTypes {
		if !ec2.KnowsInstanceType(t) {
			return nil, invalid("The following supplied instance types do not exist: [%s]", t)
		}
	}
	return g, a.checkScaling(g.ScalingConfig)
}

// fill takes what a request says instead of the defaults.
func (g *Nodegroup) fill(in *CreateNodegroupInput) {
	for _, s := range []struct {
		to   *string
		from string
	}{{&g.CapacityType, in.CapacityType}, {&g.AmiType, in.AmiType}, {&g.Version, in.Version}, {&g.ReleaseVersion, in.ReleaseVersion}} {
		if s.from != "" {
			*s.to = s.from
		}
	}
	if in.ScalingConfig != nil {
		g.ScalingConfig = *in.ScalingConfig
	}
	if in.UpdateConfig != nil {
		g.UpdateConfig = in.UpdateConfig
		if g.UpdateConfig.UpdateStrategy == "" {
			g.UpdateConfig.UpdateStrategy = "DEFAULT"
		}
	}
	if in.NodeRepairConfig != nil {
		g.NodeRepairConfig = in.NodeRepairConfig
	}
	if g.ReleaseVersion == "" {
		g.ReleaseVersion = g.Version + ".0-20260501"
	}
	if in.LaunchTemplate == nil {
		if len(g.InstanceTypes) == 0 {
			g.InstanceTypes = []string{"t3.medium"}
		}
		if g.DiskSize == 0 {
			g.DiskSize = 20
		}
	}
}

func (g *Nodegroup) checkLaunchTemplate(a *API, in *CreateNodegroupInput) error {
	if in.LaunchTemplate == nil {
		return nil
	}
	if in.DiskSize > 0 {
		return invalid("Disk size must be specified within the launch template.")
	}
	t, version, data, err := a.ec2.Template(ec2.LaunchTemplateSpecification{LaunchTemplateId: in.LaunchTemplate.Id, LaunchTemplateName: in.LaunchTemplate.Name, Version: in.LaunchTemplate.Version})
	if err != nil {
		return invalid("%s", wire.AsError(err).Message)
	}
	if (data.InstanceType != "") == (len(in.InstanceTypes) > 0) {
		return invalid("Specify the instance types either in the nodegroup or in the launch template, not in both and not in neither.")
	}
	g.LaunchTemplate = &LaunchTemplate{t.LaunchTemplateId, t.LaunchTemplateName, fmt.Sprint(version)}
	return nil
}

func (a *API) checkScaling(s ScalingConfig) error {
	if s.MinSize < 0 || s.MaxSize < 1 || s.DesiredSize < s.MinSize || s.DesiredSize > s.MaxSize {
		return invalid("desiredSize %d must be from minSize %d to maxSize %d, and maxSize at least 1", s.DesiredSize, s.MinSize, s.MaxSize)
	}
	if float64(s.MaxSize) > a.world.Quota(a.region.Name, world.NodesPerNodegroup, 450) {
		return wire.Errorf("ResourceLimitExceededException", "The maximum number of nodes of a node group is exceeded")
	}
	return nil
}

func (a *API) nodeSubnets(c *Cluster, ids []string) ([]*ec2.Subnet, error) {
	if len(ids) == 0 {
		return nil, invalid("Subnets are required")
	}
	nets, err := a.ec2.Subnets(ids)
	if err != nil {
		return nil, invalid("%s", wire.AsError(err).Message)
	}
	if nets[0].VpcId != c.ResourcesVpcConfig.VpcId {
		return nil, invalid("Subnets are not in the VPC of cluster %s", c.Name)
	}
	return nets, nil
}

func (a *API) nodeRole(arn string) error {
	role := a.iam.RoleByARN(arn)
	if role == nil {
		return invalid("The role with name %s cannot be found.", arn[strings.LastIndex(arn, "/")+1:])
	}
	if !role.Trusts("ec2.amazonaws.com") {
		return invalid("Following required service principals [ec2.amazonaws.com] were not found in the trust relationships of nodeRole %s", arn)
	}
	return nil
}

func (a *API) machine(c *Cluster, g *Nodegroup, n *ec2.Subnet) ec2.Node {
	node := ec2.Node{
		Subnet: n, Image: ec2.ImageOf(a.region.Name, g.Version, amiTypes[g.AmiType]), Groups: []string{c.ResourcesVpcConfig.ClusterSecurityGroupId},
		Spot: g.CapacityType == "SPOT", DiskGiB: g.DiskSize,
		Tags: []ec2.Tag{
			{Key: "aws:autoscaling:groupName", Value: g.Resources.AutoScalingGroups[0].Name}, {Key: "aws:eks:cluster-name", Value: c.Name},
			{Key: "eks:cluster-name", Value: c.Name}, {Key: "eks:nodegroup-name", Value: g.NodegroupName},
			{Key: "k8s.io/cluster-autoscaler/" + c.Name, Value: "owned"}, {Key: "k8s.io/cluster-autoscaler/enabled", Value: "true"},
			{Key: "kubernetes.io/cluster/" + c.Name, Value: "owned"},
		},
	}
	if len(g.InstanceTypes) > 0 {
		node.InstanceType = g.InstanceTypes[0]
	}
	if t := g.LaunchTemplate; t != nil {
		node.LaunchTemplate = &ec2.LaunchTemplateSpecification{LaunchTemplateId: t.Id, Version: t.Version}
		if _, _, data, err := a.ec2.Template(*node.LaunchTemplate); err == nil && len(data.SecurityGroupIds) > 0 {
			node.Groups = data.SecurityGroupIds
		}
	}
	return node
}

// endMachine ends a node. When the drive says so, the VPC CNI's second
// interface stays behind.
func (a *API) endMachine(c *Cluster, id string) {
	m := a.ec2.Machine(id)
	if m == nil {
		return
	}
	if a.world.Leftovers() {
		if nets, err := a.ec2.Subnets([]string{m.SubnetId}); err == nil {
			_, _ = a.ec2.LeaveInterface(nets[0], "aws-K8S-"+id, []string{c.ResourcesVpcConfig.ClusterSecurityGroupId}, []ec2.Tag{
				{Key: "cluster.k8s.amazonaws.com/name", Value: c.Name}, {Key: "node.k8s.amazonaws.com/instance_id", Value: id},
				{Key: "node.k8s.amazonaws.com/createdAt", Value: a.now().Format(time.RFC3339)},
			}) // a subnet without room leaves nothing behind
		}
	}
	a.ec2.Terminate(id)
}

// nodegroup is a group by names.
func (a *API) nodegroup(cluster, name string) (*Cluster, *Nodegroup, error) {
	c, err := a.cluster(cluster)
	if err != nil {
		return nil, nil, err
	}
	g := c.Nodegroups.Get(name)
	if g == nil || !a.world.Lag.Visible(c.id()+"/"+name) {
		return nil, nil, notFound("No node group found for name: %s.", name).With("clusterName", cluster).With("nodegroupName", name)
	}
	return c, g, nil
}

// NodegroupInput names a group.
type NodegroupInput struct {
	ClusterName   string `wire:",uri"`
	NodegroupName string `wire:",uri"`
}

// DescribeNodegroup shows a group.
func (a *API) DescribeNodegroup(_ context.Context, in *NodegroupInput) (*NodegroupOutput, error) {
	_, g, err := a.nodegroup(in.ClusterName, in.NodegroupName)
	return &NodegroupOutput{g}, err
}

// ListInput names a cluster, for calls that list what it has.
type ListInput struct {
	ClusterName string `wire:",uri"`
	Page
}

// ListNodegroupsOutput is ListNodegroups's.
type ListNodegroupsOutput struct {
	Nodegroups []string
	NextToken  string
}

// ListNodegroups lists a cluster's groups.
func (a *API) ListNodegroups(_ context.Context, in *ListInput) (*ListNodegroupsOutput, error) {
	c, err := a.cluster(in.ClusterName)
	if err != nil {
		return nil, err
	}
	found, next, err := page(in.Page, names(a, c.id()+"/", &c.Nodegroups, func(g *Nodegroup) string { return g.NodegroupName }))
	return &ListNodegroupsOutput{found, next}, err
}

// DeleteNodegroup begins to end a group and its machines.
func (a *API) DeleteNodegroup(_ context.Context, in *NodegroupInput) (*NodegroupOutput, error) {
	c, g, err := a.nodegroup(in.ClusterName, in.NodegroupName)
	if err != nil {
		return nil, err
	}
	if g.Status == updating {
		return nil, conflict("Nodegroup %s has an update in progress", g.NodegroupName).With("clusterName", c.Name).With("nodegroupName", g.NodegroupName)
	}
	if g.Status != deleting {
		g.Status, g.Due = deleting, a.world.In(groupDeletes)
		for _, id := range g.Machines {
			a.endMachine(c, id)
		}
	}
	return &NodegroupOutput{g}, nil
}

// UpdateNodegroupConfigInput is UpdateNodegroupConfig's.
type UpdateNodegroupConfigInput struct {
	ClusterName        string `wire:",uri"`
	NodegroupName      string `wire:",uri"`
	ClientRequestToken string
	ScalingConfig      *struct {
		MinSize, MaxSize, DesiredSize *int
	}
	UpdateConfig     *UpdateConfig
	NodeRepairConfig *Enabled
	Labels           *struct {
		AddOrUpdateLabels map[string]string
		RemoveLabels      []string
	}
	Taints *struct {
		AddOrUpdateTaints, RemoveTaints []Taint
	}
}

// UpdateNodegroupConfig begins to change a group.
func (a *API) UpdateNodegroupConfig(_ context.Context, in *UpdateNodegroupConfigInput) (*UpdateOutput, error) {
	c, g, err := a.readyNodegroup(in.ClusterName, in.NodegroupName)
	if err != nil {
		return nil, err
	}
	scaling := g.ScalingConfig
	if s := in.ScalingConfig; s != nil {
		for _, v := range []struct {
			to   *int
			from *int
		}{{&scaling.MinSize, s.MinSize}, {&scaling.MaxSize, s.MaxSize}, {&scaling.DesiredSize, s.DesiredSize}} {
			if v.from != nil {
				*v.to = *v.from
			}
		}
	}
	if err := a.checkScaling(scaling); err != nil {
		return nil, err
	}
	nets, err := a.nodeSubnets(c, g.Subnets)
	if err != nil {
		return nil, err
	}
	g.ScalingConfig = scaling
	if err := a.scale(c, g, nets); err != nil {
		return nil, err
	}
	g.relabel(in)
	u := a.begin(c, "ConfigUpdate", groupUpdates, param("MinSize", scaling.MinSize), param("MaxSize", scaling.MaxSize), param("DesiredSize", scaling.DesiredSize))
	u.Nodegroup, g.Status, g.Due, g.ModifiedAt = g.NodegroupName, updating, u.Due, a.now()
	return u.show(), nil
}

func (g *Nodegroup) relabel(in *UpdateNodegroupConfigInput) {
	if in.UpdateConfig != nil {
		g.UpdateConfig = in.UpdateConfig
	}
	if in.NodeRepairConfig != nil {
		g.NodeRepairConfig = in.NodeRepairConfig
	}
	if in.Labels != nil {
		labels := map[string]string{}
		for k, v := range g.Labels {
			labels[k] = v
		}
		for k, v := range in.Labels.AddOrUpdateLabels {
			labels[k] = v
		}
		for _, k := range in.Labels.RemoveLabels {
			delete(labels, k)
		}
		g.Labels = labels
	}
	if in.Taints != nil {
		same := func(t Taint) func(Taint) bool {
			return func(o Taint) bool { return o.Key == t.Key && o.Effect == t.Effect }
		}
		for _, t := range slices.Concat(in.Taints.RemoveTaints, in.Taints.AddOrUpdateTaints) {
			g.Taints = slices.DeleteFunc(slices.Clone(g.Taints), same(t))
		}
		g.Taints = append(g.Taints, in.Taints.AddOrUpdateTaints...)
	}
}

func (a *API) readyNodegroup(cluster, name string) (*Cluster, *Nodegroup, error) {
	c, g, err := a.nodegroup(cluster, name)
	if err == nil && g.Status != active && g.Status != degraded {
		err = conflict("Nodegroup %s is %s", name, g.Status).With("clusterName", cluster).With("nodegroupName", name)
	}
	return c, g, err
}

// UpdateNodegroupVersionInput is UpdateNodegroupVersion's.
type UpdateNodegroupVersionInput struct {
	ClusterName                                 string `wire:",uri"`
	NodegroupName                               string `wire:",uri"`
	Version, ReleaseVersion, ClientRequestToken string
	Force                                       bool
	LaunchTemplate                              *LaunchTemplate
}

// UpdateNodegroupVersion begins to replace a group's machines by newer ones.
func (a *API) UpdateNodegroupVersion(_ context.Context, in *UpdateNodegroupVersionInput) (*UpdateOutput, error) {
	c, g, err := a.readyNodegroup(in.ClusterName, in.NodegroupName)
	if err != nil {
		return nil, err
	}
	version := in.Version
	if version == "" {
		version = c.Version
	}
	if !slices.Contains(ec2.Versions, version) || slices.Index(ec2.Versions, version) < slices.Index(ec2.Versions, c.Version) {
		return nil, invalid("Nodegroup Kubernetes version %s must be one that this cloud has, and not newer than the cluster's %s", version, c.Version)
	}
	nets, err := a.nodeSubnets(c, g.Subnets)
	if err != nil {
		return nil, err
	}
	if in.LaunchTemplate != nil {
		if err := g.checkLaunchTemplate(a, &CreateNodegroupInput{LaunchTemplate: in.LaunchTemplate, InstanceTypes: g.InstanceTypes}); err != nil {
			return nil, err
		}
	}
	for _, id := range g.Machines {
		a.endMachine(c, id)
	}
	g.Machines, g.Version, g.ReleaseVersion = nil, version, version+".0-20260501"
	if err := a.scale(c, g, nets); err != nil {
		return nil, err
	}
	u := a.begin(c, "VersionUpdate", groupUpdates, param("Version", g.Version), param("ReleaseVersion", g.ReleaseVersion))
	u.Nodegroup, g.Status, g.Due, g.ModifiedAt = g.NodegroupName, updating, u.Due, a.now()
	return u.show(), nil
}

// AddLoadBalancer leaves in a cluster's VPC what a Service of type
// LoadBalancer makes. Inside Do.
func (a *API) AddLoadBalancer(cluster, name string) error {
	c, err := a.cluster(cluster)
	if err != nil {
		return err
	}
	nets, err := a.ec2.Subnets(c.ResourcesVpcConfig.SubnetIds)
	if err != nil {
		return err
	}
	return a.ec2.AddLoadBalancer(name, c.Name, nets)
}
