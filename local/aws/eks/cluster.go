package eks

import (
	"time"

	"github.com/ringspan/ringspan/local/aws/world"
)

// Statuses of clusters, node groups and add-ons.
const (
	creating     = "CREATING"
	active       = "ACTIVE"
	updating     = "UPDATING"
	deleting     = "DELETING"
	failed       = "FAILED"
	degraded     = "DEGRADED"
	createFailed = "CREATE_FAILED"
)

// How long things take on AWS: clusters 13 to 16 minutes in a test of 21
// regions; the others about.
const (
	clusterCreates = 14 * time.Minute
	clusterUpdates = 8 * time.Minute
	clusterDeletes = 3 * time.Minute
	groupCreates   = 150 * time.Second
	groupUpdates   = 3 * time.Minute
	groupDeletes   = 4 * time.Minute
	addonCreates   = 20 * time.Second
	addonDeletes   = 10 * time.Second
	quickUpdates   = 30 * time.Second
)

// Cluster is a control plane.
type Cluster struct {
	Name, Arn, Version, PlatformVersion, Endpoint, RoleArn, Status, ClientRequestToken string
	CreatedAt                                                                          time.Time
	ResourcesVpcConfig                                                                 VpcConfig
	KubernetesNetworkConfig                                                            NetworkConfig
	Logging                                                                            Logging
	Identity                                                                           *Identity
	CertificateAuthority                                                               Certificate
	AccessConfig                                                                       AccessConfig
	UpgradePolicy                                                                      UpgradePolicy
	ZonalShiftConfig                                                                   *Enabled
	ControlPlaneScalingConfig                                                          *Tier
	EncryptionConfig                                                                   []EncryptionConfig `wire:",omitempty"`
	DeletionProtection                                                                 bool
	Health                                                                             Health
	Tags                                                                               map[string]string

	Region       string                   `wire:"-"`
	SelfManaged  bool                     `wire:"-"` // CNI, kube-proxy and CoreDNS came with the cluster
	Due          time.Time                `wire:"-"` // when the status may change by itself
	Nodegroups   world.Table[Nodegroup]   `wire:"-"`
	Addons       world.Table[Addon]       `wire:"-"`
	Entries      world.Table[AccessEntry] `wire:"-"`
	Associations world.Table[PodIdentity] `wire:"-"`
	Updates      world.Table[Update]      `wire:"-"`
}

// VpcConfig is where a cluster's API is reached.
type VpcConfig struct {
	SubnetIds, SecurityGroupIds, PublicAccessCidrs []string
	ClusterSecurityGroupId, VpcId                  string
	EndpointPublicAccess, EndpointPrivateAccess    bool
}

// NetworkConfig is the range of Services.
type NetworkConfig struct {
	ServiceIpv4Cidr, IpFamily string
	ElasticLoadBalancing      *Enabled
}

// Enabled is a switch.
type Enabled struct {
	Enabled bool
}

// Tier is a size of control plane.
type Tier struct {
	Tier string
}

// Logging says which control plane logs are kept.
type Logging struct {
	ClusterLogging []LogSetup
}

// LogSetup switches some logs.
type LogSetup struct {
	Types   []string
	Enabled bool
}

// Identity names the issuer of service account tokens.
type Identity struct {
	Oidc OIDC
}

// OIDC is an issuer.
type OIDC struct {
	Issuer string
}

// Certificate is base64 of a PEM file.
type Certificate struct {
	Data string
}

// AccessConfig says how people log in.
type AccessConfig struct {
	AuthenticationMode                      string
	BootstrapClusterCreatorAdminPermissions *bool
}

// UpgradePolicy says what happens at the end of standard support.
type UpgradePolicy struct {
	SupportType string
}

// EncryptionConfig says with which key Secrets are encrypted.
type EncryptionConfig struct {
	Resources []string
	Provider  struct{ KeyArn string }
}

// Health lists what is wrong.
type Health struct {
	Issues []Issue
}

// Issue is one thing that is wrong.
type Issue struct {
	Code, Message string
	ResourceIds   []string
}

// id is the cluster's, unique over all regions.
func (c *Cluster) id() string { return c.Region + "/" + c.Name }

// cluster is a cluster by name.
func (a *API) cluster(name string) (*Cluster, error) {
	c := a.region.Clusters.Get(name)
	if c == nil || !a.world.Lag.Visible(a.region.Name+"/"+name) {
		return nil, notFound("No cluster found for name: %s.", name).With("clusterName", name)
	}
	return c, nil
}

// ready is a cluster that takes changes.
func (a *API) ready(name string) (*Cluster, error) {
	c, err := a.cluster(name)
	if err != nil {
		return nil, err
	}
	if c.Status != active {
		return nil, conflict("Cannot do this because cluster %s is %s and currently has an operation in progress", name, c.Status).With("clusterName", name)
	}
	return c, nil
}
