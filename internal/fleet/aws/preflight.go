package aws

import (
	"context"
	"maps"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"golang.org/x/sync/errgroup"

	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// Preflight asks all regions of a question at once: their zones, the machine image of the
// jump host, and the account's quotas. Credentials that AWS doesn't take are told here as
// by every other call.
func (c *Cloud) Preflight(ctx context.Context, q provision.Question) (*infra.Offer, error) {
	asked := make([]*preflight, len(q.Regions))
	group, each := errgroup.WithContext(ctx)
	for i, name := range q.Regions {
		group.Go(func() error {
			asked[i] = &preflight{in: c.in(name), question: q}
			return c.explain(asked[i].all(each), name)
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	offer := &infra.Offer{Zones: map[string][]infra.Zone{}, Images: map[string]string{}, VCPUs: map[string]int{}}
	for _, p := range asked {
		p.into(offer)
	}
	return offer, nil
}

// preflight is one region's answers to what an account may have there.
type preflight struct {
	in       *regional
	question provision.Question

	zones  []infra.Zone
	image  string
	quotas []infra.Quota
	vcpus  map[string]int // by instance type
}

// all asks everything at once.
func (p *preflight) all(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, ask := range []func(context.Context) error{p.askZones, p.askImage, p.askQuotas} {
		group.Go(func() error { return ask(ctx) })
	}
	return group.Wait()
}

func (p *preflight) into(offer *infra.Offer) {
	if p.zones != nil {
		offer.Zones[p.in.name] = p.zones
	}
	if p.image != "" {
		offer.Images[p.in.name] = p.image
	}
	offer.Quotas = append(offer.Quotas, p.quotas...)
	maps.Copy(offer.VCPUs, p.vcpus)
}

func (p *preflight) askZones(ctx context.Context) error {
	out, err := p.in.ec2.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{Filters: []types.Filter{filter("zone-type", "availability-zone"), filter("state", "available")}})
	if err != nil {
		return err
	}
	for _, z := range out.AvailabilityZones {
		p.zones = append(p.zones, infra.Zone{Name: awssdk.ToString(z.ZoneName), ID: awssdk.ToString(z.ZoneId)})
	}
	return nil
}

// imageParameter is where AWS publishes the newest Amazon Linux 2023.
const imageParameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"

// askImage finds the jump host's machine image.
func (p *preflight) askImage(ctx context.Context) error {
	if p.question.JumpHost != p.in.name {
		return nil
	}
	out, err := p.in.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: awssdk.String(imageParameter)})
	if err == nil {
		p.image = awssdk.ToString(out.Parameter.Value)
	}
	return err
}

// askQuotas compares what the account has with what it may have. Credentials
// that may not read quotas get AWS's defaults, and are told so.
func (p *preflight) askQuotas(ctx context.Context) error {
	used, err := p.used(ctx)
	if err != nil {
		return err
	}
	for _, known := range quotas {
		q := infra.Quota{Region: p.in.name, Name: known.Name, Kind: known.Kind, Code: known.Code, Limit: known.Default, Used: used[known.Kind], Assumed: true}
		out, err := p.in.quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: awssdk.String(known.Service), QuotaCode: awssdk.String(known.Code)})
		switch {
		case err == nil && out.Quota != nil && out.Quota.Value != nil:
			q.Limit, q.Assumed = int(*out.Quota.Value), false
		case err != nil && !is(err, denied, notFound, unknown):
			return err
		}
		if q.Assumed && q.Limit == 0 {
			continue // nobody knows what the account may have
		}
		p.quotas = append(p.quotas, q)
	}
	return nil
}

// used counts everything in the account, not only the fleet's.
func (p *preflight) used(ctx context.Context) (map[infra.Kind]int, error) {
	vpcs, err := p.in.vpcs(ctx)
	if err != nil {
		return nil, err
	}
	gateways, err := p.in.internetGateways(ctx)
	if err != nil {
		return nil, err
	}
	addresses, err := p.in.addresses(ctx)
	if err != nil {
		return nil, err
	}
	clusters, err := p.in.clusterNames(ctx)
	if err != nil {
		return nil, err
	}
	used := map[infra.Kind]int{infra.Network: len(vpcs), infra.Gateway: len(gateways), infra.Address: len(addresses), infra.Cluster: len(clusters)}
	return used, p.usedVCPUs(ctx, used)
}

// usedVCPUs counts those of all machines that aren't gone, and learns how many the
// types have that the fleet wants. Types with quotas of their own aren't counted.
func (p *preflight) usedVCPUs(ctx context.Context, used map[infra.Kind]int) error {
	machines, err := p.in.instances(ctx, filter("instance-state-name", "pending", "running"))
	if err != nil {
		return err
	}
	wanted := instanceTypes(p.question, p.in.name)
	for _, m := range machines {
		wanted = append(wanted, m.InstanceType)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	if len(wanted) == 0 {
		return nil
	}
	known, err := p.in.instanceTypes(ctx, texts(wanted)...)
	if err != nil {
		return err
	}
	p.vcpus = map[string]int{}
	for _, t := range known {
		if t.VCpuInfo != nil && standard(string(t.InstanceType)) {
			p.vcpus[string(t.InstanceType)] = int(awssdk.ToInt32(t.VCpuInfo.DefaultVCpus))
		}
	}
	for _, m := range machines {
		kind := infra.VCPU
		if m.InstanceLifecycle == types.InstanceLifecycleTypeSpot {
			kind = infra.SpotVCPU
		}
		used[kind] += p.vcpus[string(m.InstanceType)]
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
