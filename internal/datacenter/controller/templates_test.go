package controller_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/kubetest"
)

// An API server takes the StatefulSets and Services of each network that can be asked for, and of templates that would mean what it
// refuses if they were merged field by field.
func TestPodsAreAccepted(t *testing.T) {
	cluster := kubetest.Shared(t)
	dry := client.NewDryRunClient(cluster.Client)
	namespace := cluster.Namespace(t)
	templated := func(spec corev1.PodSpec) func(*api.CassandraDatacenterSpec) {
		return func(dc *api.CassandraDatacenterSpec) { dc.PodTemplateSpec = &corev1.PodTemplateSpec{Spec: spec} }
	}
	for name, change := range map[string]func(*api.CassandraDatacenterSpec){
		"the host's network": func(dc *api.CassandraDatacenterSpec) { dc.Networking = &api.NetworkingConfig{HostNetwork: true} },
		"the host's network and node ports": func(dc *api.CassandraDatacenterSpec) {
			dc.Networking = &api.NetworkingConfig{HostNetwork: true, NodePort: &api.NodePortConfig{Native: 30042}}
		},
		"node ports": func(dc *api.CassandraDatacenterSpec) {
			dc.Networking = &api.NetworkingConfig{NodePort: &api.NodePortConfig{Native: 30042, NativeSSL: 30142, Internode: 30700, InternodeSSL: 30701}}
		},
		"an encrypted node port alone": func(dc *api.CassandraDatacenterSpec) {
			dc.Networking = &api.NetworkingConfig{NodePort: &api.NodePortConfig{NativeSSL: 30142}}
		},
		"a probe of another kind": templated(corev1.PodSpec{Containers: []corev1.Container{{Name: "cassandra",
			ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}}}}}}),
		"the container of the base configuration, and what mounts it": templated(corev1.PodSpec{InitContainers: []corev1.Container{
			{Name: "server-config-init-base"}, {Name: "server-config-init"},
			{Name: "mine", Image: "busybox:1", VolumeMounts: []corev1.VolumeMount{{Name: "server-config-base", MountPath: "/cassandra-base-config"}, {Name: "server-config", MountPath: "/config"}}}}}),
		"another port of the management API": templated(corev1.PodSpec{Containers: []corev1.Container{{Name: "cassandra", Env: []corev1.EnvVar{{Name: "MGMT_API_LISTEN_TCP_PORT", Value: "9998"}}}}}),
	} {
		t.Run(name, func(t *testing.T) {
			dc := &api.CassandraDatacenter{}
			dc.Namespace, dc.Name = namespace, "dc1"
			dc.Spec = api.CassandraDatacenterSpec{ClusterName: "ring", ServerType: "cassandra", ServerVersion: "5.0.9", Size: 1}
			dc.Spec.StorageConfig.CassandraDataVolumeClaimSpec = &corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
				Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}}}
			change(&dc.Spec)
			s := &datacenter.State{DC: dc}
			s.Ring = s.StandAlone()
			set, err := s.StatefulSet(dc.Racks()[0], 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := dry.Create(t.Context(), set); err != nil {
				t.Error(err)
			}
			for _, o := range s.Services() {
				if err := dry.Create(t.Context(), o); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
