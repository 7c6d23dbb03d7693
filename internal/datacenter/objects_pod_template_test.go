package datacenter

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

func templated(spec corev1.PodSpec) func(*api.CassandraDatacenter) {
	return func(dc *api.CassandraDatacenter) { dc.Spec.PodTemplateSpec = &corev1.PodTemplateSpec{Spec: spec} }
}

func named(list []corev1.Container, name string) corev1.Container {
	i := slices.IndexFunc(list, func(c corev1.Container) bool { return c.Name == name })
	if i < 0 {
		return corev1.Container{}
	}
	return list[i]
}

// What a user's template means where Kubernetes' own merging of templates would mean something else: as in cass-operator.
func TestTheUsersPodTemplate(t *testing.T) {
	execs := corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}}
	hostTerm := corev1.PodAffinityTerm{TopologyKey: "zone", LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}}
	for _, c := range []struct {
		reason string
		change func(*api.CassandraDatacenter)
		check  func(p corev1.PodTemplateSpec) bool
	}{
		{"a probe with a handler replaces ours, which would be a second one", templated(corev1.PodSpec{Containers: []corev1.Container{
			{Name: "cassandra", ReadinessProbe: &corev1.Probe{ProbeHandler: execs, PeriodSeconds: 3}}}}),
			func(p corev1.PodTemplateSpec) bool {
				c := named(p.Spec.Containers, "cassandra")
				return c.ReadinessProbe.Exec != nil && c.ReadinessProbe.HTTPGet == nil && c.ReadinessProbe.PeriodSeconds == 3 && c.ReadinessProbe.TimeoutSeconds == 0 && c.LivenessProbe.HTTPGet != nil
			}},
		{"a probe without a handler changes the times of ours", templated(corev1.PodSpec{Containers: []corev1.Container{
			{Name: "cassandra", LivenessProbe: &corev1.Probe{PeriodSeconds: 30}}}}),
			func(p corev1.PodTemplateSpec) bool {
				c := named(p.Spec.Containers, "cassandra")
				return c.LivenessProbe.HTTPGet != nil && c.LivenessProbe.PeriodSeconds == 30 && c.LivenessProbe.TimeoutSeconds == 10
			}},
		{"the pod's security context replaces ours", templated(corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{RunAsUser: new(int64(1001))}}),
			func(p corev1.PodTemplateSpec) bool {
				sc := p.Spec.SecurityContext
				return *sc.RunAsUser == 1001 && sc.FSGroup == nil && sc.RunAsNonRoot == nil
			}},
		{"labels by which the pods are found stay", func(dc *api.CassandraDatacenter) {
			dc.Spec.PodTemplateSpec = &corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{api.ClusterLabel: "x", api.RackLabel: "x", api.ManagedByLabel: "x", "mine": "yes"}}}
			dc.Spec.AdditionalLabels = map[string]string{api.DatacenterLabel: "x", "more": "yes"}
		}, func(p corev1.PodTemplateSpec) bool {
			return p.Labels[api.ClusterLabel] == "multi-region" && p.Labels[api.RackLabel] == "rack1" && p.Labels[api.DatacenterLabel] == "dc1" &&
				p.Labels[api.ManagedByLabel] == api.ManagedByLabelValue && p.Labels["mine"] == "yes" && p.Labels["more"] == "yes"
		}},
		{"init containers run in the order of the list that names ours", templated(corev1.PodSpec{InitContainers: []corev1.Container{
			{Name: "first", Image: "a:1"}, {Name: "server-config-init"}, {Name: "last", Image: "b:1"}}}),
			func(p corev1.PodTemplateSpec) bool {
				return strings.Join(containers(p.Spec.InitContainers), " ") == "first server-config-init last" && named(p.Spec.InitContainers, "server-config-init").Image == AgentImage()
			}},
		{"and after ours when it doesn't", templated(corev1.PodSpec{InitContainers: []corev1.Container{{Name: "b", Image: "b:1"}, {Name: "a", Image: "a:1"}}}),
			func(p corev1.PodTemplateSpec) bool {
				return strings.Join(containers(p.Spec.InitContainers), " ") == "server-config-init b a"
			}},
		{"the container of the base configuration, of which cass-operator makes the rest, isn't made without an image", templated(corev1.PodSpec{InitContainers: []corev1.Container{
			{Name: "server-config-init-base"}, {Name: "server-config-init"}}}),
			func(p corev1.PodTemplateSpec) bool {
				return strings.Join(containers(p.Spec.InitContainers), " ") == "server-config-init"
			}},
		{"volumes that cass-operator's pods have are there for containers that mount them", templated(corev1.PodSpec{InitContainers: []corev1.Container{
			{Name: "mine", Image: "a:1", VolumeMounts: []corev1.VolumeMount{{Name: "server-config-base", MountPath: "/base"}, {Name: "etc-cassandra", MountPath: "/etc/cassandra"}}}}}),
			func(p corev1.PodTemplateSpec) bool {
				n := 0
				for _, v := range p.Spec.Volumes {
					if v.Name == "server-config-base" || v.Name == "etc-cassandra" {
						n++
					}
				}
				return n == 2
			}},
		{"tolerations and the service account of the spec win", func(dc *api.CassandraDatacenter) {
			dc.Spec.Tolerations, dc.Spec.ServiceAccountName = []corev1.Toleration{{Key: "spec"}}, "spec"
			templated(corev1.PodSpec{Tolerations: []corev1.Toleration{{Key: "template"}}, ServiceAccountName: "template"})(dc)
		}, func(p corev1.PodTemplateSpec) bool {
			return len(p.Spec.Tolerations) == 1 && p.Spec.Tolerations[0].Key == "spec" && p.Spec.ServiceAccountName == "spec"
		}},
		{"those of the template hold where the spec has none", templated(corev1.PodSpec{Tolerations: []corev1.Toleration{{Key: "template"}}, ServiceAccountName: "template"}),
			func(p corev1.PodTemplateSpec) bool {
				return p.Spec.Tolerations[0].Key == "template" && p.Spec.ServiceAccountName == "template"
			}},
		{"the template's affinity is added to ours", templated(corev1.PodSpec{Affinity: &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{hostTerm}}}}),
			func(p corev1.PodTemplateSpec) bool {
				return len(p.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) == 2
			}},
	} {
		if !c.check(template(t, c.change)) {
			t.Errorf("not so: %s", c.reason)
		}
	}
}

// The port of the management API is the template's to choose: the agent listens there, and whoever asks it looks there.
func TestThePortOfTheManagementAPI(t *testing.T) {
	at := func(port string) func(*api.CassandraDatacenter) {
		return templated(corev1.PodSpec{Containers: []corev1.Container{{Name: "cassandra", Env: []corev1.EnvVar{env("MGMT_API_LISTEN_TCP_PORT", port)}}}})
	}
	insecure := func(port string) func(*api.CassandraDatacenter) {
		return func(dc *api.CassandraDatacenter) {
			at(port)(dc)
			dc.Spec.ManagementApiAuth.Insecure = &api.ManagementApiAuthInsecureConfig{}
		}
	}
	for _, c := range []struct {
		change       func(*api.CassandraDatacenter)
		port, probes int
	}{{at("9998"), 9998, portProbes}, {insecure("9998"), 9998, 9998}, {at("x"), portManagement, portProbes}, {nil, portManagement, portProbes}} {
		s := state(c.change)
		p := template(t, c.change)
		cassandra := named(p.Spec.Containers, "cassandra")
		if got := AgentPort(&corev1.Pod{Spec: p.Spec}); got != c.port {
			t.Errorf("the operator asks port %d, want %d", got, c.port)
		}
		if got := cassandra.ReadinessProbe.HTTPGet.Port; got != intstr.FromInt(c.probes) {
			t.Errorf("probes ask port %s, want %d", got.String(), c.probes)
		}
		for _, service := range s.Services()[1:3] {
			i := slices.IndexFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == "mgmt-api" })
			if got := service.Spec.Ports[i]; int(got.Port) != c.port || got.TargetPort != intstr.FromInt(c.port) {
				t.Errorf("Service %s: port %d, want %d", service.Name, got.Port, c.port)
			}
		}
		i := slices.IndexFunc(cassandra.Ports, func(p corev1.ContainerPort) bool { return p.Name == "mgmt-api-http" })
		if got := cassandra.Ports[i].ContainerPort; int(got) != c.port {
			t.Errorf("the container's port is %d, want %d", got, c.port)
		}
	}
}
