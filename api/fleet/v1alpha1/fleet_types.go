package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Fleet is the infrastructure of rings: regions, each with one network and one Kubernetes cluster, connected to each other.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=fleets,scope=Cluster
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.provider`
// +kubebuilder:printcolumn:name="Regions",type=string,JSONPath=`.spec.regions[*].name`
// +kubebuilder:validation:XValidation:rule=`self.metadata.name.matches('^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$')`,message="metadata.name must be lower-case letters, digits and -, beginning with a letter, at most 40"
// +kubebuilder:validation:XValidation:rule=`!has(self.spec) || !has(self.spec.regions) || self.spec.regions.all(r, size(self.metadata.name) + size(r.name) <= 45)`,message="the names of the fleet and of a region have at most 45 characters together, because IAM roles are named by both"
type Fleet struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +kubebuilder:validation:Required
	Spec FleetSpec `json:"spec"`
}

// FleetList is a list of Fleet.
//
// +kubebuilder:object:root=true
type FleetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Fleet `json:"items"`
}

// Provider is where a fleet's infrastructure comes from.
type Provider string

// Providers.
const (
	// ProviderLocal is the cloud on one Linux machine that comes with the product.
	ProviderLocal Provider = "local"
	// ProviderAWS is Amazon Web Services, or anything that answers its API.
	ProviderAWS Provider = "aws"
	// ProviderExisting is Kubernetes clusters that are there already: nothing is made or deleted beside what runs in them.
	ProviderExisting Provider = "existing"
)

// FleetSpec lists the regions.
//
// +kubebuilder:validation:XValidation:rule=`(has(self.provider) && self.provider != 'local') || self.regions.all(r, !isCIDR(r.cidr) || !has(r.nodes) || !has(r.nodes.count) || (r.nodes.count + (has(r.zones) && size(r.zones) > 0 ? size(r.zones) : 3) - 1) / (has(r.zones) && size(r.zones) > 0 ? size(r.zones) : 3) <= (cidr(r.cidr).prefixLength() <= 20 ? 16 : cidr(r.cidr).prefixLength() == 21 ? 8 : 4))`,message="provider local has room for 16 nodes in a zone, for 8 when the region's cidr is a /21, for 4 when it is a /22",fieldPath=".regions"
//
// +kubebuilder:validation:XValidation:rule=`(has(self.provider) && self.provider != 'local') || self.regions.all(r, has(r.cidr))`,message="every region of provider local needs a cidr"
type FleetSpec struct {
	// Provider of the infrastructure.
	// +kubebuilder:validation:Enum=local;aws;existing
	// +kubebuilder:default=local
	Provider Provider `json:"provider,omitempty"`

	// Regions of the fleet; their networks are all connected to each other.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule=`self.all(a, self.exists_one(b, b.name == a.name))`,message="region names must differ"
	// +kubebuilder:validation:XValidation:rule=`self.all(a, self.all(b, a.name == b.name || !has(a.cidr) || !has(b.cidr) || !isCIDR(a.cidr) || !isCIDR(b.cidr) || (!cidr(a.cidr).containsIP(cidr(b.cidr).ip()) && !cidr(b.cidr).containsIP(cidr(a.cidr).ip()))))`,message="the cidr ranges of regions must not overlap"
	// +kubebuilder:validation:XValidation:rule=`self.all(a, !has(a.serviceCIDR) || !isCIDR(a.serviceCIDR) || self.all(b, !has(b.cidr) || !isCIDR(b.cidr) || (!cidr(b.cidr).containsIP(cidr(a.serviceCIDR).ip()) && !cidr(a.serviceCIDR).containsIP(cidr(b.cidr).ip()))))`,message="a serviceCIDR must not overlap the cidr of any region"
	// +kubebuilder:validation:XValidation:rule=`self.all(a, !has(a.apiServerPort) || a.apiServerPort == 0 || self.exists_one(b, has(b.apiServerPort) && b.apiServerPort == a.apiServerPort))`,message="the apiServerPort of regions must differ"
	Regions []Region `json:"regions"`

	// Tags are put on every resource.
	// +kubebuilder:validation:MaxProperties=40
	Tags map[string]string `json:"tags,omitempty"`

	// JumpHost is a small network of its own with one machine that reaches all regions. Provider aws only.
	JumpHost *JumpHost `json:"jumpHost,omitempty"`

	// ReservedCIDRs are ranges of others that no planned range may overlap, for instance that of an office. Provider aws only.
	// +kubebuilder:validation:MaxItems=64
	ReservedCIDRs []string `json:"reservedCIDRs,omitempty"`

	// Expires is when the fleet is no longer wanted, as 2027-01-31 or 2027-01-31T18:00:00Z. Nothing happens by itself then: "ringspan gc" finds it. Provider aws only.
	// +kubebuilder:validation:MaxLength=32
	Expires string `json:"expires,omitempty"`

	// Admins are ARNs of IAM principals that administer every cluster, beside whoever made it. Provider aws only.
	// +kubebuilder:validation:MaxItems=32
	Admins []string `json:"admins,omitempty"`

	// Endpoint is the URL of another cloud that answers the API of AWS; AWS itself when empty. Provider aws only.
	// +kubebuilder:validation:MaxLength=255
	Endpoint string `json:"endpoint,omitempty"`

	// ImageRegistry is where the clusters pull Ringspan's images from, as "ringspan images push" was given it; required on AWS itself. Providers aws and existing only.
	// +kubebuilder:validation:MaxLength=200
	ImageRegistry string `json:"imageRegistry,omitempty"`

	// Kubeconfig is the path of the file whose contexts are the regions, from the directory of the fleet's file; kubectl's own choice when empty. Provider existing only.
	// +kubebuilder:validation:MaxLength=1024
	Kubeconfig string `json:"kubeconfig,omitempty"`
}

// NAT is how many NAT gateways a region has.
type NAT string

// Numbers of NAT gateways.
const (
	// NATPerRegion is one for all zones: cheaper, and the region's way out depends on one zone.
	NATPerRegion NAT = "perRegion"
	// NATPerZone is one in every zone.
	NATPerZone NAT = "perZone"
)

// EndpointAccess is who reaches a cluster's API server.
type EndpointAccess string

// Kinds of access.
const (
	// EndpointPublic is from the internet and from the fleet's networks.
	EndpointPublic EndpointAccess = "public"
	// EndpointPrivate is from the fleet's networks only.
	EndpointPrivate EndpointAccess = "private"
)

// APIEndpoint is how a cluster's API server is reached.
type APIEndpoint struct {
	// Access is public or private; the fleet's own networks reach it in both cases.
	// +kubebuilder:validation:Enum=public;private
	// +kubebuilder:default=public
	Access EndpointAccess `json:"access,omitempty"`

	// AllowedCIDRs are the ranges that reach a public API server; all when empty.
	// +kubebuilder:validation:MaxItems=40
	AllowedCIDRs []string `json:"allowedCIDRs,omitempty"`
}

// Adopt names what is there already. It is used, never changed beyond what connects it, and never deleted.
type Adopt struct {
	// VPC is the id of the region's VPC. Its subnets must be there.
	// +kubebuilder:validation:Pattern=`^vpc-[0-9a-f]+$`
	VPC string `json:"vpc,omitempty"`

	// Cluster is the name of the region's EKS cluster; its VPC is adopted with it.
	// +kubebuilder:validation:MaxLength=100
	Cluster string `json:"cluster,omitempty"`
}

// JumpHost is a machine that reaches all regions, and is itself reached through Session Manager only.
type JumpHost struct {
	// Region that it is in, for instance us-east-2; it may be one of the fleet's.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Region string `json:"region"`

	// CIDR of its network, an IPv4 network of 16 to 22 bits; chosen when empty.
	// +kubebuilder:validation:MaxLength=18
	CIDR string `json:"cidr,omitempty"`

	// InstanceType of the machine.
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:default=t3.micro
	InstanceType string `json:"instanceType,omitempty"`
}

// Region is one network with one Kubernetes cluster in it.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.zones) || [0, 1, 2, 3, 4, 5].all(i, i >= size(self.zones) || has(self.zones[i].name) || !self.zones.exists(z, has(z.name) && z.name == self.name + ['a', 'b', 'c', 'd', 'e', 'f'][i]))`,message="zone names must differ, also from those made from the region's name",fieldPath=".zones"
type Region struct {
	// Name of the region, for instance eu-west-1; also the kubeconfig context and the k8sContext of datacenters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`

	// CIDR is the address range of nodes and pods, an IPv4 network of 16 to 22 bits, distinct from all other regions'.
	// It is cut into eighths: one for each zone, the last two for what all zones share. Provider aws chooses one when empty.
	// +kubebuilder:validation:MaxLength=18
	// +kubebuilder:validation:XValidation:rule=`isCIDR(self) && cidr(self).ip().family() == 4 && cidr(self) == cidr(self).masked()`,message="cidr must be an IPv4 network such as 172.21.0.0/16"
	// +kubebuilder:validation:XValidation:rule=`!isCIDR(self) || (cidr(self).prefixLength() >= 16 && cidr(self).prefixLength() <= 22)`,message="cidr must have 16 to 22 bits"
	// +kubebuilder:validation:XValidation:rule=`!isCIDR(self) || !self.startsWith('172.17.')`,message="cidr must not lie in 172.17.0.0/16, which container engines use on every node"
	CIDR string `json:"cidr,omitempty"`

	// ServiceCIDR is the range of ClusterIP Services, an IPv4 network of 12 to 24 bits, distinct from all
	// regions' CIDR; chosen when left out. Regions may use the same.
	// +kubebuilder:validation:MaxLength=18
	// +kubebuilder:validation:XValidation:rule=`isCIDR(self) && cidr(self).ip().family() == 4 && cidr(self) == cidr(self).masked()`,message="serviceCIDR must be an IPv4 network such as 10.100.0.0/16"
	// +kubebuilder:validation:XValidation:rule=`!isCIDR(self) || (cidr(self).prefixLength() >= 12 && cidr(self).prefixLength() <= 24)`,message="serviceCIDR must have 12 to 24 bits"
	// +kubebuilder:validation:XValidation:rule=`!isCIDR(self) || cidr(self).ip().family() != 4 || cidr('10.0.0.0/8').containsCIDR(cidr(self)) || cidr('172.16.0.0/12').containsCIDR(cidr(self)) || cidr('192.168.0.0/16').containsCIDR(cidr(self))`,message="serviceCIDR must lie in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
	ServiceCIDR string `json:"serviceCIDR,omitempty"`

	// Zones of the region; three when empty.
	// +kubebuilder:validation:MaxItems=6
	// +kubebuilder:validation:XValidation:rule=`self.all(a, !has(a.name) || self.exists_one(b, has(b.name) && b.name == a.name))`,message="zone names must differ"
	Zones []Zone `json:"zones,omitempty"`

	// Nodes of the region's Kubernetes cluster.
	Nodes NodePool `json:"nodes,omitempty"`

	// APIServerPort is the port of the region's API server on the machine's loopback; a free one is chosen when 0.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=65535
	APIServerPort int32 `json:"apiServerPort,omitempty"`

	// KubernetesVersion of the cluster, a minor version such as "1.34"; one in standard support when empty. Provider aws only.
	// +kubebuilder:validation:Pattern=`^1\.[0-9]+$`
	KubernetesVersion string `json:"kubernetesVersion,omitempty"`

	// NAT is how many NAT gateways there are. Provider aws only.
	// +kubebuilder:validation:Enum=perRegion;perZone
	// +kubebuilder:default=perRegion
	NAT NAT `json:"nat,omitempty"`

	// APIEndpoint is how the cluster's API server is reached. Provider aws only.
	APIEndpoint APIEndpoint `json:"apiEndpoint,omitempty"`

	// Adopt names what is there already. Provider aws only.
	Adopt *Adopt `json:"adopt,omitempty"`

	// Context is the name of the region's context in the kubeconfig; the region's name when empty. Provider existing only.
	// +kubebuilder:validation:MaxLength=255
	Context string `json:"context,omitempty"`
}

// Zone is a failure zone of a region.
type Zone struct {
	// Name of the zone, for instance eu-west-1a; the region's name with a, b, c and so on behind when left out.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`
}

// NodePool is the worker nodes of a region, spread evenly over its zones.
type NodePool struct {
	// Count of nodes in the whole region; one for each zone when left out.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Count int32 `json:"count,omitempty"`

	// InstanceType of the nodes. Provider aws only.
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:default=m5.large
	InstanceType string `json:"instanceType,omitempty"`

	// DiskGiB is the size of a node's root volume in GiB; databases have volumes of their own. Provider aws only.
	// +kubebuilder:validation:Minimum=20
	// +kubebuilder:validation:Maximum=16384
	// +kubebuilder:default=50
	DiskGiB int32 `json:"diskGiB,omitempty"`

	// Capacity is on-demand, or spot: cheaper machines that AWS takes back at two minutes' notice. Provider aws only.
	// +kubebuilder:validation:Enum=on-demand;spot
	// +kubebuilder:default=on-demand
	Capacity Capacity `json:"capacity,omitempty"`

	// Zones of the region that get nodes; all when empty. Provider aws only.
	// +kubebuilder:validation:MaxItems=6
	Zones []string `json:"zones,omitempty"`
}

// Capacity is how machines are bought.
type Capacity string

// Kinds of capacity.
const (
	OnDemand Capacity = "on-demand"
	Spot     Capacity = "spot"
)
