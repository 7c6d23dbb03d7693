package datacenter

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/topology"
)

// Ports of a Cassandra pod.
const (
	portNative     = 9042
	portNativeTLS  = 9142
	portInternode  = 7000
	portTLS        = 7001
	portJMX        = 7199
	portManagement = 8080
	portPrometheus = 9103
	portMetrics    = 9000
)

// selector are the labels that choose the datacenter's pods.
func (s *State) selector() map[string]string {
	return map[string]string{
		api.ClusterLabel:    topology.CleanLabel(s.DC.Spec.ClusterName),
		api.DatacenterLabel: topology.CleanLabel(s.DC.Name),
	}
}

// labels are on every object of the datacenter.
func (s *State) labels() map[string]string {
	l := map[string]string{
		api.ManagedByLabel: api.ManagedByLabelValue, api.NameLabel: api.NameLabelValue,
		api.InstanceLabel: topology.CleanLabel("cassandra-" + s.names().Cluster), api.VersionLabel: s.DC.Spec.ServerVersion,
		api.CreatedByLabel: api.CreatedByLabelValue,
	}
	maps.Copy(l, s.selector())
	maps.Copy(l, s.DC.Spec.AdditionalLabels)
	return l
}

func (s *State) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: s.DC.Namespace, Labels: s.labels(), Annotations: maps.Clone(s.DC.Spec.AdditionalAnnotations)}
}

func with(m metav1.ObjectMeta, more api.ServiceConfigAdditions) metav1.ObjectMeta {
	maps.Copy(m.Labels, more.Labels)
	if len(more.Annotations) > 0 && m.Annotations == nil {
		m.Annotations = map[string]string{}
	}
	maps.Copy(m.Annotations, more.Annotations)
	return m
}

func tcp(name string, port int32) corev1.ServicePort {
	return corev1.ServicePort{Name: name, Port: port, TargetPort: intstr.FromInt32(port), Protocol: corev1.ProtocolTCP}
}

// Services are those of cass-operator, by the names that clients know.
func (s *State) Services() []*corev1.Service {
	n, extra := s.names(), s.DC.Spec.AdditionalServiceConfig
	make := func(meta metav1.ObjectMeta, spec corev1.ServiceSpec) *corev1.Service {
		if spec.ClusterIP == "" && spec.Type == "" {
			spec.ClusterIP = corev1.ClusterIPNone
		}
		return &corev1.Service{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, ObjectMeta: meta, Spec: spec}
	}
	seed := with(s.meta(n.SeedService()), extra.SeedService)
	delete(seed.Labels, api.DatacenterLabel) // all datacenters of the cluster share it
	seedSelector := map[string]string{api.ClusterLabel: topology.CleanLabel(s.DC.Spec.ClusterName), api.SeedNodeLabel: "true"}
	allPods := with(s.meta(n.AllPodsService()), extra.AllPodsService)
	allPods.Labels[api.PromMetricsLabel] = "true"
	services := []*corev1.Service{
		make(seed, corev1.ServiceSpec{Selector: seedSelector, PublishNotReadyAddresses: true}),
		make(with(s.meta(n.Service()), extra.DatacenterService), corev1.ServiceSpec{Selector: s.selector(), Ports: []corev1.ServicePort{
			tcp("native", portNative), tcp("tls-native", portNativeTLS), tcp("mgmt-api", portManagement), tcp("prometheus", portPrometheus), tcp("metrics", portMetrics)}}),
		make(allPods, corev1.ServiceSpec{Selector: s.selector(), PublishNotReadyAddresses: true, Ports: []corev1.ServicePort{
			tcp("native", portNative), tcp("mgmt-api", portManagement), tcp("prometheus", portPrometheus), tcp("metrics", portMetrics)}}),
		make(with(s.meta(n.AdditionalSeedService()), extra.AdditionalSeedService), corev1.ServiceSpec{PublishNotReadyAddresses: true}),
	}
	if net := s.DC.Spec.Networking; net != nil && net.NodePort != nil {
		services = append(services, make(with(s.meta(n.NodePortService()), extra.NodePortService), corev1.ServiceSpec{
			Type: corev1.ServiceTypeNodePort, Selector: s.selector(), ExternalTrafficPolicy: corev1.ServiceExternalTrafficPolicyLocal, Ports: nodePorts(net.NodePort)}))
	}
	return services
}

func nodePorts(c *api.NodePortConfig) (ports []corev1.ServicePort) {
	for _, p := range []struct {
		name         string
		port, target int
	}{{"native", c.Native, portNative}, {"tls-native", c.NativeSSL, portNativeTLS}, {"internode", c.Internode, portInternode}, {"tls-internode", c.InternodeSSL, portTLS}} {
		if p.port != 0 {
			ports = append(ports, corev1.ServicePort{Name: p.name, Port: int32(p.port), NodePort: int32(p.port), TargetPort: intstr.FromInt(p.target), Protocol: corev1.ProtocolTCP})
		}
	}
	return ports
}

// SeedSlices publish the addresses of spec.additionalSeeds under the service of
// foreign seeds; names are resolved by whoever starts a node.
func (s *State) SeedSlices() []*discoveryv1.EndpointSlice {
	var v4 []string
	for _, seed := range s.DC.Spec.AdditionalSeeds {
		if a, err := netip.ParseAddr(seed); err == nil && a.Is4() {
			v4 = append(v4, seed)
		}
	}
	if len(v4) == 0 {
		return nil
	}
	slices.Sort(v4)
	meta := s.meta(s.names().AdditionalSeedService() + "-ipv4")
	meta.Labels[discoveryv1.LabelServiceName] = s.names().AdditionalSeedService()
	meta.Labels[discoveryv1.LabelManagedBy] = "cass-operator"
	slice := &discoveryv1.EndpointSlice{TypeMeta: metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"}, ObjectMeta: meta, AddressType: discoveryv1.AddressTypeIPv4}
	for _, a := range v4 {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{a}})
	}
	return []*discoveryv1.EndpointSlice{slice}
}

// DisruptionBudget lets one node be away at a time.
func (s *State) DisruptionBudget() *policyv1.PodDisruptionBudget {
	budget := intstr.FromInt32(max(0, s.DC.Spec.Size-1))
	return &policyv1.PodDisruptionBudget{
		TypeMeta: metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}, ObjectMeta: s.meta(s.DC.Name + "-pdb"),
		Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: ptr.To(budget), Selector: &metav1.LabelSelector{MatchLabels: s.selector()}},
	}
}

func env(name, value string) corev1.EnvVar { return corev1.EnvVar{Name: name, Value: value} }

func field(name, path string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}}
}

func boolText(b bool) string { return strconv.FormatBool(b) }

func intOf(port int) intstr.IntOrString { return intstr.FromInt(port) }
