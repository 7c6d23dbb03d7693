package aws

import (
	"context"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

func (o *observation) askZones(ctx context.Context) error {
	if !o.asked || o.question.Deleting {
		return nil
	}
	out, err := o.in.ec2.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{Filters: []types.Filter{filter("zone-type", "availability-zone"), filter("state", "available")}})
	if err != nil {
		return err
	}
	for _, z := range out.AvailabilityZones {
		o.zones = append(o.zones, infra.Zone{Name: awssdk.ToString(z.ZoneName), ID: awssdk.ToString(z.ZoneId)})
	}
	return nil
}

// imageParameter is where AWS publishes the newest Amazon Linux 2023.
const imageParameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"

// askImage finds the jump host's machine image.
func (o *observation) askImage(ctx context.Context) error {
	if o.question.JumpHost != o.in.name || o.question.Deleting {
		return nil
	}
	out, err := o.in.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: awssdk.String(imageParameter)})
	if err == nil {
		o.image = awssdk.ToString(out.Parameter.Value)
	}
	return err
}

// askQuotas compares what the account has with what it may have. Credentials
// that may not read quotas get AWS's defaults, and are told so.
func (o *observation) askQuotas(ctx context.Context) error {
	if !o.asked || o.question.Deleting {
		return nil
	}
	used, err := o.used(ctx)
	if err != nil {
		return err
	}
	for _, known := range infra.Quotas {
		q := infra.Quota{Region: o.in.name, Name: known.Name, Code: known.Code, Limit: known.Default, Used: used[known.Kind], Assumed: true}
		out, err := o.in.quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: awssdk.String(known.Service), QuotaCode: awssdk.String(known.Code)})
		switch {
		case err == nil && out.Quota != nil && out.Quota.Value != nil:
			q.Limit, q.Assumed = int(*out.Quota.Value), false
		case err != nil && !is(err, denied, notFound, unknown):
			return err
		}
		if q.Assumed && q.Limit == 0 {
			continue // nobody knows what the account may have
		}
		o.quotas = append(o.quotas, q)
	}
	return nil
}

// used counts everything in the account, not only the fleet's.
func (o *observation) used(ctx context.Context) (map[infra.Kind]int, error) {
	vpcs, err := o.in.vpcs(ctx)
	if err != nil {
		return nil, err
	}
	gateways, err := o.in.internetGateways(ctx)
	if err != nil {
		return nil, err
	}
	addresses, err := o.in.addresses(ctx)
	if err != nil {
		return nil, err
	}
	clusters, err := o.in.clusterNames(ctx)
	if err != nil {
		return nil, err
	}
	used := map[infra.Kind]int{infra.Network: len(vpcs), infra.Gateway: len(gateways), infra.Address: len(addresses), infra.Cluster: len(clusters)}
	return used, o.usedVCPUs(ctx, used)
}

// usedVCPUs counts those of all machines that aren't gone, and learns how many the
// types have that the fleet wants.
func (o *observation) usedVCPUs(ctx context.Context, used map[infra.Kind]int) error {
	machines, err := o.in.instances(ctx, filter("instance-state-name", "pending", "running"))
	if err != nil {
		return err
	}
	wanted := instanceTypes(o.question, o.in.name)
	for _, m := range machines {
		wanted = append(wanted, m.InstanceType)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	if len(wanted) == 0 {
		return nil
	}
	known, err := o.in.instanceTypes(ctx, texts(wanted)...)
	if err != nil {
		return err
	}
	o.vcpus = map[string]int{}
	for _, t := range known {
		if t.VCpuInfo != nil {
			o.vcpus[string(t.InstanceType)] = int(awssdk.ToInt32(t.VCpuInfo.DefaultVCpus))
		}
	}
	for _, m := range machines {
		kind := infra.VCPU
		if m.InstanceLifecycle == types.InstanceLifecycleTypeSpot {
			kind = infra.SpotVCPU
		}
		if infra.Standard(string(m.InstanceType)) {
			used[kind] += o.vcpus[string(m.InstanceType)]
		}
	}
	return nil
}

// instanceTypes that the file wants in a region.
func instanceTypes(q provision.Question, region string) (all []types.InstanceType) {
	if q.Spec == nil {
		return nil
	}
	for _, r := range q.Spec.Regions {
		if r.Name == region && r.Nodes.InstanceType != "" {
			all = append(all, types.InstanceType(r.Nodes.InstanceType))
		}
	}
	if j := q.Spec.JumpHost; j != nil && j.Region == region {
		all = append(all, types.InstanceType(j.InstanceType))
	}
	return all
}

func texts(all []types.InstanceType) (out []string) {
	for _, t := range all {
		out = append(out, string(t))
	}
	return out
}
