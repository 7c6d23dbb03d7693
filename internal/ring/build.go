package ring

import (
	"encoding/json"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/topology"
)

// ClusterName is Cassandra's name of the ring.
func ClusterName(k *api.K8ssandraCluster) string {
	if k.Spec.Cassandra != nil && k.Spec.Cassandra.ClusterName != "" {
		return k.Spec.Cassandra.ClusterName
	}
	return k.Name
}

// Namespace of a datacenter.
func Namespace(k *api.K8ssandraCluster, t api.CassandraDatacenterTemplate) string {
	if t.Metadata.Namespace != "" {
		return t.Metadata.Namespace
	}
	return k.Namespace
}

// RegionOf is where a datacenter belongs: its context, or where the ring was first applied.
func RegionOf(k *api.K8ssandraCluster, t api.CassandraDatacenterTemplate) string {
	if t.K8sContext != "" {
		return t.K8sContext
	}
	return k.Annotations[federation.OriginAnnotation]
}

// Topology is the ring as all its datacenters know it; the first one founds it.
func Topology(k *api.K8ssandraCluster, replacing Replacing) (topology.Ring, error) {
	r := topology.Ring{Name: ClusterName(k), External: externals(k)}
	for i, t := range k.Spec.Cassandra.Datacenters {
		options, err := Options(k, t, replacing)
		if err != nil {
			return r, err
		}
		d := topology.Datacenter{Name: t.CassandraName(), Region: t.K8sContext, Size: int(t.Size), Racks: cassandra.NamesOfRacks(options.Racks), NumTokens: 16}
		if options.CassandraConfig != nil {
			if n, ok := number(options.CassandraConfig.CassandraYaml["num_tokens"]); ok {
				d.NumTokens = n
			}
		}
		if i == 0 {
			r.Founder = d.Name
		}
		r.Datacenters = append(r.Datacenters, d)
	}
	return r, nil
}

func number(v any) (int, bool) {
	switch n := v.(type) {
	case int64:
		return int(n), true
	case float64:
		return int(n), true
	}
	return 0, false
}

// Options are a datacenter's options: its own over the ring's, maps merged deeply, lists by the names of their elements.
func Options(k *api.K8ssandraCluster, t api.CassandraDatacenterTemplate, replacing Replacing) (api.DatacenterOptions, error) {
	if replacing[t.Metadata.Name] {
		return optionsWith(k, t, overlay)
	}
	return optionsWith(k, t, overlayOptions)
}

func optionsWith(k *api.K8ssandraCluster, t api.CassandraDatacenterTemplate, overlay func(into, from map[string]any)) (api.DatacenterOptions, error) {
	var out api.DatacenterOptions
	merged := map[string]any{}
	for _, layer := range []api.DatacenterOptions{k.Spec.Cassandra.DatacenterOptions, t.DatacenterOptions} {
		m, err := asMap(layer)
		if err != nil {
			return out, err
		}
		overlay(merged, m)
	}
	data, err := json.Marshal(merged)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(data, &out)
}

// overlay lays a map over another one: maps are merged deeply, lists replaced.
func overlay(into, from map[string]any) {
	for key, v := range from {
		deeper, isMap := v.(map[string]any)
		there, wasMap := into[key].(map[string]any)
		if isMap && wasMap {
			overlay(there, deeper)
			continue
		}
		into[key] = v
	}
}

// SuperuserSecret is the Secret that all datacenters log in with.
func SuperuserSecret(k *api.K8ssandraCluster) string {
	if name := k.Spec.Cassandra.SuperuserSecretRef.Name; name != "" {
		return name
	}
	return topology.NamesOf(ClusterName(k), "").SuperuserSecret()
}

// Auth tells whether clients must log in.
func Auth(k *api.K8ssandraCluster) bool { return k.Spec.Auth == nil || *k.Spec.Auth }

// Build is the CassandraDatacenter that number i of spec.cassandra.datacenters asks for, with everything that a region's
// operator needs to know of the ring. Its Namespace and RegionOf say where it belongs.
func Build(k *api.K8ssandraCluster, i int, replacing Replacing) (*cassandra.CassandraDatacenter, error) {
	t := k.Spec.Cassandra.Datacenters[i]
	o, err := Options(k, t, replacing)
	if err != nil {
		return nil, fmt.Errorf("spec.cassandra.datacenters[%d]: %w", i, err)
	}
	ringOf, err := Topology(k, replacing)
	if err != nil {
		return nil, err
	}
	config, err := configOf(k, o)
	if err != nil {
		return nil, fmt.Errorf("spec.cassandra.datacenters[%d].config: %w", i, err)
	}
	if config, err = withBase(config, k.Spec.Cassandra.BaseConfiguration); err != nil {
		return nil, fmt.Errorf("spec.cassandra.datacenters[%d].config: %w", i, err)
	}
	replication, err := json.Marshal(systemReplication(k, ringOf))
	if err != nil {
		return nil, err
	}
	dc := &cassandra.CassandraDatacenter{
		TypeMeta: metav1.TypeMeta{APIVersion: cassandra.GroupVersion.String(), Kind: "CassandraDatacenter"},
		ObjectMeta: metav1.ObjectMeta{
			Name: t.Metadata.Name, Namespace: Namespace(k, t), Labels: labels(k, t),
			Annotations: merge(ringMeta(k).Annotations, t.Metadata.Annotations, map[string]string{
				topology.Annotation: ringOf.Encode(), api.InitialSystemReplicationAnnotation: string(replication)}, listRule(t, replacing), joinReplication(k), ringID(k), onDeletion(k), consent(k), disruptionScope(k), perNode(t)),
		},
		Spec: cassandra.CassandraDatacenterSpec{
			ClusterName: ClusterName(k), DatacenterName: t.DatacenterName, Size: t.Size, Stopped: t.Stopped,
			ServerType: orElse(k.Spec.Cassandra.ServerType, "cassandra"), ServerVersion: o.ServerVersion, ServerImage: o.ServerImage,
			Config: config, Racks: o.Racks, Tolerations: o.Tolerations, AdditionalSeeds: k.Spec.Cassandra.AdditionalSeeds,
			AllowMultipleNodesPerWorker: o.SoftPodAntiAffinity != nil && *o.SoftPodAntiAffinity, ReadOnlyRootFilesystem: o.ReadOnlyRootFilesystem,
			ServiceAccountName: o.ServiceAccount, DseWorkloads: o.DseWorkloads, CDC: o.CDC,
			AdditionalLabels: merge(ringMeta(k).CommonLabels, t.Metadata.CommonLabels), AdditionalAnnotations: merge(ringMeta(k).CommonAnnotations, t.Metadata.CommonAnnotations),
			AdditionalServiceConfig: services(ringMeta(k).ServiceConfig, t.Metadata.ServiceConfig),
			PodTemplateSpec:         podTemplate(k, t, o),
		},
	}
	if Auth(k) {
		dc.Spec.SuperuserSecretName = SuperuserSecret(k)
	}
	if o.StorageConfig != nil {
		dc.Spec.StorageConfig = *o.StorageConfig
	}
	if o.ExtraVolumes != nil {
		dc.Spec.StorageConfig.AdditionalVolumes = append(dc.Spec.StorageConfig.AdditionalVolumes, o.ExtraVolumes.PVCs...)
	}
	if o.Resources != nil {
		dc.Spec.Resources = *o.Resources
	}
	if o.ManagementApiAuth != nil {
		dc.Spec.ManagementApiAuth = *o.ManagementApiAuth
	}
	if n := o.Networking; n != nil {
		dc.Spec.Networking = &cassandra.NetworkingConfig{NodePort: n.NodePort, HostNetwork: n.HostNetwork != nil && *n.HostNetwork}
	}
	return dc, nil
}

// listRule puts down that a datacenter's lists are merged with the ring's.
func listRule(t api.CassandraDatacenterTemplate, replacing Replacing) map[string]string {
	if replacing[t.Metadata.Name] {
		return nil
	}
	return map[string]string{cassandra.ListsAnnotation: api.ListsMerged}
}

// joinReplication passes on which of the users' keyspaces a datacenter that is
// added gets replicas of.
func joinReplication(k *api.K8ssandraCluster) map[string]string {
	if text := k.Annotations[api.DcReplicationAnnotation]; text != "" {
		return map[string]string{api.DcReplicationAnnotation: text}
	}
	return nil
}

// perNode passes on where the configuration of single nodes is.
func perNode(t api.CassandraDatacenterTemplate) map[string]string {
	if name := t.PerNodeConfigMapRef.Name; name != "" {
		return map[string]string{cassandra.PerNodeConfigAnnotation: name}
	}
	return nil
}

// ringID passes on which ring a datacenter belongs to.
func ringID(k *api.K8ssandraCluster) map[string]string {
	if id := k.Annotations[api.RingIDAnnotation]; id != "" {
		return map[string]string{cassandra.RingIDAnnotation: id}
	}
	return nil
}

// consent passes on whether changes wait for a person's consent, and to what that was given. What is given on the datacenter itself is
// another annotation, and counts as well.
func consent(k *api.K8ssandraCluster) map[string]string {
	out := map[string]string{}
	if value := k.Annotations[cassandra.ConsentAnnotation]; value != "" {
		out[cassandra.ConsentAnnotation] = value
	}
	if value := k.Annotations[cassandra.ConsentToAnnotation]; value != "" {
		out[cassandra.RingConsentToAnnotation] = value
	}
	return out
}

// disruptionScope passes on whether the ring's datacenters have one disruption budget.
func disruptionScope(k *api.K8ssandraCluster) map[string]string {
	if value := k.Annotations[cassandra.DisruptionScopeAnnotation]; value != "" {
		return map[string]string{cassandra.DisruptionScopeAnnotation: value}
	}
	return nil
}

// onDeletion passes on what the ring says about its deletion: that it is protected, how long volumes stay.
func onDeletion(k *api.K8ssandraCluster) map[string]string {
	out := map[string]string{}
	for _, key := range []string{deletion.Protection, deletion.KeepVolumes} {
		if value := k.Annotations[key]; value != "" {
			out[key] = value
		}
	}
	return out
}

func ringMeta(k *api.K8ssandraCluster) api.MetadataOptions {
	if k.Spec.Cassandra.Metadata == nil {
		return api.MetadataOptions{}
	}
	return k.Spec.Cassandra.Metadata.MetadataOptions
}

func labels(k *api.K8ssandraCluster, t api.CassandraDatacenterTemplate) map[string]string {
	return merge(ringMeta(k).Labels, t.Metadata.Labels, map[string]string{
		api.NameLabel: api.NameLabelValue, api.PartOfLabel: api.PartOfLabelValue, api.ComponentLabel: api.ComponentLabelCassandra,
		api.ClusterNameLabel: k.Name, api.ClusterNamespaceLabel: k.Namespace, api.CleanedUpByLabel: api.CleanedUpByLabelValue,
	})
}

// podTemplate carries what a CassandraDatacenter has no field of its own for;
// nil when there is nothing.
func podTemplate(k *api.K8ssandraCluster, t api.CassandraDatacenterTemplate, o api.DatacenterOptions) *corev1.PodTemplateSpec {
	tags := ringMeta(k).Pods
	template := &corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: merge(tags.Labels, t.Metadata.Pods.Labels), Annotations: merge(tags.Annotations, t.Metadata.Pods.Annotations)},
		Spec:       corev1.PodSpec{Containers: o.Containers, InitContainers: o.InitContainers, SecurityContext: o.PodSecurityContext, PriorityClassName: o.PodPriorityClassName},
	}
	if o.ExtraVolumes != nil {
		template.Spec.Volumes = o.ExtraVolumes.Volumes
	}
	empty := len(template.Labels)+len(template.Annotations)+len(o.Containers)+len(o.InitContainers)+len(template.Spec.Volumes) == 0
	if empty && o.PodSecurityContext == nil && o.PodPriorityClassName == "" {
		return nil
	}
	return template
}

func services(layers ...api.CassandraDatacenterServicesMeta) (out cassandra.ServiceConfig) {
	for _, l := range layers {
		for _, s := range []struct {
			to   *cassandra.ServiceConfigAdditions
			from api.MetaTags
		}{
			{&out.DatacenterService, l.DatacenterService}, {&out.SeedService, l.SeedService}, {&out.AllPodsService, l.AllPodsService},
			{&out.AdditionalSeedService, l.AdditionalSeedService}, {&out.NodePortService, l.NodePortService},
		} {
			s.to.Labels, s.to.Annotations = merge(s.to.Labels, s.from.Labels), merge(s.to.Annotations, s.from.Annotations)
		}
	}
	return out
}

// merge lays maps over each other; nil when all are empty.
func merge(layers ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, l := range layers {
		maps.Copy(out, l)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
