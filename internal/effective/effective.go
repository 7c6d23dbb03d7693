package effective

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/datacenter"
)

// Value is one setting of a node with where it comes from.
type Value struct {
	Key    string   `json:"key"` // maps are gone into: memtable.configurations
	Value  any      `json:"value"`
	Origin string   `json:"origin"`
	Path   []string `json:"-"` // the key's parts
}

// Flag is an argument of the JVM with where it comes from.
type Flag struct {
	Flag   string `json:"flag"`
	Origin string `json:"origin"`
}

// Config is the configuration of one node, or what all nodes of a datacenter have in common.
type Config struct {
	Region            string  `json:"region"`
	Datacenter        string  `json:"datacenter"`
	Node              string  `json:"node,omitempty"`
	Version           string  `json:"version"`
	BaseConfiguration string  `json:"baseConfiguration"`
	CassandraYAML     []Value `json:"cassandraYaml"`
	JVM               []Flag  `json:"jvm"`
}

// Subject is whose configuration is asked for.
type Subject struct {
	Region     string
	Datacenter *api.CassandraDatacenter
	Ring       *Sources          // nil of a datacenter without a ring
	Pod        *corev1.Pod       // nil for the datacenter
	Running    map[string]any    // the node's cassandra.yaml as it lies there; nil where it can't be read
	Profile    string            // of the pod's image
	PerNode    *corev1.ConfigMap // with the configuration of single nodes; nil where there is none
	Secret     []byte            // what the key of SecretOf holds, where there is one
}

// Sources are the configurations that a ring makes of a datacenter's, from the lowest: each has all that is in the one before.
type Sources struct {
	Ringspan cassandra.Input // without anybody's configuration
	Ring     cassandra.Input // with that of the ring
	Whole    cassandra.Input // with that of the datacenter
}

// Of says what a node, or a datacenter, is configured with.
func Of(s Subject) (Config, error) {
	in, err := s.input()
	if err != nil {
		return Config{}, err
	}
	out := Config{Region: s.Region, Datacenter: s.Datacenter.Name, Version: in.Version, BaseConfiguration: cmp.Or(in.Base, cassandra.BaseNone)}
	node := cassandra.Node{DataDir: "/var/lib/cassandra", ConfigDir: "/config", LogDir: "/var/log/cassandra"}
	if s.Pod != nil {
		out.Node, node.Address = s.Pod.Name, s.Pod.Status.PodIP
	}
	layers, err := cassandra.Layers(in, node)
	if err != nil {
		return Config{}, err
	}
	values := s.Running
	if values == nil {
		values = cassandra.Merged(layers)
	}
	if s.Pod == nil {
		leaveNodesOut(values, layers)
	}
	flat := flatten(values)
	from := s.origins(in, layers)
	for _, key := range slices.Sorted(maps.Keys(flat)) {
		at := flat[key]
		out.CassandraYAML = append(out.CassandraYAML, Value{key, shown(key, at.value), from.of(key, at.value), at.path})
	}
	out.JVM = s.flags(in, node)
	return out, nil
}

// leaveNodesOut takes away what each node of a datacenter has of its own.
func leaveNodesOut(values map[string]any, layers []cassandra.Layer) {
	for _, l := range layers {
		if l.Origin == cassandra.OfNode {
			maps.DeleteFunc(values, func(key string, _ any) bool {
				_, own := l.Values[key]
				return own && key != "cluster_name"
			})
		}
	}
}

// nativePort is the key of the port for clients.
const nativePort = "native_transport_port"

// SecretOf names the Secret, and the key of it, that the configuration of a node or a datacenter comes from; empty when it is in
// the object itself.
func (s Subject) SecretOf() (name, key string) {
	if s.Pod == nil {
		return s.Datacenter.Spec.ConfigSecret, "config"
	}
	if v := configOf(s.Pod); v != nil && v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil {
		return v.ValueFrom.SecretKeyRef.Name, v.ValueFrom.SecretKeyRef.Key
	}
	return "", ""
}

// input is what the node was given; of a datacenter what its nodes are to be given.
func (s Subject) input() (in cassandra.Input, err error) {
	given := s.Datacenter.Spec.Config
	if s.Pod != nil {
		v := configOf(s.Pod)
		if v == nil {
			return in, fmt.Errorf("pod %s has no container named cassandra with a configuration", s.Pod.Name)
		}
		given = []byte(v.Value)
	}
	if name, key := s.SecretOf(); name != "" {
		if given = s.Secret; len(given) == 0 {
			return in, fmt.Errorf("the configuration is in Secret %s, which has no key %s, or isn't there", name, key)
		}
	}
	if s.Pod == nil {
		in, err = parse(given)
		if port := datacenter.AnnouncedPort(s.Datacenter, in.CassandraYAML); port != 0 && err == nil {
			in.CassandraYAML = maps.Clone(in.CassandraYAML)
			if in.CassandraYAML == nil {
				in.CassandraYAML = map[string]any{}
			}
			in.CassandraYAML[nativePort] = int(port)
		}
		in.ClusterName, in.DatacenterName, in.Version = s.Datacenter.Spec.ClusterName, s.Datacenter.CassandraName(), s.Datacenter.Spec.ServerVersion
		return in, err
	}
	if in, err = cassandra.ParseInput(given, s.Pod.Name); err != nil {
		return in, err
	}
	own, err := s.perNode()
	if err != nil {
		return in, err
	}
	in.PerNode = own.Keys
	in.Version, in.Profile = version(s.Pod), s.Profile
	return in, err
}

// perNode is what the ConfigMap has of a node's own.
func (s Subject) perNode() (cassandra.PerNode, error) {
	if s.PerNode == nil {
		return cassandra.PerNode{}, nil
	}
	own, err := cassandra.ParsePerNode(s.PerNode.Data[s.perNodeKey()])
	if err != nil {
		return own, fmt.Errorf("ConfigMap %s key %s: %w", s.PerNode.Name, s.perNodeKey(), err)
	}
	return own, nil
}

func (s Subject) perNodeKey() string { return s.Pod.Name + "_cassandra.yaml" }

// variable is one of the environment of a pod's node; nil when there is none.
func variable(pod *corev1.Pod, name string) *corev1.EnvVar {
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		if c.Name != "cassandra" {
			continue
		}
		for k := range c.Env {
			if c.Env[k].Name == name {
				return &c.Env[k]
			}
		}
	}
	return nil
}

func configOf(pod *corev1.Pod) *corev1.EnvVar { return variable(pod, "CONFIG_FILE_DATA") }

func version(pod *corev1.Pod) string {
	if v := variable(pod, "PRODUCT_VERSION"); v != nil {
		return v.Value
	}
	return ""
}

// leaf is a value that is no map, or an empty one, with the keys that lead to it.
type leaf struct {
	path  []string
	value any
}

// flatten are the leaves of nested maps, by their keys with dots between.
func flatten(from map[string]any) map[string]leaf {
	into := map[string]leaf{}
	descend(into, nil, from)
	return into
}

func descend(into map[string]leaf, path []string, from map[string]any) {
	for key, value := range from {
		here := append(slices.Clone(path), key)
		if deeper, is := value.(map[string]any); is && len(deeper) > 0 {
			descend(into, here, deeper)
			continue
		}
		into[strings.Join(here, ".")] = leaf{here, value}
	}
}

// secret are the last parts of keys whose values nobody else should see.
var secret = regexp.MustCompile(`(?i)(password|passphrase|passwd|secret|private_key|credential)s?$`)

// hidden stands in place of a secret.
const hidden = "(hidden)"

// shown is a value without its secrets.
func shown(key string, value any) any {
	if secret.MatchString(key) && value != nil {
		return hidden
	}
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[k] = shown(k, e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = shown("", e)
		}
		return out
	}
	return value
}

// shownFlag is a flag without its secret, as of -Djavax.net.ssl.keyStorePassword=….
func shownFlag(flag string) string {
	name, _, is := strings.Cut(flag, "=")
	if is && secret.MatchString(name) {
		return name + "=" + hidden
	}
	return flag
}

// equal compares values of which one may have been through YAML and the other through JSON.
func equal(a, b any) bool {
	return reflect.DeepEqual(a, b) || fmt.Sprint(a) == fmt.Sprint(b)
}
