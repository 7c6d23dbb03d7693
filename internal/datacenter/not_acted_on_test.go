package datacenter

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

func TestWhatIsNamedAsNotActedOn(t *testing.T) {
	document := func(text string) func(*api.CassandraDatacenter) {
		return func(dc *api.CassandraDatacenter) { dc.Spec.Config = json.RawMessage(text) }
	}
	const keystore = `{"cassandra-yaml": {"server_encryption_options": {"keystore": "/etc/encryption/node-keystore.jks"}}}`
	for _, c := range []struct {
		reason string
		change func(*api.CassandraDatacenter)
		want   string
	}{
		{"nothing", nil, ""},
		{"sections for this version", document(`{"cassandra-yaml": {"concurrent_reads": 7}, "jvm-server-options": {}, "jvm17-server-options": {}, "cassandra-env-sh": {}, "pod-overrides": {}}`), ""},
		{"sections for others", document(`{"jvm-options": {}, "jvm8-server-options": {}, "jvm21-server-options": {}, "sidecar-yaml": {}}`),
			"spec.config.jvm-options (not for this Cassandra), spec.config.jvm21-server-options (not for this Cassandra), spec.config.jvm8-server-options (not for this Cassandra), spec.config.sidecar-yaml (not for this Cassandra)"},
		{"what identifies a node", document(`{"cassandra-yaml": {"initial_token": "1", "listen_address": "::1"}}`),
			"spec.config.cassandra-yaml.initial_token (replaced: it identifies the node), spec.config.cassandra-yaml.listen_address (replaced: it identifies the node)"},
		{"what makes nodes join without their data", document(`{"cassandra-yaml": {"auto_bootstrap": false}}`),
			"spec.config.cassandra-yaml.auto_bootstrap (replaced: it identifies the node)"},
		{"the log of all queries", document(`{"cassandra-yaml": {"full_query_logging_options": {"log_dir": "/var/log/cassandra/fql"}}}`), ""},
		{"the key store that cass-operator makes", document(keystore),
			"spec.config.cassandra-yaml.server_encryption_options (/etc/encryption/node-keystore.jks isn't made)"},
		{"a key store that the user brings", func(dc *api.CassandraDatacenter) {
			dc.Spec.Config = json.RawMessage(keystore)
			dc.Spec.PodTemplateSpec = &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{
				{Name: "cassandra", VolumeMounts: []corev1.VolumeMount{{Name: "keys", MountPath: "/etc/encryption"}}}}}}
		}, ""},
		{"ports of machines", func(dc *api.CassandraDatacenter) {
			dc.Spec.Networking = &api.NetworkingConfig{NodePort: &api.NodePortConfig{Native: 30042, InternodeSSL: 30701}}
		}, "spec.networking.nodePort.internodeSSL (nodes find each other at their pods)"},
		{"ports of machines beside one that the configuration says", func(dc *api.CassandraDatacenter) {
			dc.Spec.Networking = &api.NetworkingConfig{NodePort: &api.NodePortConfig{Native: 30042, NativeSSL: 30142}}
			dc.Spec.Config = json.RawMessage(`{"cassandra-yaml": {"native_transport_port": 9043}}`)
		}, "spec.networking.nodePort.native (spec.config.cassandra-yaml.native_transport_port says another port), spec.networking.nodePort.nativeSSL (another port is announced)"},
		{"init containers that edit what isn't there yet", func(dc *api.CassandraDatacenter) {
			at := func(volume string) []corev1.VolumeMount { return []corev1.VolumeMount{{Name: volume, MountPath: "/x"}} }
			dc.Spec.PodTemplateSpec = &corev1.PodTemplateSpec{Spec: corev1.PodSpec{InitContainers: []corev1.Container{
				{Name: "server-config-init-base"}, {Name: "server-config-init", VolumeMounts: at("server-config")}, {Name: "edit", VolumeMounts: at("server-config")},
				{Name: "base", VolumeMounts: at("server-config-base")}, {Name: "chown", VolumeMounts: at("server-data")}}}}
		}, "spec.podTemplateSpec.spec.initContainers base (nobody reads or fills volumes server-config-base, etc-cassandra, vector-lib), " +
			"spec.podTemplateSpec.spec.initContainers edit (what it writes to volume server-config is written anew when the node starts: use spec.config), " +
			"spec.podTemplateSpec.spec.initContainers server-config-init-base (nobody reads the base configuration that it copies)"},
		{"Secrets to be injected", func(dc *api.CassandraDatacenter) {
			dc.Spec.PodTemplateSpec = &corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{k8ssandra.SecretInjectionAnnotation: "[]"}}}
		}, "annotation k8ssandra.io/inject-secret of the pods"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			if d := cmp.Diff(c.want, strings.Join(state(c.change).notActedOn(), ", ")); d != "" {
				t.Error(d)
			}
		})
	}
}
