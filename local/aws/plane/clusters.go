package plane

import (
	"context"
	"net/netip"
)

// Clusters runs Kubernetes control planes and machines. Every method may be
// called again after an error or a crash, and then goes on.
type Clusters interface {
	// CreateCluster starts a control plane and returns when its API answers.
	CreateCluster(ctx context.Context, c Cluster) (Endpoint, error)
	// DeleteCluster ends it; one that isn't there is no error.
	DeleteCluster(ctx context.Context, id string) error
	// SetAccess replaces who may log in to a cluster, and as whom.
	SetAccess(ctx context.Context, id string, grants []Grant) error
	// SetAddon makes an add-on run with a configuration, the JSON of EKS's
	// configurationValues.
	SetAddon(ctx context.Context, id, name, configuration string) error
	// DeleteAddon ends it.
	DeleteAddon(ctx context.Context, id, name string) error
	// CreateNode starts a machine whose kubelet joins a cluster. It returns
	// when the node is registered.
	CreateNode(ctx context.Context, n Node) error
	// DeleteNode ends the machine.
	DeleteNode(ctx context.Context, cluster, name string) error
}

// Cluster is a control plane.
type Cluster struct {
	ID          string // unique over all regions: region/name
	Region      string
	Name        string
	VPC         string
	Version     string // Kubernetes minor version, such as 1.34
	ServiceCIDR netip.Prefix
	Interfaces  []string // through which the VPC reaches the API server
	Public      bool     // the API server is reached from outside the VPC too
}

// Endpoint is how a cluster is reached.
type Endpoint struct {
	URL      string // from this machine
	Internal string // from inside the VPCs
	CA       []byte // PEM
}

// Grant maps a principal to what it is inside the cluster.
type Grant struct {
	PrincipalARN string // of an IAM user or role
	Username     string // {{SessionName}} stands for a role's session; "" = what EKS makes of the ARN
	// Groups of Kubernetes; eks-access-policy:NAME stands for an EKS access policy
	// in the whole cluster, eks-access-policy:NAME:NAMESPACE for one in a namespace.
	Groups []string
}

// Node is a machine of a cluster.
type Node struct {
	Cluster      string // Cluster.ID
	Name         string // private DNS name
	InstanceID   string
	InstanceType string
	Zone         string
	Interface    string // its first address is the node's; secondary ones and prefixes are for pods
	Labels       map[string]string
	Taints       []string // key=value:Effect
	CapacityType string   // ON_DEMAND or SPOT
	CPUs         int      // of the instance type; 0 = 8
	Memory       uint64   // bytes; 0 = 32 GiB
}
