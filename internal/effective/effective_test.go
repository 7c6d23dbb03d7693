package effective

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	cassandraapi "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/ring"
)

const theRing = `
metadata: {name: shop, namespace: default}
spec:
  cassandra:
    serverVersion: 5.0.9
    baseConfiguration: cassandra_latest.yaml
    config:
      cassandraYaml: {concurrent_reads: 16, client_encryption_options: {keystore_password: topsecret, enabled: true}}
      jvmOptions: {heapSize: 512Mi, additionalOptions: ["-Djavax.net.ssl.keyStorePassword=topsecret"]}
    datacenters:
    - metadata: {name: dc1}
      size: 3
      config: {cassandraYaml: {concurrent_reads: 64, concurrent_writes: 8}, jvmOptions: {vm_per_thread_stack_size: 512Ki}}
`

// subject is the ring's datacenter, or a node of it.
func subject(t *testing.T, node bool) Subject {
	t.Helper()
	k := &api.K8ssandraCluster{}
	if err := yaml.UnmarshalStrict([]byte(theRing), k); err != nil {
		t.Fatal(err)
	}
	dc, err := ring.Build(k, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	sources, err := SourcesOf(k, "dc1")
	if err != nil {
		t.Fatal(err)
	}
	s := Subject{Region: "eu-west-1", Datacenter: dc, Ring: sources}
	if node {
		s.Pod = podOf(string(dc.Spec.Config))
	}
	return s
}

func podOf(config string) *corev1.Pod {
	pod := &corev1.Pod{}
	pod.Name, pod.Status.PodIP = "shop-dc1-default-sts-0", "10.0.0.1"
	pod.Spec.Containers = []corev1.Container{{Name: "extra"}, {Name: "cassandra", Env: []corev1.EnvVar{{Name: "CONFIG_FILE_DATA", Value: config}, {Name: "PRODUCT_VERSION", Value: "5.0.9"}}}}
	return pod
}

func of(t *testing.T, s Subject) Config {
	t.Helper()
	c, err := Of(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// origins are those of some keys.
func origins(c Config, keys ...string) (all []string) {
	for _, v := range c.CassandraYAML {
		for _, key := range keys {
			if v.Key == key {
				all = append(all, fmt.Sprintf("%s=%v: %s", v.Key, v.Value, v.Origin))
			}
		}
	}
	return all
}

var keys = []string{"authenticator", "client_encryption_options.enabled", "client_encryption_options.keystore_password", "concurrent_reads", "concurrent_writes",
	"data_file_directories", "listen_address", "num_tokens", "storage_compatibility_mode"}

func TestOriginsOfADatacenter(t *testing.T) {
	c := of(t, subject(t, false))
	want := []string{
		"authenticator=PasswordAuthenticator: Ringspan: spec.auth of the ring, and K8ssandra's number of tokens",
		"client_encryption_options.enabled=true: ring: spec.cassandra.config",
		"client_encryption_options.keystore_password=(hidden): ring: spec.cassandra.config",
		"concurrent_reads=64: datacenter dc1: its config in the ring",
		"concurrent_writes=8: datacenter dc1: its config in the ring",
		"data_file_directories=[/var/lib/cassandra/data]: Ringspan: see docs/reference/cassandra-yaml.md",
		"num_tokens=16: Ringspan: spec.auth of the ring, and K8ssandra's number of tokens",
		"storage_compatibility_mode=NONE: cassandra_latest.yaml of Cassandra 5.0",
	}
	if d := cmp.Diff(want, origins(c, keys...)); d != "" {
		t.Error(d)
	}
	if c.BaseConfiguration != cassandra.BaseLatest || c.Node != "" {
		t.Errorf("%+v", c)
	}
}

// A node's file says what holds; what it was given says why.
func TestOriginsOfANode(t *testing.T) {
	s := subject(t, true)
	s.Running = map[string]any{
		"authenticator": "PasswordAuthenticator", "concurrent_reads": 64, "listen_address": "10.0.0.1", "initial_token": "1,2", "num_tokens": 2,
		"storage_compatibility_mode": "NONE", "made_by_another_version": true,
	}
	want := []string{
		"initial_token=1,2: Ringspan: tokens are assigned at the first boot",
		"listen_address=10.0.0.1: Ringspan: it is the pod's address",
		"made_by_another_version=true: the agent of the pod, which may be of another version",
		"num_tokens=2: Ringspan: tokens are assigned at the first boot",
		"storage_compatibility_mode=NONE: cassandra_latest.yaml of Cassandra 5.0",
	}
	if d := cmp.Diff(want, origins(of(t, s), "initial_token", "listen_address", "made_by_another_version", "num_tokens", "storage_compatibility_mode")); d != "" {
		t.Error(d)
	}
}

// What is one node's alone is in a ConfigMap.
func TestOriginsOfWhatIsOneNodesAlone(t *testing.T) {
	s := subject(t, true)
	s.PerNode = &corev1.ConfigMap{Data: map[string]string{
		"shop-dc1-default-sts-0_cassandra.yaml": "concurrent_reads: 128\nkeystore_password: topsecret\nlisten_address: 1.1.1.1\ninitial_token: 1,2",
		"shop-dc1-default-sts-1_cassandra.yaml": "concurrent_writes: [",
	}}
	s.PerNode.Name = "tuned"
	const from = ": ConfigMap tuned key shop-dc1-default-sts-0_cassandra.yaml"
	want := []string{
		"concurrent_reads=128" + from, "concurrent_writes=8: datacenter dc1: its config in the ring", "keystore_password=(hidden)" + from,
		"listen_address=10.0.0.1: Ringspan: it is the pod's address", "num_tokens=2" + from,
	}
	if d := cmp.Diff(want, origins(of(t, s), "concurrent_reads", "concurrent_writes", "keystore_password", "listen_address", "num_tokens")); d != "" {
		t.Error(d)
	}
	s.Running = map[string]any{"concurrent_reads": 64} // until it restarts
	if d := cmp.Diff([]string{"concurrent_reads=64: datacenter dc1: its config in the ring"}, origins(of(t, s), "concurrent_reads")); d != "" {
		t.Error(d)
	}
	s.Pod.Name = "shop-dc1-default-sts-1"
	if _, err := Of(s); err == nil || !strings.Contains(err.Error(), "ConfigMap tuned key shop-dc1-default-sts-1_cassandra.yaml: ") {
		t.Error(err)
	}
}

// While a change is on its way a node has what the ring no longer asks for.
func TestANodeOfBeforeAChange(t *testing.T) {
	s := subject(t, false)
	s.Pod = podOf(`{"cassandra-yaml": {"concurrent_reads": 32}}`)
	want := []string{"concurrent_reads=32: what the pod was made with, which the ring no longer asks for", "num_tokens=16: Ringspan: spec.auth of the ring, and K8ssandra's number of tokens"}
	c := of(t, s)
	if d := cmp.Diff(want, origins(c, "concurrent_reads", "num_tokens", "storage_compatibility_mode")); d != "" {
		t.Error(d)
	}
	if c.BaseConfiguration != cassandra.BaseNone {
		t.Errorf("base configuration %s", c.BaseConfiguration)
	}
}

func TestOriginsOfFlags(t *testing.T) {
	found := map[string]string{}
	for _, f := range of(t, subject(t, true)).JVM {
		found[f.Flag] = f.Origin
	}
	for flag, want := range map[string]string{
		"-Xmx536870912": "ring: spec.cassandra.config",
		"-Djavax.net.ssl.keyStorePassword=(hidden)": "ring: spec.cassandra.config",
		"-Xss524288": "datacenter dc1: its config in the ring",
		"--add-exports java.sql/java.sql=ALL-UNNAMED":     "Ringspan: as Cassandra's own option files have it, or the profile of the image",
		"-Dcassandra.superuser_setup_delay_ms=2147483000": "Ringspan: as Cassandra's own option files have it, or the profile of the image",
	} {
		if found[flag] != want {
			t.Errorf("%s: %q, want %q", flag, found[flag], want)
		}
	}
}

// A datacenter without a ring says all in its own config.
func TestADatacenterWithoutARing(t *testing.T) {
	dc := &cassandraapi.CassandraDatacenter{}
	dc.Name, dc.Spec.ServerVersion = "dc1", "5.0.9"
	dc.Spec.Config = []byte(`{"cassandra-yaml": {"concurrent_reads": 32}, "jvm-server-options": {"max_heap_size": "1G"}}`)
	c := of(t, Subject{Datacenter: dc})
	if d := cmp.Diff([]string{"concurrent_reads=32: datacenter dc1: spec.config"}, origins(c, "concurrent_reads")); d != "" {
		t.Error(d)
	}
	if last := c.JVM[len(c.JVM)-1]; last.Flag != "-Xmx1G" || last.Origin != "datacenter dc1: spec.config" {
		t.Errorf("%+v", last)
	}
}

// A configuration that is in a Secret is that of the copy for a node, and of the user's own for the datacenter.
func TestADatacenterWithItsConfigurationInASecret(t *testing.T) {
	dc := &cassandraapi.CassandraDatacenter{}
	dc.Name, dc.Spec.ServerVersion, dc.Spec.ConfigSecret = "dc1", "5.0.9", "fast"
	dc.Spec.Config = []byte(`{"cassandra-yaml": {"concurrent_reads": 1}}`)
	pod := podOf("")
	pod.Spec.Containers[1].Env[0].ValueFrom = &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "dc1-config-1"}, Key: "config"}}
	for secret, s := range map[string]Subject{"fast": {Datacenter: dc}, "dc1-config-1": {Datacenter: dc, Pod: pod}} {
		if name, key := s.SecretOf(); name != secret || key != "config" {
			t.Errorf("%s: Secret %s, key %s", secret, name, key)
		}
		if _, err := Of(s); err == nil || !strings.Contains(err.Error(), "Secret "+secret) {
			t.Errorf("%s, which isn't there: %v", secret, err)
		}
		s.Secret = []byte(`{"cassandra-yaml": {"concurrent_reads": 32, "client_encryption_options": {"keystore_password": "topsecret"}}, "jvm-server-options": {"max_heap_size": "1G"}}`)
		c := of(t, s)
		want := []string{"client_encryption_options.keystore_password=(hidden): configSecret fast", "concurrent_reads=32: configSecret fast"}
		if d := cmp.Diff(want, origins(c, "client_encryption_options.keystore_password", "concurrent_reads")); d != "" {
			t.Error(d)
		}
		if last := c.JVM[len(c.JVM)-1]; last.Flag != "-Xmx1G" || last.Origin != "configSecret fast" {
			t.Errorf("%+v", last)
		}
	}
}

// No secret is in any form of what is shown.
func TestSecretsAreHidden(t *testing.T) {
	for _, node := range []bool{false, true} {
		if text := fmt.Sprintf("%+v", of(t, subject(t, node))); strings.Contains(text, "topsecret") {
			t.Error(text)
		}
	}
	list := shown("encryption", []any{map[string]any{"parameters": []any{map[string]any{"store_password": "topsecret", "path": "/a"}}}})
	if text := fmt.Sprint(list); strings.Contains(text, "topsecret") || !strings.Contains(text, "/a") {
		t.Error(text)
	}
}

// A node port is what nodes listen at, whoever is asked: the datacenter, or a node that was made with it. One that was made before
// has its former port.
func TestTheNodePortIsShown(t *testing.T) {
	shown := func(s Subject) string {
		for _, v := range of(t, s).CassandraYAML {
			if v.Key == "native_transport_port" {
				return fmt.Sprintf("%v %s", v.Value, v.Origin)
			}
		}
		return ""
	}
	s := subject(t, false)
	if got := shown(s); !strings.HasPrefix(got, "9042 cassandra_latest.yaml") {
		t.Errorf("without a node port: %s", got)
	}
	s.Datacenter.Spec.Networking = &cassandraapi.NetworkingConfig{NodePort: &cassandraapi.NodePortConfig{Native: 30042}}
	const asked = "30042 datacenter dc1: spec.networking.nodePort"
	if got := shown(s); got != asked {
		t.Errorf("the datacenter: %s", got)
	}
	s.Pod = podOf(`{"cassandra-yaml": {"native_transport_port": 30042}}`)
	if got := shown(s); got != asked {
		t.Errorf("a node: %s", got)
	}
	s.Pod = podOf(`{}`)
	if got := shown(s); got != "9042 Ringspan: see docs/reference/cassandra-yaml.md" {
		t.Errorf("a node from before: %s", got)
	}
}
