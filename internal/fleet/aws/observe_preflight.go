package aws

import (
	"context"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// imageParameter is where AWS publishes the newest Amazon Linux 2023.
const imageParameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"

// askImage finds the jump host's machine image.
func (l *look) askImage(ctx context.Context) error {
	if l.question.JumpHost != l.in.name || l.question.Leaving {
		return nil
	}
	out, err := l.in.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: awssdk.String(imageParameter)})
	if err == nil {
		l.image = awssdk.ToString(out.Parameter.Value)
	}
	return err
}

// askQuotas compares what the account has with what it may have. Credentials
// that may not read quotas get AWS's defaults, and are told so.
func (l *look) askQuotas(ctx context.Context) error {
	if !l.asked || l.question.Leaving {
		return nil
	}
	used, err := l.used(ctx)
	if err != nil {
		return err
	}
	for _, known := range infra.Quotas {
		q := infra.Quota{Region: l.in.name, Name: known.Name, Code: known.Code, Limit: known.Default, Used: used[known.Kind], Assumed: true}
		out, err := l.in.quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: awssdk.String(known.Service), QuotaCode: awssdk.String(known.Code)})
		switch {
		case err == nil && out.Quota != nil && out.Quota.Value != nil:
			q.Limit, q.Assumed = int(*out.Quota.Value), false
		case err != nil && !is(err, denied, notFound, unknown):
			return err
		}
		if q.Assumed && q.Limit == 0 {
			continue // nobody knows what the account may have
		}
		l.quotas = append(l.quotas, q)
	}
	return nil
}

// used counts everything in the account, not only the fleet's.
func (l *look) used(ctx context.Context) (map[infra.Kind]int, error) {
	vpcs, err := l.in.vpcs(ctx)
	if err != nil {
		return nil, err
	}
	gateways, err := l.in.internetGateways(ctx)
	if err != nil {
		return nil, err
	}
	addresses, err := l.in.addresses(ctx)
	if err != nil {
		return nil, err
	}
	clusters, err := l.in.clusterNames(ctx)
	if err != nil {
		return nil, err
	}
	used := map[infra.Kind]int{infra.VPC: len(vpcs), infra.InternetGateway: len(gateways), infra.Address: len(addresses), infra.Cluster: len(clusters)}
	return used, l.usedVCPUs(ctx, used)
}

// usedVCPUs counts those of all machines that aren't gone, and learns how many the
// types have that the fleet wants.
func (l *look) usedVCPUs(ctx context.Context, used map[infra.Kind]int) error {
	machines, err := l.in.instances(ctx, filter("instance-state-name", "pending", "running"))
	if err != nil {
		return err
	}
	wanted := l.question.instanceTypes(l.in.name)
	for _, m := range machines {
		wanted = append(wanted, m.InstanceType)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	if len(wanted) == 0 {
		return nil
	}
	known, err := l.in.instanceTypes(ctx, texts(wanted)...)
	if err != nil {
		return err
	}
	l.vcpus = map[string]int{}
	for _, t := range known {
		if t.VCpuInfo != nil {
			l.vcpus[string(t.InstanceType)] = int(awssdk.ToInt32(t.VCpuInfo.DefaultVCpus))
		}
	}
	for _, m := range machines {
		kind := infra.VCPU
		if m.InstanceLifecycle == types.InstanceLifecycleTypeSpot {
			kind = infra.SpotVCPU
		}
		if infra.Standard(string(m.InstanceType)) {
			used[kind] += l.vcpus[string(m.InstanceType)]
		}
	}
	return nil
}

// instanceTypes that the file wants in a region.
func (q Question) instanceTypes(region string) (all []types.InstanceType) {
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
