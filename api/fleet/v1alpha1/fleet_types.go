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
	// ProviderAWS is accepted by the schema and refused by name: it is not there yet.
	ProviderAWS Provider = "aws"
)

// FleetSpec lists the regions.
//
// +kubebuilder:validation:XValidation:rule=`(has(self.provider) && self.provider != 'local') || self.regions.all(r, !isCIDR(r.cidr) || !has(r.nodes) || !has(r.nodes.count) || (r.nodes.count + (has(r.zones) && size(r.zones) > 0 ? size(r.zones) : 3) - 1) / (has(r.zones) && size(r.zones) > 0 ? size(r.zones) : 3) <= (cidr(r.cidr).prefixLength() <= 20 ? 16 : cidr(r.cidr).prefixLength() == 21 ? 8 : 4))`,message="provider local has room for 16 nodes in a zone, for 8 when the region's cidr is a /21, for 4 when it is a /22",fieldPath=".regions"
type FleetSpec struct {
	// Provider of the infrastructure.
	// +kubebuilder:validation:Enum=local;aws
	// +kubebuilder:default=local
	Provider Provider `json:"provider,omitempty"`

	// Regions of the fleet; their networks are all connected to each other.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule=`self.all(a, self.exists_one(b, b.name == a.name))`,message="region names must differ"
	// +kubebuilder:validation:XValidation:rule=`self.all(a, self.all(b, a.name == b.name || !isCIDR(a.cidr) || !isCIDR(b.cidr) || (!cidr(a.cidr).containsIP(cidr(b.cidr).ip()) && !cidr(b.cidr).containsIP(cidr(a.cidr).ip()))))`,message="the cidr ranges of regions must not overlap"
	// +kubebuilder:validation:XValidation:rule=`self.all(a, !has(a.serviceCIDR) || !isCIDR(a.serviceCIDR) || self.all(b, !isCIDR(b.cidr) || (!cidr(b.cidr).containsIP(cidr(a.serviceCIDR).ip()) && !cidr(a.serviceCIDR).containsIP(cidr(b.cidr).ip()))))`,message="a serviceCIDR must not overlap the cidr of any region"
	// +kubebuilder:validation:XValidation:rule=`self.all(a, !has(a.apiServerPort) || a.apiServerPort == 0 || self.exists_one(b, has(b.apiServerPort) && b.apiServerPort == a.apiServerPort))`,message="the apiServerPort of regions must differ"
	Regions []Region `json:"regions"`

	// Tags are put on every resource.
	Tags map[string]string `json:"tags,omitempty"`
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
	// It is cut into eighths: one for each zone, the last two for what all zones share.
	// +kubebuilder:validation:MaxLength=18
	// +kubebuilder:validation:XValidation:rule=`isCIDR(self) && cidr(self).ip().family() == 4 && cidr(self) == cidr(self).masked()`,message="cidr must be an IPv4 network such as 172.21.0.0/16"
	// +kubebuilder:validation:XValidation:rule=`!isCIDR(self) || (cidr(self).prefixLength() >= 16 && cidr(self).prefixLength() <= 22)`,message="cidr must have 16 to 22 bits"
	CIDR string `json:"cidr"`

	// ServiceCIDR is the range of ClusterIP Services, an IPv4 network of 12 to 24 bits, distinct from all
	// regions' CIDR; chosen when left out. Regions may use the same.
	// +kubebuilder:validation:MaxLength=18
	// +kubebuilder:validation:XValidation:rule=`isCIDR(self) && cidr(self).ip().family() == 4 && cidr(self) == cidr(self).masked()`,message="serviceCIDR must be an IPv4 network such as 10.100.0.0/16"
	// +kubebuilder:validation:XValidation:rule=`!isCIDR(self) || (cidr(self).prefixLength() >= 12 && cidr(self).prefixLength() <= 24)`,message="serviceCIDR must have 12 to 24 bits"
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
}
