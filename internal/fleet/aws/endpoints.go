package aws

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/netip"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"golang.org/x/sync/errgroup"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// Endpoint is how a region's cluster is reached.
type Endpoint struct {
	Region  string
	Cluster string // name
	Server  string // URL
	CA      []byte // PEM
	Private string // address of an interface of the cluster in its network; "" when there is none
}

// Endpoints of the fleet's clusters, in the order of the file.
func (c *Cloud) Endpoints(ctx context.Context, fleet string, spec *fleetv1.FleetSpec) ([]Endpoint, error) {
	all := make([]Endpoint, len(spec.Regions))
	group, each := errgroup.WithContext(ctx)
	for i, r := range spec.Regions {
		group.Go(func() error {
			name := infra.ClusterName(fleet, r.Name)
			if r.Adopt != nil && r.Adopt.Cluster != "" {
				name = r.Adopt.Cluster
			}
			out, err := c.in(r.Name).eks.DescribeCluster(each, &eks.DescribeClusterInput{Name: &name})
			if err != nil {
				return c.explain(err, r.Name)
			}
			e := Endpoint{Region: r.Name, Cluster: name, Server: awssdk.ToString(out.Cluster.Endpoint)}
			if a := out.Cluster.CertificateAuthority; a != nil {
				if e.CA, err = base64.StdEncoding.DecodeString(awssdk.ToString(a.Data)); err != nil {
					return fmt.Errorf("the certificate of cluster %s in %s: %w", name, r.Name, err)
				}
			}
			e.Private, err = c.in(r.Name).doorOf(each, name)
			if err != nil {
				return c.explain(err, r.Name)
			}
			all[i] = e
			return nil
		})
	}
	return all, group.Wait()
}

// doorOf is the lowest of the addresses that EKS has a cluster's API server listen
// at inside its network ("Cluster API server endpoint", Amazon EKS User Guide: the
// interfaces are described as "Amazon EKS NAME").
func (r *regional) doorOf(ctx context.Context, cluster string) (string, error) {
	pages := ec2.NewDescribeNetworkInterfacesPaginator(r.ec2, &ec2.DescribeNetworkInterfacesInput{Filters: []types.Filter{filter("description", "Amazon EKS "+cluster)}})
	lowest := netip.Addr{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, i := range page.NetworkInterfaces {
			if a, err := netip.ParseAddr(awssdk.ToString(i.PrivateIpAddress)); err == nil && (!lowest.IsValid() || a.Less(lowest)) {
				lowest = a
			}
		}
	}
	if !lowest.IsValid() {
		return "", nil
	}
	return lowest.String(), nil
}
