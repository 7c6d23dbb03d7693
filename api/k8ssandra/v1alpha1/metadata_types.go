package v1alpha1

// EmbeddedObjectMeta names a datacenter and adds metadata to its child objects.
type EmbeddedObjectMeta struct {
	// Namespace of the datacenter; the ring's when empty.
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`

	// Name of the CassandraDatacenter object, a DNS label.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="the name of a datacenter must be a DNS-1035 label: lower-case letters, digits and dashes, starting with a letter"
	Name string `json:"name"`

	MetadataOptions `json:",inline"`
}

// CassandraClusterMeta adds metadata to the child objects of all datacenters.
type CassandraClusterMeta struct {
	MetadataOptions `json:",inline"`
}

// MetadataOptions is metadata for child objects.
type MetadataOptions struct {
	// Labels of the CassandraDatacenter object.
	Labels map[string]string `json:"labels,omitempty"`
	// Annotations of the CassandraDatacenter object.
	Annotations map[string]string `json:"annotations,omitempty"`
	// CommonLabels of all child objects.
	CommonLabels map[string]string `json:"commonLabels,omitempty"`
	// CommonAnnotations of all child objects.
	CommonAnnotations map[string]string `json:"commonAnnotations,omitempty"`
	// Pods' metadata.
	Pods MetaTags `json:"pods,omitempty"`
	// ServiceConfig is the Services' metadata.
	ServiceConfig CassandraDatacenterServicesMeta `json:"services,omitempty"`
}

// CassandraDatacenterServicesMeta is metadata of each Service of a datacenter.
type CassandraDatacenterServicesMeta struct {
	DatacenterService     MetaTags `json:"dcService,omitempty"`
	SeedService           MetaTags `json:"seedService,omitempty"`
	AllPodsService        MetaTags `json:"allPodsService,omitempty"`
	AdditionalSeedService MetaTags `json:"additionalSeedService,omitempty"`
	NodePortService       MetaTags `json:"nodePortService,omitempty"`
}

// MetaTags are labels and annotations.
type MetaTags struct {
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// ResourceMeta is metadata of the child objects of a gateway or of Reaper.
type ResourceMeta struct {
	Labels            map[string]string `json:"labels,omitempty"`
	Annotations       map[string]string `json:"annotations,omitempty"`
	CommonLabels      map[string]string `json:"commonLabels,omitempty"`
	CommonAnnotations map[string]string `json:"commonAnnotations,omitempty"`
	Pods              MetaTags          `json:"pods,omitempty"`
	Service           MetaTags          `json:"service,omitempty"`
}
