package eks

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/ringspan/ringspan/local/aws/ec2"
	"github.com/ringspan/ringspan/local/aws/wire"
)

// Update is a change that takes time.
type Update struct {
	Id, Status, Type string
	Params           []UpdateParam
	Errors           []UpdateError
	CreatedAt        time.Time

	Nodegroup, Addon string    `wire:"-"` // what it changes; both "" for the cluster
	Due              time.Time `wire:"-"`
}

// UpdateParam is one setting that changes.
type UpdateParam struct {
	Type, Value string
}

// UpdateError is why an update failed.
type UpdateError struct {
	ErrorCode, ErrorMessage string
	ResourceIds             []string
}

// UpdateOutput shows an update.
type UpdateOutput struct {
	Update *Update
}

const (
	inProgress = "InProgress"
	successful = "Successful"
)

// begin starts an update.
func (a *API) begin(c *Cluster, kind string, takes time.Duration, params ...UpdateParam) *Update {
	u := &Update{Id: a.world.IDs.UUID(), Status: inProgress, Type: kind, Params: params, Errors: []UpdateError{}, CreatedAt: a.now(), Due: a.world.In(takes)}
	c.Updates.Put(u.Id, u)
	a.world.Lag.Made(c.id() + "/" + u.Id)
	return u
}

// show is an update as it is answered: as it was begun.
func (u *Update) show() *UpdateOutput {
	copied := *u
	return &UpdateOutput{&copied}
}

func param(kind string, value any) UpdateParam {
	if s, ok := value.(string); ok {
		return UpdateParam{kind, s}
	}
	b, _ := json.Marshal(value) // plain values
	return UpdateParam{kind, string(b)}
}

// UpdateClusterConfigInput is UpdateClusterConfig's; it takes one kind of
// change at a time.
type UpdateClusterConfigInput struct {
	Name                      string `wire:",uri"`
	ClientRequestToken        string
	ResourcesVpcConfig        *VpcConfigRequest
	Logging                   *Logging
	AccessConfig              *AccessConfig
	UpgradePolicy             *UpgradePolicy
	ZonalShiftConfig          *Enabled
	ControlPlaneScalingConfig *Tier
	DeletionProtection        *bool
}

func (in *UpdateClusterConfigInput) kinds() int {
	count := 0
	for _, given := range []bool{
		in.ResourcesVpcConfig != nil, in.Logging != nil, in.AccessConfig != nil, in.UpgradePolicy != nil, in.ZonalShiftConfig != nil,
		in.ControlPlaneScalingConfig != nil, in.DeletionProtection != nil,
	} {
		if given {
			count++
		}
	}
	return count
}

// UpdateClusterConfig begins to change a cluster.
func (a *API) UpdateClusterConfig(_ context.Context, in *UpdateClusterConfigInput) (*UpdateOutput, error) {
	c, err := a.ready(in.Name)
	if err != nil {
		return nil, err
	}
	if in.kinds() != 1 {
		return nil, invalid("Only one type of update can be allowed, and one is needed.")
	}
	next := *c
	u, err := a.change(&next, in)
	if err != nil {
		return nil, err
	}
	before := *c
	before.Updates = next.Updates
	if reflect.DeepEqual(before, next) {
		c.Updates.Delete(u.Id)
		return nil, invalid("Cluster is already at the desired configuration").With("clusterName", c.Name)
	}
	*c = next
	c.Status, c.Due = updating, u.Due
	return u.show(), nil
}

// change writes the one change into a copy of the cluster.
func (a *API) change(c *Cluster, in *UpdateClusterConfigInput) (*Update, error) {
	switch {
	case in.ResourcesVpcConfig != nil:
		return a.changeVpc(c, *in.ResourcesVpcConfig)
	case in.Logging != nil:
		c.Logging = mergeLogs(c.Logging, *in.Logging)
		return a.begin(c, "LoggingUpdate", quickUpdates, param("ClusterLogging", in.Logging)), nil
	case in.AccessConfig != nil:
		return a.changeMode(c, in.AccessConfig.AuthenticationMode)
	case in.UpgradePolicy != nil:
		c.UpgradePolicy = *in.UpgradePolicy
		return a.begin(c, "UpgradePolicyUpdate", quickUpdates, param("UpgradePolicy", in.UpgradePolicy)), nil
	case in.ZonalShiftConfig != nil:
		c.ZonalShiftConfig = in.ZonalShiftConfig
		return a.begin(c, "ZonalShiftConfigUpdate", quickUpdates, param("ZonalShiftConfig", in.ZonalShiftConfig)), nil
	case in.ControlPlaneScalingConfig != nil:
		c.ControlPlaneScalingConfig = in.ControlPlaneScalingConfig
		return a.begin(c, "ControlPlaneScalingConfigUpdate", clusterUpdates, param("ControlPlaneScalingTier", in.ControlPlaneScalingConfig.Tier)), nil
	default:
		c.DeletionProtection = *in.DeletionProtection
		return a.begin(c, "DeletionProtectionUpdate", 0, param("DeletionProtection", strconv.FormatBool(*in.DeletionProtection))), nil
	}
}

func mergeLogs(have, change Logging) Logging {
	merged := Logging{slices.Concat(have.ClusterLogging, change.ClusterLogging)}
	return allLogs(&merged)
}

func (a *API) changeVpc(c *Cluster, in VpcConfigRequest) (*Update, error) {
	endpoints := in.EndpointPublicAccess != nil || in.EndpointPrivateAccess != nil || len(in.PublicAccessCidrs) > 0
	if endpoints == (len(in.SubnetIds) > 0 || len(in.SecurityGroupIds) > 0) {
		return nil, invalid("Only one type of update can be allowed: the endpoint's access, or subnets and security groups.")
	}
	v := &c.ResourcesVpcConfig
	if endpoints {
		if err := v.setEndpoints(in); err != nil {
			return nil, err
		}
		return a.begin(c, "EndpointAccessUpdate", clusterUpdates, param("EndpointPublicAccess", strconv.FormatBool(v.EndpointPublicAccess)),
			param("EndpointPrivateAccess", strconv.FormatBool(v.EndpointPrivateAccess)), param("PublicAccessCidrs", v.PublicAccessCidrs)), nil
	}
	if len(in.SubnetIds) > 0 {
		if err := a.checkNewSubnets(c, in.SubnetIds); err != nil {
			return nil, err
		}
		v.SubnetIds = in.SubnetIds
	}
	if len(in.SecurityGroupIds) > 0 {
		v.SecurityGroupIds = in.SecurityGroupIds
	}
	return a.begin(c, "VpcConfigUpdate", clusterUpdates, param("SubnetIds", v.SubnetIds), param("SecurityGroups", v.SecurityGroupIds)), nil
}

// checkNewSubnets makes sure that a cluster stays in its VPC and its zones.
func (a *API) checkNewSubnets(c *Cluster, ids []string) error {
	zones := func(ids []string) (map[string]bool, string, error) {
		nets, err := a.ec2.Subnets(ids)
		if err != nil {
			return nil, "", invalid("%s", wire.AsError(err).Message)
		}
		out := map[string]bool{}
		for _, n := range nets {
			out[n.AvailabilityZone] = true
		}
		return out, nets[0].VpcId, nil
	}
	before, _, err := zones(c.ResourcesVpcConfig.SubnetIds)
	if err != nil {
		return err
	}
	after, vpc, err := zones(ids)
	if err != nil {
		return err
	}
	if vpc != c.ResourcesVpcConfig.VpcId || !reflect.DeepEqual(before, after) {
		return invalid("Provided subnets belong to another VPC or other zones than the ones that the cluster was created with")
	}
	return nil
}

func (a *API) changeMode(c *Cluster, to string) (*Update, error) {
	from := slices.Index(modes, c.AccessConfig.AuthenticationMode)
	if next := slices.Index(modes, to); next < from {
		return nil, invalid("Unsupported authentication mode update from %s to %s", c.AccessConfig.AuthenticationMode, to)
	}
	c.AccessConfig.AuthenticationMode = to
	return a.begin(c, "AccessConfigUpdate", quickUpdates, param("AuthenticationMode", to)), nil
}

// UpdateClusterVersionInput is UpdateClusterVersion's.
type UpdateClusterVersionInput struct {
	Name                        string `wire:",uri"`
	Version, ClientRequestToken string
	Force                       bool
}

// UpdateClusterVersion begins to upgrade a cluster by one version.
func (a *API) UpdateClusterVersion(_ context.Context, in *UpdateClusterVersionInput) (*UpdateOutput, error) {
	c, err := a.ready(in.Name)
	if err != nil {
		return nil, err
	}
	at, to := slices.Index(ec2.Versions, c.Version), slices.Index(ec2.Versions, in.Version)
	if to < 0 || to != at-1 {
		return nil, invalid("Unsupported Kubernetes minor version update from %s to %s", c.Version, in.Version)
	}
	u := a.begin(c, "VersionUpdate", clusterUpdates, param("Version", in.Version), param("PlatformVersion", c.PlatformVersion))
	c.Version, c.Status, c.Due = in.Version, updating, u.Due
	return u.show(), nil
}

// DescribeUpdateInput is DescribeUpdate's.
type DescribeUpdateInput struct {
	Name          string `wire:",uri"`
	UpdateId      string `wire:",uri"`
	NodegroupName string `wire:",query"`
	AddonName     string `wire:",query"`
}

// DescribeUpdate shows an update.
func (a *API) DescribeUpdate(_ context.Context, in *DescribeUpdateInput) (*UpdateOutput, error) {
	c, err := a.cluster(in.Name)
	if err != nil {
		return nil, err
	}
	u := c.Updates.Get(in.UpdateId)
	if u == nil || !a.world.Lag.Visible(c.id()+"/"+u.Id) || u.Nodegroup != in.NodegroupName || u.Addon != in.AddonName {
		return nil, notFound("No update found for ID: %s", in.UpdateId).With("clusterName", c.Name)
	}
	return &UpdateOutput{u}, nil
}

// ListUpdatesInput is ListUpdates's.
type ListUpdatesInput struct {
	Name          string `wire:",uri"`
	NodegroupName string `wire:",query"`
	AddonName     string `wire:",query"`
	Page
}

// ListUpdatesOutput is ListUpdates's.
type ListUpdatesOutput struct {
	UpdateIds []string
	NextToken string
}

// ListUpdates lists updates of a cluster, a node group or an add-on.
func (a *API) ListUpdates(_ context.Context, in *ListUpdatesInput) (*ListUpdatesOutput, error) {
	c, err := a.cluster(in.Name)
	if err != nil {
		return nil, err
	}
	ids := []string{}
	for _, u := range c.Updates.All() {
		if u.Nodegroup == in.NodegroupName && u.Addon == in.AddonName {
			ids = append(ids, u.Id)
		}
	}
	found, next, err := page(in.Page, ids)
	return &ListUpdatesOutput{found, next}, err
}
