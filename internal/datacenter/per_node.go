package datacenter

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// perNodeSuffix is what keys of a ConfigMap with the configuration of single nodes end with, behind the pod's name.
const perNodeSuffix = "_cassandra.yaml"

// PerNode is the configuration of single nodes. A node gets its own with each start, so that the pod template is the same for all, and
// nodes restart only for what is theirs.
type PerNode struct {
	Name    string                       // of the ConfigMap; empty where the datacenter has none
	Error   string                       // why it can't be used
	Nodes   map[string]cassandra.PerNode // by pod
	Ignored []string                     // keys of it, and of nodes, that have no effect
}

// PerNodeConfig names the ConfigMap that a datacenter's nodes have configuration of their own in; "" when they have none.
func PerNodeConfig(dc *api.CassandraDatacenter) string {
	return dc.Annotations[api.PerNodeConfigAnnotation]
}

// ReadPerNode takes what concerns a datacenter's nodes out of a ConfigMap; nil is one that doesn't exist.
func ReadPerNode(dc *api.CassandraDatacenter, config *corev1.ConfigMap) PerNode {
	p := PerNode{Name: PerNodeConfig(dc), Nodes: map[string]cassandra.PerNode{}}
	if config == nil {
		p.Error = fmt.Sprintf("perNodeConfigMapRef: ConfigMap %s does not exist in namespace %s of this region", p.Name, dc.Namespace)
		return p
	}
	s := &State{DC: dc}
	owners := map[string]string{} // of tokens
	for _, key := range slices.Sorted(maps.Keys(config.Data)) {
		pod, is := strings.CutSuffix(key, perNodeSuffix)
		switch {
		case !is:
			p.Ignored = append(p.Ignored, fmt.Sprintf("ConfigMap %s key %s (it isn't POD%s)", p.Name, key, perNodeSuffix))
			continue
		case !s.mayBePod(pod) && !hasEntry(dc.Status.NodeStatuses, pod): // of another datacenter; a removed rack's nodes keep what they have
			continue
		}
		one, err := cassandra.ParsePerNode(config.Data[key])
		if err != nil {
			p.Error = fmt.Sprintf("perNodeConfigMapRef: ConfigMap %s, key %s: %v", p.Name, key, err)
			return p
		}
		for _, token := range one.Tokens {
			if other := owners[token]; other != "" {
				p.Error = fmt.Sprintf("perNodeConfigMapRef: ConfigMap %s: %s and %s have the same initial_token %s", p.Name, other, key, token)
				return p
			}
			owners[token] = key
		}
		for _, ignored := range one.Ignored {
			p.Ignored = append(p.Ignored, fmt.Sprintf("ConfigMap %s key %s: %s (it isn't one node's to set)", p.Name, key, ignored))
		}
		p.Nodes[pod] = one
	}
	return p
}

// mayBePod tells whether the name is that of a pod that a rack of the spec has, or would have if it were larger.
func (s *State) mayBePod(name string) bool {
	return slices.ContainsFunc(s.DC.RackNames(), func(rack string) bool {
		ordinal, is := strings.CutPrefix(name, s.names().StatefulSet(rack)+"-")
		_, err := strconv.ParseUint(ordinal, 10, 31)
		return is && err == nil
	})
}

// outdatedNode tells whether a pod's node is to be restarted for what is its own.
func (s *State) outdatedNode(pod *Pod) bool { return s.differsInNodeYAML(pod) && s.mayRestartNode() }

// differsInNodeYAML tells whether a pod's node runs with a configuration of its own that isn't what the ConfigMap has now. It doesn't
// while the ConfigMap can't be used, or of an agent that takes none.
func (s *State) differsInNodeYAML(pod *Pod) bool {
	had := pod.Status.NodeYAML
	return s.PerNode.Error == "" && pod.running() && had != nil && *had != mgmtapi.NodeYAMLHash(s.PerNode.Nodes[pod.Name].Text())
}

// giveNodeYAML adds to a start what is the node's alone. While the ConfigMap can't be used, or what it has
// waits for consent, a member gets what it had; a node that never ran, or lost its volume, has nothing and waits for the ConfigMap.
func (s *State) giveNodeYAML(pod *Pod, o *mgmtapi.StartOptions) (blocker string) {
	switch {
	case pod.Status.NodeYAML == nil: // its agent takes none: FieldsNotActedOn says so
	case s.PerNode.Error == "" && (!s.isMember(pod) || s.mayRestartNode()):
		o.NodeYAML = s.PerNode.Nodes[pod.Name].Text()
		if tokens := s.PerNode.Nodes[pod.Name].Tokens; len(tokens) > 0 && s.takesTokens(pod, o) {
			o.InitialTokens = slices.Clone(tokens)
		}
	case !s.isMember(pod):
		return "ConfigMap " + s.PerNode.Name + " to be there, and to be readable,"
	default:
		o.KeepNodeYAML = true
	}
	return ""
}

// takesTokens tells whether a node gets new tokens with a start: on its datacenter's first boot, and when it joins, where Cassandra
// refuses those that somebody owns. A replacement has those of the node whose place it takes, and a member its own.
func (s *State) takesTokens(pod *Pod, o *mgmtapi.StartOptions) bool {
	return len(o.InitialTokens) > 0 || !s.isMember(pod) && !s.dataLost(pod) && o.ReplaceAddress == ""
}

// perNodeNotActedOn lists what of the ConfigMap has no effect.
func (s *State) perNodeNotActedOn() []string {
	names := slices.Clone(s.PerNode.Ignored)
	for i := range s.Pods {
		pod := &s.Pods[i]
		if pod.running() && pod.Status.NodeYAML == nil && s.PerNode.Nodes[pod.Name].Text() != "" {
			names = append(names, fmt.Sprintf("ConfigMap %s key %s%s (the pod's agent is of a former version)", s.PerNode.Name, pod.Name, perNodeSuffix))
		}
	}
	return names
}
