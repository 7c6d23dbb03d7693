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

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
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
	portProbes     = 8079 // answers liveness and readiness, and nothing else
	portPrometheus = 9103
	portMetrics    = 9000
)

// Selector are the labels that all objects of a datacenter have, its pods and claims among them. Others can have them too.
func Selector(dc *api.CassandraDatacenter) map[string]string {
	return map[string]string{
		api.ClusterLabel:    topology.CleanLabel(dc.Spec.ClusterName),
		api.DatacenterLabel: topology.CleanLabel(dc.Name),
	}
}

func (s *State) selector() map[string]string { return Selector(s.DC) }

// labels are on every object of the datacenter.
func (s *State) labels() map[string]string {
	l := map[string]string{
		api.ManagedByLabel: api.ManagedByLabelValue, api.NameLabel: api.NameLabelValue,
		api.InstanceLabel: topology.CleanLabel("cassandra-" + s.names().Cluster), api.VersionLabel: s.DC.Spec.ServerVersion,
		api.CreatedByLabel: api.CreatedByLabelValue,
	}
	for key, value := range s.DC.Spec.AdditionalLabels {
		l[key] = topology.CleanLabel(value)
	}
	maps.Copy(l, s.selector()) // the last: objects are found by them
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
	service := func(meta metav1.ObjectMeta, spec corev1.ServiceSpec) *corev1.Service {
		if spec.ClusterIP == "" && spec.Type == "" {
			spec.ClusterIP = corev1.ClusterIPNone
		}
		return &corev1.Service{TypeMeta: serviceType, ObjectMeta: meta, Spec: spec}
	}
	seed := with(s.meta(n.SeedService()), extra.SeedService)
	delete(seed.Labels, api.DatacenterLabel) // all datacenters of the cluster share it
	seedSelector := map[string]string{api.ClusterLabel: topology.CleanLabel(s.DC.Spec.ClusterName), api.SeedNodeLabel: "true"}
	allPods := with(s.meta(n.AllPodsService()), extra.AllPodsService)
	allPods.Labels[api.PromMetricsLabel] = "true"
	for _, name := range []string{k8ssandra.ClusterNameLabel, k8ssandra.ClusterNamespaceLabel} { // whose metrics are scraped there
		if value := s.DC.Labels[name]; value != "" {
			allPods.Labels[name] = value
		}
	}
	services := []*corev1.Service{
		service(seed, corev1.ServiceSpec{Selector: seedSelector, PublishNotReadyAddresses: true}),
		service(with(s.meta(n.Service()), extra.DatacenterService), corev1.ServiceSpec{Selector: s.selector(), Ports: []corev1.ServicePort{
			s.native(), tcp("tls-native", portNativeTLS), tcp("mgmt-api", s.managementPort()), tcp("prometheus", portPrometheus), tcp("metrics", portMetrics)}}),
		service(allPods, corev1.ServiceSpec{Selector: s.selector(), PublishNotReadyAddresses: true, Ports: []corev1.ServicePort{
			s.native(), tcp("mgmt-api", s.managementPort()), tcp("prometheus", portPrometheus), tcp("metrics", portMetrics)}}),
		service(with(s.meta(n.AdditionalSeedService()), extra.AdditionalSeedService), corev1.ServiceSpec{PublishNotReadyAddresses: true}),
	}
	if net := s.DC.Spec.Networking; net != nil && net.NodePort != nil {
		services = append(services, service(with(s.meta(n.NodePortService()), extra.NodePortService), corev1.ServiceSpec{
			Type: corev1.ServiceTypeNodePort, Selector: s.selector(), ExternalTrafficPolicy: corev1.ServiceExternalTrafficPolicyLocal, Ports: s.nodePorts(net.NodePort)}))
	}
	return services
}

func (s *State) nodePorts(c *api.NodePortConfig) (ports []corev1.ServicePort) {
	tls := intstr.FromInt(portNativeTLS)
	if c.Native == 0 { // it is the one port for clients
		tls = s.native().TargetPort
	}
	for _, p := range []struct {
		name   string
		port   int
		target intstr.IntOrString
	}{
		{"native", c.Native, s.native().TargetPort}, {"tls-native", c.NativeSSL, tls},
		{"internode", c.Internode, intstr.FromInt(portInternode)}, {"tls-internode", c.InternodeSSL, intstr.FromInt(portTLS)},
	} {
		if p.port != 0 {
			ports = append(ports, corev1.ServicePort{Name: p.name, Port: int32(p.port), NodePort: int32(p.port), TargetPort: p.target, Protocol: corev1.ProtocolTCP})
		}
	}
	return ports
}

// Kinds of objects, for those that are built here.
var (
	serviceType = metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}
	sliceType   = metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"}
	budgetType  = metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}
	secretType  = metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}
	setType     = metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"}
)

// seedSliceSuffixes are those of the slices' names, by the kind of address.
var seedSliceSuffixes = map[discoveryv1.AddressType]string{
	discoveryv1.AddressTypeIPv4: "-ipv4", discoveryv1.AddressTypeIPv6: "-ipv6", discoveryv1.AddressTypeFQDN: "-fqdn",
}

// SeedSlices publish spec.additionalSeeds under the service of foreign seeds, a
// slice for each kind of address.
func (s *State) SeedSlices() (all []*discoveryv1.EndpointSlice) {
	byType := map[discoveryv1.AddressType][]string{}
	for _, seed := range s.DC.Spec.AdditionalSeeds {
		kind := addressType(seed)
		byType[kind] = append(byType[kind], seed)
	}
	for _, kind := range slices.Sorted(maps.Keys(byType)) {
		meta := s.meta(s.names().AdditionalSeedService() + seedSliceSuffixes[kind])
		meta.Labels[discoveryv1.LabelServiceName] = s.names().AdditionalSeedService()
		meta.Labels[discoveryv1.LabelManagedBy] = "cass-operator"
		slice := &discoveryv1.EndpointSlice{TypeMeta: sliceType, ObjectMeta: meta, AddressType: kind}
		slices.Sort(byType[kind])
		for _, a := range slices.Compact(byType[kind]) {
			slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{a}})
		}
		all = append(all, slice)
	}
	return all
}

func addressType(seed string) discoveryv1.AddressType {
	a, err := netip.ParseAddr(seed)
	switch {
	case err != nil:
		return discoveryv1.AddressTypeFQDN
	case a.Is4():
		return discoveryv1.AddressTypeIPv4
	}
	return discoveryv1.AddressTypeIPv6
}

// superuserSecret is the one that is made when the spec names none; whoever
// makes it adds the password. It has no owner: the data outlives the datacenter,
// and so must the way in.
func (s *State) superuserSecret() *corev1.Secret {
	meta := s.meta(s.names().SuperuserSecret())
	delete(meta.Labels, api.DatacenterLabel)
	return &corev1.Secret{TypeMeta: secretType, ObjectMeta: meta, Type: corev1.SecretTypeOpaque, Data: map[string][]byte{"username": []byte(meta.Name)}}
}

// DisruptionBudget lets one node be evicted at a time, whatever spec.maxUnavailable says: who evicts asks for pods of any racks, and
// two of them may be replicas of one range.
func (s *State) DisruptionBudget() *policyv1.PodDisruptionBudget {
	budget := intstr.FromInt(max(0, int(s.DC.Spec.Size)-1, s.total()-1)) // a smaller size is no leave for those that have yet to go
	return &policyv1.PodDisruptionBudget{
		TypeMeta: budgetType, ObjectMeta: s.meta(s.DC.Name + "-pdb"),
		Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: new(budget), Selector: &metav1.LabelSelector{MatchLabels: s.selector()}},
	}
}

func env(name, value string) corev1.EnvVar { return corev1.EnvVar{Name: name, Value: value} }

func field(name, path string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}}
}

func boolText(b bool) string { return strconv.FormatBool(b) }

func intOf(port int) intstr.IntOrString { return intstr.FromInt(port) }
