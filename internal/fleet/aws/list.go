package aws

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// pager is what the SDK makes of a listing: one page a call.
type pager[Page, Options any] interface {
	HasMorePages() bool
	NextPage(ctx context.Context, options ...func(*Options)) (*Page, error)
}

// collect reads all pages of a listing. A listing that is cut off gives nothing:
// what isn't in half a list may be in the other half.
func collect[Item, Page, Options any](ctx context.Context, pages pager[Page, Options], items func(*Page) []Item) (all []Item, err error) {
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, items(page)...)
	}
	return all, nil
}

// idsOf are the ids of what was listed.
func idsOf[Item any](all []Item, id func(Item) *string) (ids []string) {
	for _, item := range all {
		ids = append(ids, awssdk.ToString(id(item)))
	}
	return ids
}

// The methods below are every listing of a region. All readers of an account use
// them: the planner's, which looks for the fleet's tag, and those that look into a
// network, whoever made what is there.

func (r *regional) vpcs(ctx context.Context, filters ...types.Filter) ([]types.Vpc, error) {
	return collect(ctx, ec2.NewDescribeVpcsPaginator(r.ec2, &ec2.DescribeVpcsInput{Filters: filters}),
		func(p *ec2.DescribeVpcsOutput) []types.Vpc { return p.Vpcs })
}

func (r *regional) internetGateways(ctx context.Context, filters ...types.Filter) ([]types.InternetGateway, error) {
	return collect(ctx, ec2.NewDescribeInternetGatewaysPaginator(r.ec2, &ec2.DescribeInternetGatewaysInput{Filters: filters}),
		func(p *ec2.DescribeInternetGatewaysOutput) []types.InternetGateway { return p.InternetGateways })
}

func (r *regional) subnets(ctx context.Context, filters ...types.Filter) ([]types.Subnet, error) {
	return collect(ctx, ec2.NewDescribeSubnetsPaginator(r.ec2, &ec2.DescribeSubnetsInput{Filters: filters}),
		func(p *ec2.DescribeSubnetsOutput) []types.Subnet { return p.Subnets })
}

// addresses come in one piece.
func (r *regional) addresses(ctx context.Context, filters ...types.Filter) ([]types.Address, error) {
	out, err := r.ec2.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: filters})
	if err != nil {
		return nil, err
	}
	return out.Addresses, nil
}

func (r *regional) natGateways(ctx context.Context, filters ...types.Filter) ([]types.NatGateway, error) {
	return collect(ctx, ec2.NewDescribeNatGatewaysPaginator(r.ec2, &ec2.DescribeNatGatewaysInput{Filter: filters}),
		func(p *ec2.DescribeNatGatewaysOutput) []types.NatGateway { return p.NatGateways })
}

func (r *regional) routeTables(ctx context.Context, filters ...types.Filter) ([]types.RouteTable, error) {
	return collect(ctx, ec2.NewDescribeRouteTablesPaginator(r.ec2, &ec2.DescribeRouteTablesInput{Filters: filters}),
		func(p *ec2.DescribeRouteTablesOutput) []types.RouteTable { return p.RouteTables })
}

func (r *regional) peerings(ctx context.Context, filters ...types.Filter) ([]types.VpcPeeringConnection, error) {
	return collect(ctx, ec2.NewDescribeVpcPeeringConnectionsPaginator(r.ec2, &ec2.DescribeVpcPeeringConnectionsInput{Filters: filters}),
		func(p *ec2.DescribeVpcPeeringConnectionsOutput) []types.VpcPeeringConnection {
			return p.VpcPeeringConnections
		})
}

func (r *regional) securityGroups(ctx context.Context, filters ...types.Filter) ([]types.SecurityGroup, error) {
	return collect(ctx, ec2.NewDescribeSecurityGroupsPaginator(r.ec2, &ec2.DescribeSecurityGroupsInput{Filters: filters}),
		func(p *ec2.DescribeSecurityGroupsOutput) []types.SecurityGroup { return p.SecurityGroups })
}

func (r *regional) networkACLs(ctx context.Context, filters ...types.Filter) ([]types.NetworkAcl, error) {
	return collect(ctx, ec2.NewDescribeNetworkAclsPaginator(r.ec2, &ec2.DescribeNetworkAclsInput{Filters: filters}),
		func(p *ec2.DescribeNetworkAclsOutput) []types.NetworkAcl { return p.NetworkAcls })
}

func (r *regional) networkInterfaces(ctx context.Context, filters ...types.Filter) ([]types.NetworkInterface, error) {
	return collect(ctx, ec2.NewDescribeNetworkInterfacesPaginator(r.ec2, &ec2.DescribeNetworkInterfacesInput{Filters: filters}),
		func(p *ec2.DescribeNetworkInterfacesOutput) []types.NetworkInterface { return p.NetworkInterfaces })
}

// instances without the reservations that they come in.
func (r *regional) instances(ctx context.Context, filters ...types.Filter) ([]types.Instance, error) {
	return collect(ctx, ec2.NewDescribeInstancesPaginator(r.ec2, &ec2.DescribeInstancesInput{Filters: filters}),
		func(p *ec2.DescribeInstancesOutput) (all []types.Instance) {
			for _, reservation := range p.Reservations {
				all = append(all, reservation.Instances...)
			}
			return all
		})
}

// instanceTypes by their names.
func (r *regional) instanceTypes(ctx context.Context, names ...string) ([]types.InstanceTypeInfo, error) {
	return collect(ctx, ec2.NewDescribeInstanceTypesPaginator(r.ec2, &ec2.DescribeInstanceTypesInput{Filters: []types.Filter{filter("instance-type", names...)}}),
		func(p *ec2.DescribeInstanceTypesOutput) []types.InstanceTypeInfo { return p.InstanceTypes })
}

// volumes: an endpoint that doesn't know of volumes has none.
func (r *regional) volumes(ctx context.Context, filters ...types.Filter) ([]types.Volume, error) {
	all, err := collect(ctx, ec2.NewDescribeVolumesPaginator(r.ec2, &ec2.DescribeVolumesInput{Filters: filters}),
		func(p *ec2.DescribeVolumesOutput) []types.Volume { return p.Volumes })
	if is(err, unknown) {
		return nil, nil
	}
	return all, err
}

func (r *regional) tags(ctx context.Context, filters ...types.Filter) ([]types.TagDescription, error) {
	return collect(ctx, ec2.NewDescribeTagsPaginator(r.ec2, &ec2.DescribeTagsInput{Filters: filters}),
		func(p *ec2.DescribeTagsOutput) []types.TagDescription { return p.Tags })
}

// clusterNames: an endpoint that doesn't know of clusters has none.
func (r *regional) clusterNames(ctx context.Context) ([]string, error) {
	all, err := collect(ctx, eks.NewListClustersPaginator(r.eks, &eks.ListClustersInput{}),
		func(p *eks.ListClustersOutput) []string { return p.Clusters })
	if is(err, unknown) {
		return nil, nil
	}
	return all, err
}

func (r *regional) nodeGroupNames(ctx context.Context, cluster *string) ([]string, error) {
	return collect(ctx, eks.NewListNodegroupsPaginator(r.eks, &eks.ListNodegroupsInput{ClusterName: cluster}),
		func(p *eks.ListNodegroupsOutput) []string { return p.Nodegroups })
}

func (r *regional) addonNames(ctx context.Context, cluster *string) ([]string, error) {
	return collect(ctx, eks.NewListAddonsPaginator(r.eks, &eks.ListAddonsInput{ClusterName: cluster}),
		func(p *eks.ListAddonsOutput) []string { return p.Addons })
}

// accessEntries are the ARNs of those whom a cluster lets in.
func (r *regional) accessEntries(ctx context.Context, cluster *string) ([]string, error) {
	return collect(ctx, eks.NewListAccessEntriesPaginator(r.eks, &eks.ListAccessEntriesInput{ClusterName: cluster}),
		func(p *eks.ListAccessEntriesOutput) []string { return p.AccessEntries })
}

func (r *regional) accessPolicies(ctx context.Context, cluster, principal *string) ([]ekstypes.AssociatedAccessPolicy, error) {
	return collect(ctx, eks.NewListAssociatedAccessPoliciesPaginator(r.eks, &eks.ListAssociatedAccessPoliciesInput{ClusterName: cluster, PrincipalArn: principal}),
		func(p *eks.ListAssociatedAccessPoliciesOutput) []ekstypes.AssociatedAccessPolicy {
			return p.AssociatedAccessPolicies
		})
}

func (r *regional) podIdentities(ctx context.Context, cluster *string) ([]ekstypes.PodIdentityAssociationSummary, error) {
	return collect(ctx, eks.NewListPodIdentityAssociationsPaginator(r.eks, &eks.ListPodIdentityAssociationsInput{ClusterName: cluster}),
		func(p *eks.ListPodIdentityAssociationsOutput) []ekstypes.PodIdentityAssociationSummary {
			return p.Associations
		})
}

func (c *Cloud) rolesBelow(ctx context.Context, path string) ([]iamtypes.Role, error) {
	return collect(ctx, iam.NewListRolesPaginator(c.IAM, &iam.ListRolesInput{PathPrefix: &path}),
		func(p *iam.ListRolesOutput) []iamtypes.Role { return p.Roles })
}

func (c *Cloud) profilesBelow(ctx context.Context, path string) ([]iamtypes.InstanceProfile, error) {
	return collect(ctx, iam.NewListInstanceProfilesPaginator(c.IAM, &iam.ListInstanceProfilesInput{PathPrefix: &path}),
		func(p *iam.ListInstanceProfilesOutput) []iamtypes.InstanceProfile { return p.InstanceProfiles })
}

func (c *Cloud) attachedPolicies(ctx context.Context, role string) ([]iamtypes.AttachedPolicy, error) {
	return collect(ctx, iam.NewListAttachedRolePoliciesPaginator(c.IAM, &iam.ListAttachedRolePoliciesInput{RoleName: &role}),
		func(p *iam.ListAttachedRolePoliciesOutput) []iamtypes.AttachedPolicy { return p.AttachedPolicies })
}
