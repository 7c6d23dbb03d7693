// Package quotas answers AWS Service Quotas: the limits that the other services
// hold to. Start reading at API.
package quotas

import (
	"context"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// API is Service Quotas as one request sees it: in a region. Its methods are
// the calls; they run inside World.Do.
type API struct {
	World  *world.World
	Region string
}

// quota is one limit with AWS's default.
type quota struct {
	service, serviceName, code, name string
	standard                         float64
}

const (
	vpcName = "Amazon Virtual Private Cloud (Amazon VPC)"
	ec2Name = "Amazon Elastic Compute Cloud (Amazon EC2)"
	eksName = "Amazon Elastic Kubernetes Service (Amazon EKS)"
)

var all = []quota{
	{"vpc", vpcName, world.VPCsPerRegion, "VPCs per Region", 5},
	{"vpc", vpcName, world.IGWsPerRegion, "Internet gateways per Region", 5},
	{"vpc", vpcName, world.NATsPerZone, "NAT gateways per Availability Zone", 5},
	{"vpc", vpcName, world.RulesPerGroup, "Inbound or outbound rules per security group", 60},
	{"vpc", vpcName, world.GroupsPerRegion, "VPC security groups per Region", 2500},
	{"vpc", vpcName, world.GroupsPerInterface, "Security groups per network interface", 5},
	{"vpc", vpcName, world.SubnetsPerVPC, "Subnets per VPC", 200},
	{"vpc", vpcName, world.RouteTablesPerVPC, "Route tables per VPC", 200},
	{"vpc", vpcName, world.RoutesPerTable, "Routes per route table", 500},
	{"vpc", vpcName, world.PeeringsPerVPC, "Active VPC peering connections per VPC", 50},
	{"vpc", vpcName, world.OpenPeerings, "Outstanding VPC peering connection requests", 25},
	{"vpc", vpcName, world.RangesPerVPC, "IPv4 CIDR blocks per VPC", 5},
	{"vpc", vpcName, world.ACLsPerVPC, "Network ACLs per VPC", 200},
	{"ec2", ec2Name, world.EIPsPerRegion, "EC2-VPC Elastic IPs", 5},
	{"ec2", ec2Name, world.OnDemandVCPUs, "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 64},
	{"ec2", ec2Name, world.SpotVCPUs, "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 64},
	{"eks", eksName, world.ClustersPerRegion, "Clusters", 100},
	{"eks", eksName, world.NodegroupsPerCluster, "Managed node groups per cluster", 30},
	{"eks", eksName, world.NodesPerNodegroup, "Nodes per managed node group", 450},
}

// ServiceQuota is a limit.
type ServiceQuota struct {
	ServiceCode, ServiceName, QuotaArn, QuotaCode, QuotaName, Unit string
	Value                                                          float64
	Adjustable, GlobalQuota                                        bool
}

func (a *API) show(q quota, value float64) *ServiceQuota {
	return &ServiceQuota{
		q.service, q.serviceName, "arn:aws:servicequotas:" + a.Region + ":" + a.World.Account + ":" + q.service + "/" + q.code, q.code, q.name, "None", value, true, false,
	}
}

func (a *API) applied(q quota) *ServiceQuota {
	return a.show(q, a.World.Quota(a.Region, q.code, q.standard))
}

func (a *API) standard(q quota) *ServiceQuota { return a.show(q, q.standard) }

// QuotaInput names a limit.
type QuotaInput struct {
	ServiceCode, QuotaCode, ContextId string
}

// QuotaOutput shows a limit.
type QuotaOutput struct {
	Quota *ServiceQuota
}

// GetServiceQuota tells the value in force.
func (a *API) GetServiceQuota(_ context.Context, in *QuotaInput) (*QuotaOutput, error) {
	return find(in, a.applied)
}

// GetAWSDefaultServiceQuota tells AWS's default.
func (a *API) GetAWSDefaultServiceQuota(_ context.Context, in *QuotaInput) (*QuotaOutput, error) {
	return find(in, a.standard)
}

func find(in *QuotaInput, show func(quota) *ServiceQuota) (*QuotaOutput, error) {
	for _, q := range all {
		if q.service == in.ServiceCode && q.code == in.QuotaCode {
			return &QuotaOutput{show(q)}, nil
		}
	}
	return nil, missing(in.ServiceCode, in.QuotaCode)
}

func missing(service, code string) error {
	return wire.Errorf("NoSuchResourceException", "this cloud has no quota %s of %s", code, service)
}

// ListInput is that of the calls that list limits.
type ListInput struct {
	ServiceCode, NextToken, QuotaCode, QuotaAppliedAtLevel string
	MaxResults                                             int
}

// ListOutput lists limits, in one page.
type ListOutput struct {
	Quotas []*ServiceQuota
}

// ListServiceQuotas lists a service's limits with the values in force.
func (a *API) ListServiceQuotas(_ context.Context, in *ListInput) (*ListOutput, error) {
	return list(in, a.applied)
}

// ListAWSDefaultServiceQuotas lists a service's limits with AWS's defaults.
func (a *API) ListAWSDefaultServiceQuotas(_ context.Context, in *ListInput) (*ListOutput, error) {
	return list(in, a.standard)
}

func list(in *ListInput, show func(quota) *ServiceQuota) (*ListOutput, error) {
	out := &ListOutput{}
	for _, q := range all {
		if q.service == in.ServiceCode && (in.QuotaCode == "" || in.QuotaCode == q.code) {
			out.Quotas = append(out.Quotas, show(q))
		}
	}
	if len(out.Quotas) == 0 {
		return nil, missing(in.ServiceCode, "")
	}
	return out, nil
}

// Default is AWS's default of a limit, and whether there is such a limit.
func Default(code string) (float64, bool) {
	for _, q := range all {
		if q.code == code {
			return q.standard, true
		}
	}
	return 0, false
}
