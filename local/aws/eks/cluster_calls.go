package eks

import (
	"context"

	"github.com/ringspan/ringspan/local/aws/wire"
)

// ClusterInput names a cluster.
type ClusterInput struct {
	Name string `wire:",uri"`
}

// DescribeCluster shows a cluster.
func (a *API) DescribeCluster(_ context.Context, in *ClusterInput) (*ClusterOutput, error) {
	c, err := a.cluster(in.Name)
	return &ClusterOutput{c}, err
}

// ListClustersInput is ListClusters's.
type ListClustersInput struct {
	Include []string `wire:",query"`
	Page
}

// ListClustersOutput is ListClusters's.
type ListClustersOutput struct {
	Clusters  []string
	NextToken string
}

// ListClusters lists the region's clusters.
func (a *API) ListClusters(_ context.Context, in *ListClustersInput) (*ListClustersOutput, error) {
	found, next, err := page(in.Page, names(a, a.region.Name+"/", &a.region.Clusters, func(c *Cluster) string { return c.Name }))
	return &ListClustersOutput{found, next}, err
}

// DeleteCluster begins to end a cluster that has no node groups.
func (a *API) DeleteCluster(_ context.Context, in *ClusterInput) (*ClusterOutput, error) {
	c, err := a.cluster(in.Name)
	if err != nil {
		return nil, err
	}
	switch {
	case c.DeletionProtection:
		return nil, wire.Errorf("InvalidRequestException", "Cluster %s has deletion protection enabled. Disable it before deleting the cluster.", c.Name).With("clusterName", c.Name)
	case c.Nodegroups.Len() > 0:
		return nil, conflict("Cluster has nodegroups attached").With("clusterName", c.Name)
	case c.Status == creating || c.Status == updating:
		return nil, conflict("Cannot delete because cluster %s currently has an update in progress", c.Name).With("clusterName", c.Name)
	case c.Status != deleting:
		c.Status, c.Due = deleting, a.world.In(clusterDeletes)
	}
	return &ClusterOutput{c}, nil
}
