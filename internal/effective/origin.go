package effective

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/datacenter"
)

// source is one place that values come from, as a person reads it.
type source struct {
	words  string
	values map[string]leaf
}

// sources are in the order in which they win, the highest first.
type sources []source

// identifies is said of what makes a node the one it is.
const identifies = "Ringspan: it identifies the node"

// why are the keys that Ringspan sets whatever anybody says, with the reason.
var why = map[string]string{
	"cluster_name":           "it is the ring's",
	"listen_address":         "it is the pod's address",
	"rpc_address":            "clients reach the pod at any of its addresses",
	"broadcast_rpc_address":  "it is the address that clients are told",
	"endpoint_snitch":        "datacenter and rack are in cassandra-rackdc.properties",
	"seed_provider":          "the operator names the seeds",
	"initial_token":          "tokens are assigned at the first boot",
	"num_tokens":             "tokens are assigned at the first boot",
	"auto_bootstrap":         "the operator decides at the first boot",
	"start_native_transport": "the operator opens the port for clients",
}

// origins are the sources of a node's values.
func (s Subject) origins(in cassandra.Input, layers []cassandra.Layer) sources {
	var all sources
	add := func(words string, values map[string]leaf) { all = append(all, source{words, values}) }
	for _, l := range slices.Backward(layers) {
		switch l.Origin {
		case cassandra.OfNode:
			add(identifies, flatten(l.Values))
		case cassandra.OfPerNode:
			if s.PerNode != nil && len(l.Values) > 0 {
				add("ConfigMap "+s.PerNode.Name+" key "+s.perNodeKey(), flatten(l.Values))
			}
		case cassandra.OfUser:
			s.users(in, add)
		case cassandra.OfRingspan:
			add("Ringspan: see docs/reference/cassandra-yaml.md", flatten(l.Values))
		case cassandra.OfBase:
			add(fmt.Sprintf("%s of Cassandra %s", in.Base, cassandra.Line(in.Version)), flatten(l.Values))
		}
	}
	return all
}

// users are the sources of what the node was given, the highest first.
func (s Subject) users(in cassandra.Input, add func(string, map[string]leaf)) {
	if port := datacenter.AnnouncedPort(s.Datacenter, s.inSpec()); port != 0 {
		add("datacenter "+s.Datacenter.Name+": spec.networking.nodePort", flatten(map[string]any{nativePort: int(port)}))
	}
	if s.Ring == nil {
		add(s.alone(), flatten(in.CassandraYAML))
		return
	}
	add("Ringspan: spec.auth of the ring, and K8ssandra's number of tokens", without(s.Ring.Ringspan.CassandraYAML, s.Ring.Whole.CassandraYAML))
	add("ring: spec.cassandra.config", without(s.Ring.Ring.CassandraYAML, s.Ring.Whole.CassandraYAML))
	add("datacenter "+s.Datacenter.Name+": its config in the ring", flatten(s.Ring.Whole.CassandraYAML))
	add("what the pod was made with, which the ring no longer asks for", flatten(in.CassandraYAML))
}

// inSpec is the cassandra.yaml that the datacenter itself has.
func (s Subject) inSpec() map[string]any {
	if s.Datacenter.Spec.ConfigSecret != "" {
		return nil
	}
	in, err := parse(s.Datacenter.Spec.Config)
	if err != nil {
		return nil // it is the node's to say
	}
	return in.CassandraYAML
}

// alone is where a datacenter without a ring says its configuration.
func (s Subject) alone() string {
	switch name, _ := s.SecretOf(); {
	case name == "":
		return "datacenter " + s.Datacenter.Name + ": spec.config"
	case s.Datacenter.Spec.ConfigSecret == "":
		return "Secret " + name + ", which the pod was made with"
	}
	return "configSecret " + s.Datacenter.Spec.ConfigSecret
}

// without are the values of a source that hold in the whole.
func without(of, whole map[string]any) map[string]leaf {
	out, all := flatten(of), flatten(whole)
	maps.DeleteFunc(out, func(key string, l leaf) bool { return !equal(all[key].value, l.value) })
	return out
}

// of says where a value comes from.
func (all sources) of(key string, value any) string {
	for _, s := range all {
		if there, is := s.values[key]; is && equal(there.value, value) {
			if reason := why[key]; reason != "" && s.words == identifies {
				return "Ringspan: " + reason
			}
			return s.words
		}
	}
	if reason := why[key]; reason != "" {
		return "Ringspan: " + reason
	}
	return "the agent of the pod, which may be of another version"
}

// flags are the arguments of a node's JVM, but those of a single start.
func (s Subject) flags(in cassandra.Input, node cassandra.Node) (all []Flag) {
	users := cassandra.UserFlags(in)
	own := cassandra.JVMFlags(in, node, cassandra.StartOptions{})
	own = own[:len(own)-len(users)]
	for i := 0; i < len(own); i++ {
		flag := own[i]
		if (flag == "--add-exports" || flag == "--add-opens") && i+1 < len(own) { // the next one is what it is about
			i++
			flag += " " + own[i]
		}
		all = append(all, Flag{shownFlag(flag), "Ringspan: as Cassandra's own option files have it, or the profile of the image"})
	}
	for _, flag := range users {
		all = append(all, Flag{shownFlag(flag), s.flagOrigin(flag)})
	}
	return all
}

func (s Subject) flagOrigin(flag string) string {
	switch {
	case s.Ring == nil:
		return s.alone()
	case slices.Contains(cassandra.UserFlags(s.Ring.Ringspan), flag):
		return "Ringspan: a default of the ring"
	case slices.Contains(cassandra.UserFlags(s.Ring.Ring), flag):
		return "ring: spec.cassandra.config"
	case slices.Contains(cassandra.UserFlags(s.Ring.Whole), flag):
		return "datacenter " + s.Datacenter.Name + ": its config in the ring"
	}
	return "what the pod was made with, which the ring no longer asks for"
}
