package cassandra

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Node is where one node is and what it is in the ring.
type Node struct {
	Address          string // of the pod
	BroadcastAddress string // for clients, when it differs
	NativeAddress    string // the one address to listen on for clients; empty = all
	Datacenter, Rack string
	Seeds            []string // addresses
	Tokens           []string // for the first boot; none lets Cassandra choose
	AutoBootstrap    *bool
	NativeTransport  *bool // nil leaves Cassandra's default, open
	DataDir          string
	ConfigDir        string
	LogDir           string
}

// Files are a configuration directory's contents by name.
type Files map[string][]byte

// TrainingPort is where a node of the training run answers CQL.
const TrainingPort = "9042"

// Layer is one source of cassandra.yaml's values; what comes later wins.
type Layer struct {
	Origin Origin
	Values map[string]any
}

// Origin tells whose values a layer has.
type Origin string

// The origins.
const (
	OfBase     Origin = "base"     // the base configuration
	OfRingspan Origin = "ringspan" // Ringspan's own, below the user's
	OfUser     Origin = "user"     // the configuration that the node was given
	OfPerNode  Origin = "per node" // what is the node's alone
	OfNode     Origin = "node"     // what identifies the node, above the user's
)

// Layers are the sources of a node's cassandra.yaml, in the order in which they are merged: maps deeply, lists and all else
// as a whole, as K8ssandra's config builder does it.
func Layers(in Input, n Node) ([]Layer, error) {
	base, err := baseValues(in.Base, in.Version)
	if err != nil {
		return nil, err
	}
	return []Layer{
		{OfRingspan, necessary()}, {OfBase, base}, {OfRingspan, directories(n)}, {OfRingspan, profiled(in, base)},
		{OfUser, in.CassandraYAML}, {OfPerNode, in.PerNode}, {OfNode, identity(in, n)},
	}, nil
}

// Render makes all configuration files. The user's keys win over the defaults;
// what identifies the node wins over the user's.
func Render(in Input, n Node) (Files, error) {
	layers, err := Layers(in, n)
	if err != nil {
		return nil, err
	}
	body, err := yaml.Marshal(plain(Merged(layers)))
	if err != nil {
		return nil, fmt.Errorf("cassandra.yaml: %w", err)
	}
	return Files{
		"cassandra.yaml":              body,
		"cassandra-rackdc.properties": fmt.Appendf(nil, "dc=%s\nrack=%s\nprefer_local=true\n", n.Datacenter, n.Rack),
		"logback.xml":                 []byte(logback(n.LogDir)),
		"logback-tools.xml":           []byte(toolsLogback),
	}, nil
}

// Merged lays layers over each other. A null of what identifies the node takes a key away.
func Merged(layers []Layer) map[string]any {
	y := map[string]any{}
	for _, l := range layers {
		mergeMaps(y, cloned(l.Values))
		for key, value := range l.Values {
			if value == nil && l.Origin == OfNode {
				delete(y, key)
			}
		}
	}
	return y
}

// cloned is a copy that shares no map with its original.
func cloned(m map[string]any) map[string]any {
	out := maps.Clone(m)
	for key, v := range out {
		if deeper, ok := v.(map[string]any); ok {
			out[key] = cloned(deeper)
		}
	}
	return out
}

// identity is what makes a node the one it is, whatever the user's configuration says.
func identity(in Input, n Node) map[string]any {
	y := map[string]any{
		"cluster_name":   in.ClusterName,
		"listen_address": n.Address, "rpc_address": anyAddress(n.Address), "broadcast_rpc_address": n.Address, // a pod's loopback answers too
		"endpoint_snitch": snitch, "seed_provider": seedProvider(n.Seeds), "broadcast_address": nil,
		"initial_token":  nil, // all nodes would have the same
		"auto_bootstrap": nil, // without it, a node that joins would have no data and answer with that
	}
	if n.NativeAddress != "" {
		y["rpc_address"] = n.NativeAddress
	}
	if n.BroadcastAddress != "" {
		y["broadcast_rpc_address"] = n.BroadcastAddress
	}
	if len(n.Tokens) > 0 {
		y["initial_token"] = strings.Join(n.Tokens, ",")
		y["num_tokens"] = len(n.Tokens)
	}
	if n.AutoBootstrap != nil {
		y["auto_bootstrap"] = *n.AutoBootstrap
	}
	if n.NativeTransport != nil {
		y["start_native_transport"] = *n.NativeTransport
	}
	return y
}

// anyAddress is what stands for all addresses of a pod.
func anyAddress(own string) string {
	if isIPv6(own) {
		return "::"
	}
	return "0.0.0.0"
}

func isIPv6(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && a.Is6() && !a.Is4In6()
}

// snitch reads cassandra-rackdc.properties.
const snitch = "GossipingPropertyFileSnitch"

// identifying are the keys of cassandra.yaml that say which node of which ring it is, and how it joins.
var identifying = []string{
	"auto_bootstrap", "broadcast_address", "broadcast_rpc_address", "cluster_name", "endpoint_snitch", "initial_token", "listen_address", "rpc_address", "seed_provider",
}

// Replaced lists the keys of a user's cassandra.yaml that have no effect, because they identify a node.
func Replaced(yaml map[string]any) (keys []string) {
	for _, key := range identifying {
		if value, given := yaml[key]; given && (key != "endpoint_snitch" || value != snitch) {
			keys = append(keys, key)
		}
	}
	return keys
}

// necessary are the keys without which Cassandra does not start, and what keeps data safe where Cassandra's code has
// something else than the cassandra.yaml that it ships. Each is in docs/reference/cassandra-yaml.md, with where it comes from.
func necessary() map[string]any {
	return map[string]any{
		"num_tokens": 16, "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
		"commitlog_sync": "periodic", "commitlog_sync_period": "10000ms",
		"native_transport_port": 9042, "storage_port": 7000,
		"disk_failure_policy": "stop", "commit_failure_policy": "stop", "internode_compression": "dc",
	}
}

// directories are on the data volume.
func directories(n Node) map[string]any {
	return map[string]any{
		"data_file_directories": []any{n.DataDir + "/data"}, "commitlog_directory": n.DataDir + "/commitlog",
		"saved_caches_directory": n.DataDir + "/saved_caches", "hints_directory": n.DataDir + "/hints",
		"cdc_raw_directory": n.DataDir + "/cdc_raw",
	}
}

// profiled is what a profile asks for. A memtable of the user's takes the profile's place as a whole.
func profiled(in Input, base map[string]any) map[string]any {
	if in.Profile != ProfileSmall {
		return nil
	}
	y := map[string]any{
		"commitlog_segment_size": "4MiB", "concurrent_reads": 8, "concurrent_writes": 8, "concurrent_counter_writes": 4,
		"native_transport_max_threads": 16,
	}
	if _, given := in.CassandraYAML["memtable"]; given {
		return y
	}
	if _, given := base["memtable"]; !given {
		y["memtable"] = map[string]any{"configurations": map[string]any{"default": map[string]any{"class_name": "TrieMemtable"}}}
		return y
	}
	y["memtable"] = map[string]any{"configurations": map[string]any{"default": map[string]any{"inherits": "trie"}}} // which the files define
	return y
}

func seedProvider(seeds []string) any {
	return []any{map[string]any{
		"class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
		"parameters": []any{map[string]any{"seeds": strings.Join(seeds, ",")}},
	}}
}

// plain turns JSON numbers into YAML ones.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[k] = plain(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plain(e)
		}
		return out
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64() // a JSON number is one
		return f
	}
	return v
}

// logback writes to standard output, which is the container's log, and to a
// small rotated system.log for the logger container.
func logback(dir string) string {
	return `<configuration>
  <appender name="STDOUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level [%thread] %date{ISO8601} %F:%L - %msg%n</pattern></encoder>
  </appender>
  <appender name="FILE" class="ch.qos.logback.core.rolling.RollingFileAppender">
    <file>` + dir + `/system.log</file>
    <rollingPolicy class="ch.qos.logback.core.rolling.FixedWindowRollingPolicy">
      <fileNamePattern>` + dir + `/system.log.%i</fileNamePattern><minIndex>1</minIndex><maxIndex>2</maxIndex>
    </rollingPolicy>
    <triggeringPolicy class="ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy"><maxFileSize>10MB</maxFileSize></triggeringPolicy>
    <encoder><pattern>%-5level [%thread] %date{ISO8601} %F:%L - %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="STDOUT"/><appender-ref ref="FILE"/></root>
</configuration>
`
}

// toolsLogback keeps nodetool quiet.
const toolsLogback = `<configuration>
  <appender name="STDERR" class="ch.qos.logback.core.ConsoleAppender"><target>System.err</target><encoder><pattern>%-5level %date{ISO8601} %msg%n</pattern></encoder></appender>
  <root level="WARN"><appender-ref ref="STDERR"/></root>
</configuration>
`

// Write writes every file, each at once.
func (f Files) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, data := range f {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path+".part", data, 0o600); err != nil {
			return err
		}
		if err := os.Rename(path+".part", path); err != nil {
			return err
		}
	}
	return nil
}
