package aws

import (
	"context"
	"encoding/base64"
	"fmt"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
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
			all[i] = e
			return nil
		})
	}
	return all, group.Wait()
}
