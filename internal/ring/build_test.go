package ring

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	renderer "github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/topology"
)

var update = flag.Bool("update", false, "write testdata anew")

// parse reads a K8ssandraCluster.
func parse(t *testing.T, text string) *api.K8ssandraCluster {
	t.Helper()
	k := &api.K8ssandraCluster{}
	if err := yaml.UnmarshalStrict([]byte(text), k); err != nil {
		t.Fatal(err)
	}
	return k
}

const twoDatacenters = `
metadata: {name: multi-region, namespace: default}
spec:
  cassandra:
    serverVersion: 5.0.9
    storageConfig: {cassandraDataVolumeClaimSpec: {resources: {requests: {storage: 1Gi}}}}
    config:
      cassandraYaml: {num_tokens: 8, concurrent_reads: 16, memtable: {configurations: {a: {class_name: SkipListMemtable}}}}
      jvmOptions: {heapSize: 512Mi}
    racks: [{name: r1}, {name: r2}]
    metadata: {labels: {all: ring, one: ring}, pods: {labels: {pod: ring}}, services: {dcService: {labels: {service: ring}}}}
    datacenters:
    - {metadata: {name: dc1}, k8sContext: eu-west-1, size: 4}
    - metadata: {name: dc2, namespace: other, labels: {one: dc2}, pods: {annotations: {note: dc2}}}
      perNodeConfigMapRef: {name: tuned}
      k8sContext: eu-central-1
      size: 3
      racks: [{name: a}]
      datacenterName: second
      softPodAntiAffinity: true
      config: {cassandraYaml: {concurrent_reads: 64, memtable: {configurations: {b: {class_name: TrieMemtable}}}}}
`

// What a datacenter sets wins over the ring: maps are merged, and racks, containers and volumes by name, as k8ssandra-operator
// does it. (Lists used to be replaced, so that such a manifest gave other racks here.)
func TestBuild(t *testing.T) {
	k := parse(t, twoDatacenters)
	dc, err := Build(k, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"namespace", dc.Namespace, "other"},
		{"labels", []string{dc.Labels["all"], dc.Labels["one"], dc.Labels[api.ClusterNameLabel], dc.Labels[api.ClusterNamespaceLabel]}, []string{"ring", "dc2", "multi-region", "default"}},
		{"cluster's and datacenter's name", []string{dc.Spec.ClusterName, dc.Spec.DatacenterName}, []string{"multi-region", "second"}},
		{"racks", cassandra.NamesOfRacks(dc.Spec.Racks), []string{"r1", "r2", "a"}},
		{"several nodes per worker", dc.Spec.AllowMultipleNodesPerWorker, true},
		{"superuser", dc.Spec.SuperuserSecretName, "multi-region-superuser"},
		{"pods", []string{dc.Spec.PodTemplateSpec.Labels["pod"], dc.Spec.PodTemplateSpec.Annotations["note"]}, []string{"ring", "dc2"}},
		{"a Service's labels", dc.Spec.AdditionalServiceConfig.DatacenterService.Labels, map[string]string{"service": "ring"}},
		{"the configuration of single nodes", dc.Annotations[cassandra.PerNodeConfigAnnotation], "tuned"},
		{"replication of system keyspaces", dc.Annotations[api.InitialSystemReplicationAnnotation], `{"dc1":3,"second":3}`},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s: %s", c.what, diff)
		}
	}
	want := `{"cassandra-yaml":{"authenticator":"PasswordAuthenticator","authorizer":"CassandraAuthorizer","concurrent_reads":64,` +
		`"memtable":{"configurations":{"a":{"class_name":"SkipListMemtable"},"b":{"class_name":"TrieMemtable"}}},"num_tokens":8,"role_manager":"CassandraRoleManager"},` +
		`"jvm-server-options":{"initial_heap_size":"536870912","max_heap_size":"536870912"}}`
	if diff := cmp.Diff(want, string(dc.Spec.Config)); diff != "" {
		t.Errorf("config: %s", diff)
	}
	ring, err := topology.Decode(dc.Annotations[topology.Annotation])
	if err != nil {
		t.Fatal(err)
	}
	wantRing := topology.Ring{Name: "multi-region", Founder: "dc1", Datacenters: []topology.Datacenter{
		{Name: "dc1", Region: "eu-west-1", Size: 4, Racks: []string{"r1", "r2"}, NumTokens: 8},
		{Name: "second", Region: "eu-central-1", Size: 3, Racks: []string{"r1", "r2", "a"}, NumTokens: 8}}}
	if diff := cmp.Diff(wantRing, ring); diff != "" {
		t.Errorf("the ring: %s", diff)
	}
}

// Building says the same each time, and leaves the ring as it was.
func TestBuildChangesNothing(t *testing.T) {
	k := parse(t, twoDatacenters)
	before := k.DeepCopy()
	first, err := Build(k, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	first.Labels["written"], first.Spec.Racks[0].Name = "by somebody", "else"
	if diff := cmp.Diff(before, k); diff != "" {
		t.Errorf("the ring was changed: %s", diff)
	}
}

func TestAuth(t *testing.T) {
	for _, c := range []struct{ why, spec, authenticator, secret string }{
		{"on, which is the default", "{}", "PasswordAuthenticator", "r-superuser"},
		{"off", "{auth: false}", "AllowAllAuthenticator", ""},
		{"on, with a Secret", "{cassandra: {superuserSecretRef: {name: admin}}}", "PasswordAuthenticator", "admin"},
		{"on, with another authenticator", "{cassandra: {config: {cassandraYaml: {authenticator: Other}}}}", "Other", "r-superuser"},
	} {
		t.Run(c.why, func(t *testing.T) {
			k := parse(t, "{metadata: {name: r}, spec: "+c.spec+"}")
			if k.Spec.Cassandra == nil {
				k.Spec.Cassandra = &api.CassandraClusterTemplate{}
			}
			k.Spec.Cassandra.Datacenters = []api.CassandraDatacenterTemplate{{Size: 1}}
			dc, err := Build(k, 0, nil)
			if err != nil {
				t.Fatal(err)
			}
			var config struct {
				YAML map[string]any `json:"cassandra-yaml"`
			}
			if err := json.Unmarshal(dc.Spec.Config, &config); err != nil {
				t.Fatal(err)
			}
			if config.YAML["authenticator"] != c.authenticator || dc.Spec.SuperuserSecretName != c.secret {
				t.Errorf("authenticator %v, Secret %q", config.YAML["authenticator"], dc.Spec.SuperuserSecretName)
			}
		})
	}
}

// Every JVM option that is passed on is one that the agent follows: it refuses to start a node with others.
func TestJVMOptionsAreThoseThatTheAgentKnows(t *testing.T) {
	samples := map[string]any{"jmx_connection_type": "local-no-auth"}
	for name, key := range jvmNames {
		var found bool
		for _, value := range []any{samples[name], "64Mi", true, 7} {
			options, err := asMap(map[string]any{name: value})
			if err != nil {
				t.Fatal(err)
			}
			if value != nil && jvmKnown(name, options[name]) && len(renderer.UnknownOptions(map[string]any{key: plain(options[name])})) == 0 {
				found = true
			}
		}
		if !found {
			t.Errorf("%s becomes %s, which the agent refuses", name, key)
		}
	}
}

func TestJVMOptions(t *testing.T) {
	for _, c := range []struct{ why, given, want, named string }{
		{why: "sizes are bytes", given: "{heap_initial_size: 512Mi, heap_max_size: 1Gi, heapNewGenSize: 100M}",
			want: `{"heap_size_young_generation":"100000000","initial_heap_size":"536870912","max_heap_size":"1073741824"}`},
		{why: "switches", given: "{vm_always_pre_touch: false, debug_listen_remote_debuggers: true}", want: `{"agent_lib_jdwp":true,"always_pre_touch":false}`},
		{why: "Cassandra's properties, by the names of the configuration", given: "{cassandra_triggers_directory: /t, cassandra_max_hint_ttl_seconds: 60}",
			want: `{"cassandra_max_hint_ttl":60,"cassandra_triggers_dir":"/t"}`},
		{why: "lines as they are, in order", given: "{additionalOptions: [-Da=1], additionalJvmServerOptions: [-Db=2], additionalJvm11ServerOptions: [-Dc=3]}",
			want: `{"additional-jvm-opts":["-Dc=3","-Db=2","-Da=1"]}`},
		{why: "a collector of Java 17", given: "{gc: ZGC}", want: `{"garbage_collector":"ZGC"}`},
		{why: "a collector that Java 17 doesn't have", given: "{gc: CMS, gc_cms_survivor_ratio: 8}", want: `{}`,
			named: "spec.cassandra.config.jvmOptions.gc, spec.cassandra.config.jvmOptions.gc_cms_survivor_ratio"},
		{why: "for another Java", given: "{additionalJvm8ServerOptions: [-Da=1], debug_unlock_commercial_features: true}", want: `{}`,
			named: "spec.cassandra.config.jvmOptions.additionalJvm8ServerOptions, spec.cassandra.config.jvmOptions.debug_unlock_commercial_features"},
		{why: "for another Cassandra", given: "{cassandra_force_3_0_protocol_version: true}", want: `{}`, named: "spec.cassandra.config.jvmOptions.cassandra_force_3_0_protocol_version"},
		{why: "JMX from outside", given: "{jmx_connection_type: remote-no-auth}", want: `{}`, named: "spec.cassandra.config.jvmOptions.jmx_connection_type"},
	} {
		t.Run(c.why, func(t *testing.T) {
			k := parse(t, "{spec: {cassandra: {config: {jvmOptions: "+c.given+"}}}}")
			got, err := jvmOptions(k.Spec.Cassandra.CassandraConfig.JvmOptions)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(text)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.named, strings.Join(NotActedOn(k), ", ")); diff != "" {
				t.Errorf("named: %s", diff)
			}
		})
	}
}

func TestNotActedOn(t *testing.T) {
	for _, c := range []struct{ why, spec, want string }{
		{"nothing", "{cassandra: {serverVersion: 5.0.9}}", ""},
		{"empty lists ask for nothing; an empty Medusa for Medusa", "{externalDatacenters: [], medusa: {}}", "spec.medusa"},
		{"around Cassandra", "{reaper: {keyspace: r}, externalDatacenters: [dc9]}", "spec.reaper"},
		{"Secrets of somebody else", "{secretsProvider: external}", "spec.secretsProvider"},
		{"Secrets to be injected into pods", "{cassandra: {metadata: {pods: {annotations: {k8ssandra.io/inject-secret: x, mine: y}}}, datacenters: [{size: 1}, {size: 1, metadata: {pods: {annotations: {k8ssandra.io/inject-secret: x}}}}]}}",
			"spec.cassandra.datacenters[1].metadata.pods.annotations (k8ssandra.io/inject-secret) spec.cassandra.metadata.pods.annotations (k8ssandra.io/inject-secret)"},
		{"in one datacenter", "{cassandra: {datacenters: [{size: 1}, {size: 1, mgmtAPIHeap: 1Gi}]}}", "spec.cassandra.datacenters[1].mgmtAPIHeap"},
	} {
		t.Run(c.why, func(t *testing.T) {
			if got := strings.Join(NotActedOn(parse(t, "{spec: "+c.spec+"}")), " "); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
	annotated := &api.K8ssandraCluster{}
	annotated.Annotations = map[string]string{api.RebuildDcAnnotation: "dc2", api.InitialSystemReplicationAnnotation: `{"dc1": 1}`}
	if got := NotActedOn(annotated); !slices.Equal(got, []string{"annotation k8ssandra.io/initial-system-replication (it counts when a ring begins)", "annotation k8ssandra.io/rebuild-dc"}) {
		t.Errorf("got %q", got)
	}
}

// K8ssandra's own manifests: the datacenters that they become, and the fields without effect.
func TestFixtures(t *testing.T) {
	var text strings.Builder
	count := 0
	base := filepath.Join("..", "..", "test", "fixtures")
	err := filepath.WalkDir(base, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasPrefix(filepath.Ext(path), ".y") {
			return err
		}
		for _, k := range rings(t, path) {
			count++
			name, err := filepath.Rel(base, path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&text, "# %s: %s\n", filepath.ToSlash(name), k.Name)
			describe(t, &text, k)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 20 {
		t.Errorf("only %d rings were found", count)
	}
	golden(t, "testdata/fixtures.txt", text.String())
}

func rings(t *testing.T, path string) (all []*api.K8ssandraCluster) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096); ; {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		k := &api.K8ssandraCluster{}
		if json.Unmarshal(raw, k) == nil && k.Kind == "K8ssandraCluster" {
			all = append(all, k)
		}
	}
}

func describe(t *testing.T, text *strings.Builder, k *api.K8ssandraCluster) {
	t.Helper()
	if k.Spec.Cassandra != nil {
		for i := range k.Spec.Cassandra.Datacenters {
			dc, err := Build(k, i, nil)
			if err != nil {
				t.Fatal(err)
			}
			spec := dc.Spec
			fmt.Fprintf(text, "%s: %d nodes of %s in %s, ring %s\n", dc.Name, spec.Size, spec.ServerVersion, strings.Join(rackNames(spec.Racks), " "), dc.Annotations[topology.Annotation])
			fmt.Fprintf(text, "  config %s\n", spec.Config)
			if p := spec.PodTemplateSpec; p != nil {
				fmt.Fprintf(text, "  pod %s\n", compact(t, p))
			}
			if spec.StorageConfig.CassandraDataVolumeClaimSpec != nil {
				fmt.Fprintf(text, "  storage %s\n", compact(t, spec.StorageConfig))
			}
			if spec.Networking != nil || len(spec.Resources.Requests) > 0 {
				fmt.Fprintf(text, "  networking %s resources %s\n", compact(t, spec.Networking), compact(t, spec.Resources))
			}
		}
	}
	if fields := NotActedOn(k); len(fields) > 0 {
		fmt.Fprintf(text, "not acted on: %s\n", strings.Join(fields, ", "))
	}
}

func rackNames(racks []cassandra.Rack) (names []string) {
	for _, r := range racks {
		names = append(names, r.Name)
	}
	return names
}

func compact(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("with -update it is written anew:\n%s", diff)
	}
}
