package aws

import (
	"context"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
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
		l.quotas = append(l.quotas, q)
	}
	return nil
}

// used counts everything in the account, not only the fleet's.
func (l *look) used(ctx context.Context) (map[infra.Kind]int, error) {
	used := map[infra.Kind]int{}
	vpcs := ec2.NewDescribeVpcsPaginator(l.in.ec2, &ec2.DescribeVpcsInput{})
	for vpcs.HasMorePages() {
		page, err := vpcs.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		used[infra.VPC] += len(page.Vpcs)
	}
	gateways := ec2.NewDescribeInternetGatewaysPaginator(l.in.ec2, &ec2.DescribeInternetGatewaysInput{})
	for gateways.HasMorePages() {
		page, err := gateways.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		used[infra.InternetGateway] += len(page.InternetGateways)
	}
	addresses, err := l.in.ec2.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
	if err != nil {
		return nil, err
	}
	used[infra.Address] = len(addresses.Addresses)
	clusters, err := l.clusterNames(ctx)
	used[infra.Cluster] = len(clusters)
	return used, err
}

func (l *look) clusterNames(ctx context.Context) (names []string, err error) {
	pages := eks.NewListClustersPaginator(l.in.eks, &eks.ListClustersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if is(err, unknown) {
			return nil, nil // an endpoint without clusters has none
		}
		if err != nil {
			return nil, err
		}
		names = append(names, page.Clusters...)
	}
	slices.Sort(names)
	return names, nil
}
