package datacenter

import (
	"maps"
	"slices"

	"golang.org/x/mod/semver"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
	"github.com/ringspan/ringspan/internal/version"
)

// Paths and names inside a pod.
const (
	agentVolume  = "ringspan-agent"
	agentPath    = "/opt/ringspan-agent"
	configVolume = "server-config"
	logVolume    = "server-logs"
)

// DataVolume is the volume of a node's data, and DataPath where Cassandra's container mounts it.
const (
	DataVolume = "server-data"
	DataPath   = "/var/lib/cassandra"
)

// rackVariable of the Cassandra container has the rack's name.
const rackVariable = "RACK_NAME"

// podManagement lets a rack's pods be made at once: their nodes start when the operator says so.
const podManagement = appsv1.ParallelPodManagement

// StatefulSet of one rack. replicas is given, because a rack is stopped, scaled
// and removed step by step.
func (s *State) StatefulSet(rack api.Rack, replicas int) (*appsv1.StatefulSet, error) {
	n := s.names()
	template, err := s.podTemplate(rack)
	if err != nil {
		return nil, err
	}
	meta := s.meta(n.StatefulSet(rack.Name))
	meta.Labels[api.RackLabel] = topology.CleanLabel(rack.Name)
	selector := s.selector()
	selector[api.RackLabel] = topology.CleanLabel(rack.Name)
	sts := &appsv1.StatefulSet{
		TypeMeta: setType, ObjectMeta: meta,
		Spec: appsv1.StatefulSetSpec{
			Replicas: new(int32(replicas)), ServiceName: n.AllPodsService(), PodManagementPolicy: podManagement,
			Selector: &metav1.LabelSelector{MatchLabels: selector}, Template: template, MinReadySeconds: ptr.Deref(s.DC.Spec.MinReadySeconds, 5),
			UpdateStrategy:       appsv1.StatefulSetUpdateStrategy{Type: appsv1.OnDeleteStatefulSetStrategyType}, // see planRoll
			VolumeClaimTemplates: s.claimsOf(rack),
		},
	}
	return sts, nil
}

// claimsOf are the claims of a rack's pods. Those of a StatefulSet that is there keep their labels: nobody can change them.
func (s *State) claimsOf(rack api.Rack) []corev1.PersistentVolumeClaim {
	claims := s.claims()
	for i := range claims {
		labels := s.labels()
		delete(labels, api.VersionLabel) // it would stay the one that the volume was made with
		labels[api.RackLabel] = topology.CleanLabel(rack.Name)
		claims[i].Labels = labels
	}
	return claims
}

func (s *State) claims() (claims []corev1.PersistentVolumeClaim) {
	add := func(name string, spec *corev1.PersistentVolumeClaimSpec) {
		if spec != nil {
			claims = append(claims, corev1.PersistentVolumeClaim{
				TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"},
				ObjectMeta: metav1.ObjectMeta{Name: name, Labels: s.selector()}, Spec: *spec.DeepCopy()})
		}
	}
	add(DataVolume, s.DC.Spec.StorageConfig.CassandraDataVolumeClaimSpec)
	for _, v := range s.DC.Spec.StorageConfig.AdditionalVolumes {
		add(v.Name, v.PVCSpec)
	}
	return claims
}

// podTemplate builds the pod and lays the user's template over it.
func (s *State) podTemplate(rack api.Rack) (corev1.PodTemplateSpec, error) {
	config, err := s.configEnv()
	if err != nil {
		return corev1.PodTemplateSpec{}, err
	}
	labels := s.labels()
	labels[api.RackLabel], labels[api.NodeStateLabel] = topology.CleanLabel(rack.Name), api.NodeStateReadyToStart
	t := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: maps.Clone(s.DC.Spec.AdditionalAnnotations)},
		Spec: corev1.PodSpec{
			InitContainers: []corev1.Container{s.installContainer()},
			Containers:     []corev1.Container{s.cassandraContainer(rack, config)},
			Volumes:        s.volumes(), Affinity: s.affinity(rack), Tolerations: s.DC.Spec.Tolerations, NodeSelector: s.DC.Spec.NodeSelector,
			ServiceAccountName: or(s.DC.Spec.ServiceAccountName, s.DC.Spec.DeprecatedServiceAccount), TerminationGracePeriodSeconds: new(int64(120)),
			SecurityContext: &corev1.PodSecurityContext{RunAsUser: new(int64(999)), RunAsGroup: new(int64(999)), FSGroup: new(int64(999)), RunAsNonRoot: new(true)},
		},
	}
	s.secure(&t.Spec)
	if !s.DC.Spec.DisableSystemLoggerSidecar {
		t.Spec.Containers = append(t.Spec.Containers, s.loggerContainer())
	}
	if net := s.DC.Spec.Networking; net != nil && net.HostNetwork {
		t.Spec.HostNetwork, t.Spec.DNSPolicy = true, corev1.DNSClusterFirstWithHostNet
	}
	return overlay(t, s.DC.Spec.PodTemplateSpec)
}

func (s *State) image() string {
	return or(s.DC.Spec.ServerImage, "cassandra:"+s.DC.Spec.ServerVersion)
}

func (s *State) readOnlyRoot() bool {
	if s.DC.Spec.ReadOnlyRootFilesystem != nil {
		return *s.DC.Spec.ReadOnlyRootFilesystem
	}
	return s.DC.Spec.ServerImage == "" && semver.Compare("v"+s.DC.Spec.ServerVersion, "v4.1") >= 0
}

func (s *State) security() *corev1.SecurityContext {
	return &corev1.SecurityContext{ReadOnlyRootFilesystem: new(s.readOnlyRoot()), AllowPrivilegeEscalation: new(false),
		Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}
}

// AgentImage is the image of this version's agent, where a cluster has it under no other name.
func AgentImage() string { return "ringspan/agent:" + version.Version }

// installContainer brings the agent and its jars into the pod.
func (s *State) installContainer() corev1.Container {
	return corev1.Container{
		Name: installName, Image: or(s.Agent, AgentImage()),
		Args: []string{"install", agentPath}, Resources: s.DC.Spec.ConfigBuilderResources, SecurityContext: s.security(),
		VolumeMounts: []corev1.VolumeMount{{Name: agentVolume, MountPath: agentPath}},
	}
}

func (s *State) cassandraContainer(rack api.Rack, config corev1.EnvVar) corev1.Container {
	c := corev1.Container{
		Name: "cassandra", Image: s.image(), Command: []string{agentPath + "/ringspan-agent", "run"}, Resources: s.DC.Spec.Resources, SecurityContext: s.security(),
		Env: []corev1.EnvVar{
			field("POD_NAME", "metadata.name"), field("NODE_NAME", "spec.nodeName"), field("POD_IP", "status.podIP"), field("HOST_IP", "status.hostIP"),
			env(rackVariable, rack.Name), env("PRODUCT_VERSION", s.DC.Spec.ServerVersion), env("PRODUCT_NAME", s.DC.Spec.ServerType),
			env("USE_HOST_IP_FOR_BROADCAST", boolText(s.DC.Spec.Networking != nil && s.DC.Spec.Networking.NodePort != nil)),
			config, env("DS_LICENSE", "accept"), env("USE_MGMT_API", "true"),
			env("MGMT_API_EXPLICIT_START", "true"), env("MGMT_API_NO_KEEP_ALIVE", "true"),
			env("CASSANDRA_INCLUDE", "/config/nodetool.in.sh"), // written by the agent: nodetool's login
		},
		Ports: []corev1.ContainerPort{
			port("native", s.nativePort()), port("tls-native", portNativeTLS), port("internode", portInternode), port("tls-internode", portTLS), port("jmx", portJMX),
			port("mgmt-api-http", s.managementPort()), port("prometheus", portPrometheus), port("metrics", portMetrics),
		},
		VolumeMounts: []corev1.VolumeMount{
			{Name: agentVolume, MountPath: agentPath}, {Name: configVolume, MountPath: "/config"}, {Name: logVolume, MountPath: "/var/log/cassandra"},
			{Name: DataVolume, MountPath: DataPath}, {Name: "tmp", MountPath: "/tmp"},
		},
		LivenessProbe:  s.probe("/api/v0/probes/liveness", 15, 15),
		ReadinessProbe: s.probe("/api/v0/probes/readiness", 1, 2),
	}
	for _, v := range s.DC.Spec.StorageConfig.AdditionalVolumes {
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: v.Name, MountPath: v.MountPath})
	}
	return c
}

func (s *State) loggerContainer() corev1.Container {
	return corev1.Container{
		Name: "server-system-logger", Image: or(s.DC.Spec.SystemLoggerImage, s.image()), SecurityContext: s.security(),
		Command: []string{agentPath + "/ringspan-agent", "logs", "/var/log/cassandra/system.log"}, Resources: s.DC.Spec.SystemLoggerResources,
		VolumeMounts: []corev1.VolumeMount{{Name: agentVolume, MountPath: agentPath, ReadOnly: true}, {Name: logVolume, MountPath: "/var/log/cassandra", ReadOnly: true}},
	}
}

func port(name string, number int32) corev1.ContainerPort {
	return corev1.ContainerPort{Name: name, ContainerPort: number, Protocol: corev1.ProtocolTCP}
}

func (s *State) probe(path string, delay, period int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:        corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intOf(int(s.managementPort())), Scheme: corev1.URISchemeHTTP}},
		InitialDelaySeconds: delay, PeriodSeconds: period, TimeoutSeconds: 10, SuccessThreshold: 1, FailureThreshold: 3,
	}
}

func (s *State) volumes() []corev1.Volume {
	var all []corev1.Volume
	for _, name := range []string{agentVolume, configVolume, logVolume, "tmp"} {
		all = append(all, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	}
	if s.DC.Spec.StorageConfig.CassandraDataVolumeClaimSpec == nil {
		all = append(all, corev1.Volume{Name: DataVolume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	}
	for _, v := range s.DC.Spec.StorageConfig.AdditionalVolumes {
		if v.VolumeSource != nil {
			all = append(all, corev1.Volume{Name: v.Name, VolumeSource: *v.VolumeSource})
		}
	}
	return all
}

// affinity keeps the datacenter's nodes on different machines and each rack
// where its labels say.
func (s *State) affinity(rack api.Rack) *corev1.Affinity {
	a := &corev1.Affinity{}
	if rack.Affinity != nil {
		a = rack.Affinity.DeepCopy()
	}
	if !s.DC.Spec.AllowMultipleNodesPerWorker {
		if a.PodAntiAffinity == nil {
			a.PodAntiAffinity = &corev1.PodAntiAffinity{}
		}
		a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution = append(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution,
			corev1.PodAffinityTerm{LabelSelector: &metav1.LabelSelector{MatchLabels: s.selector()}, TopologyKey: corev1.LabelHostname})
	}
	want := merged(s.DC.Spec.NodeAffinityLabels, rack.NodeAffinityLabels)
	if rack.DeprecatedZone != "" {
		want[corev1.LabelFailureDomainBetaZone] = rack.DeprecatedZone
	}
	if len(want) > 0 {
		requireLabels(a, want)
	}
	return a
}

// requireLabels adds node labels to an affinity's requirements.
func requireLabels(a *corev1.Affinity, want map[string]string) {
	if a.NodeAffinity == nil {
		a.NodeAffinity = &corev1.NodeAffinity{}
	}
	if a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{}}}
	}
	selector := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	var terms []corev1.NodeSelectorTerm
	for _, term := range selector.NodeSelectorTerms { // any term suffices, so each must ask for the labels
		for _, spelling := range spellings(want) {
			one := *term.DeepCopy()
			for _, key := range slices.Sorted(maps.Keys(spelling)) {
				one.MatchExpressions = append(one.MatchExpressions, corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{spelling[key]}})
			}
			terms = append(terms, one)
		}
	}
	selector.NodeSelectorTerms = terms
}

// newSpelling are today's names of labels that Kubernetes 1.17 renamed.
var newSpelling = map[string]string{
	corev1.LabelFailureDomainBetaZone:   corev1.LabelTopologyZone,
	corev1.LabelFailureDomainBetaRegion: corev1.LabelTopologyRegion,
}

// spellings are labels as asked for and, if some are asked for by their old
// names, by the new ones: nodes of today don't have the old ones.
func spellings(labels map[string]string) []map[string]string {
	renamed := map[string]string{}
	for key, value := range labels {
		renamed[or(newSpelling[key], key)] = value
	}
	if maps.Equal(labels, renamed) {
		return []map[string]string{labels}
	}
	return []map[string]string{labels, renamed}
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
