package aws

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// Endpoints of the fleet's clusters, in the order of the file. Where AWS doesn't answer
// there is none, and the error says so; those of the other regions are right.
func (c *Cloud) Endpoints(ctx context.Context, fleet string, spec *fleetv1.FleetSpec) ([]provision.Endpoint, error) {
	all, errs := make([]provision.Endpoint, len(spec.Regions)), make([]error, len(spec.Regions))
	var group sync.WaitGroup
	for i, r := range spec.Regions {
		group.Go(func() { all[i], errs[i] = c.endpoint(ctx, fleet, r) })
	}
	group.Wait()
	all = slices.DeleteFunc(all, func(e provision.Endpoint) bool { return e.Region == "" })
	return all, errors.Join(errs...)
}

// endpoint of a region's cluster; a zero one with an error.
func (c *Cloud) endpoint(ctx context.Context, fleet string, r fleetv1.Region) (provision.Endpoint, error) {
	name := clusterName(fleet, &r)
	out, err := c.in(r.Name).eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name})
	if err != nil {
		return provision.Endpoint{}, c.explain(err, r.Name)
	}
	e := provision.Endpoint{Region: r.Name, Cluster: name, Server: awssdk.ToString(out.Cluster.Endpoint)}
	if a := out.Cluster.CertificateAuthority; a != nil {
		if e.CA, err = base64.StdEncoding.DecodeString(awssdk.ToString(a.Data)); err != nil {
			return provision.Endpoint{}, fmt.Errorf("the certificate of cluster %s in %s: %w", name, r.Name, err)
		}
	}
	if e.Private, err = c.in(r.Name).apiServerAddresses(ctx, name); err != nil {
		return provision.Endpoint{}, c.explain(err, r.Name)
	}
	return e, nil
}

// apiServerInterfaces are those at which EKS has a cluster's API server listen inside its
// network, in zones of their own ("Cluster API server endpoint", Amazon EKS User Guide:
// they are described as "Amazon EKS NAME").
func (r *regional) apiServerInterfaces(ctx context.Context, cluster string, more ...types.Filter) ([]types.NetworkInterface, error) {
	return r.networkInterfaces(ctx, append(slices.Clone(more), filter("description", "Amazon EKS "+cluster))...)
}

// apiServerAddresses are the addresses of those.
func (r *regional) apiServerAddresses(ctx context.Context, cluster string) ([]string, error) {
	interfaces, err := r.apiServerInterfaces(ctx, cluster)
	if err != nil {
		return nil, err
	}
	var all []netip.Addr
	for _, i := range interfaces {
		if a, err := netip.ParseAddr(awssdk.ToString(i.PrivateIpAddress)); err == nil {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, netip.Addr.Compare)
	var texts []string
	for _, a := range slices.Compact(all) {
		texts = append(texts, a.String())
	}
	return texts, nil
}
