package datacenter

import (
	"cmp"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// nativePort is the port for clients, at which Cassandra listens and which it tells drivers of all nodes: what the configuration
// says, else the node port, so that drivers reach each node at its machine; else Cassandra's own.
func (s *State) nativePort() int32 {
	if port := yamlPort(s.cassandraYAML()["native_transport_port"]); port != 0 {
		return port
	}
	if port := AnnouncedPort(s.DC, s.cassandraYAML()); port != 0 {
		return port
	}
	return portNative
}

// AnnouncedPort is the node port that nodes are given as their port for clients; 0 if there is none, or the configuration says
// another one.
func AnnouncedPort(dc *api.CassandraDatacenter, yaml map[string]any) int32 {
	_, given := yaml["native_transport_port"]
	if net := dc.Spec.Networking; net != nil && net.NodePort != nil && !given {
		return int32(cmp.Or(net.NodePort.Native, net.NodePort.NativeSSL))
	}
	return 0
}

// native is the port for clients as Services have it. Where it isn't Cassandra's own, it leads to what each pod was made with: pods
// of a former version, or of a former spec, listen at another one until they are made anew.
func (s *State) native() corev1.ServicePort {
	port := tcp("native", s.nativePort())
	if port.Port != portNative {
		port.TargetPort = intstr.FromString(port.Name)
	}
	return port
}

// yamlPort is a port of a configuration, which may be written as text; 0 if it is none.
func yamlPort(v any) int32 {
	switch v := v.(type) {
	case float64:
		if v == float64(uint16(v)) {
			return int32(v)
		}
	case string:
		if n, err := strconv.ParseUint(v, 10, 16); err == nil {
			return int32(n)
		}
	}
	return 0
}

// announceNodePort puts the node port for clients into a document of configuration.
func (s *State) announceNodePort(doc map[string]any) {
	port := AnnouncedPort(s.DC, s.cassandraYAML())
	if port == 0 {
		return
	}
	yaml, _ := doc["cassandra-yaml"].(map[string]any)
	if yaml == nil {
		yaml = map[string]any{}
	}
	yaml["native_transport_port"] = port
	doc["cassandra-yaml"] = yaml
}

// NativePort is a pod's port for clients, as the pod was made.
func NativePort(pod *corev1.Pod) int {
	for _, c := range pod.Spec.Containers {
		if c.Name != "cassandra" {
			continue
		}
		for _, p := range c.Ports {
			if p.Name == "native" {
				return int(p.ContainerPort)
			}
		}
	}
	return portNative
}

// portsNotActedOn lists node ports that Cassandra doesn't announce. Nodes find each other at their pods: seeds are told as addresses
// without ports.
func (s *State) portsNotActedOn() (names []string) {
	if s.DC.Spec.Networking == nil || s.DC.Spec.Networking.NodePort == nil {
		return nil
	}
	ports := s.DC.Spec.Networking.NodePort
	for _, p := range []struct {
		name string
		port int
		why  string
	}{
		{"native", ports.Native, "spec.config.cassandra-yaml.native_transport_port says another port"},
		{"nativeSSL", ports.NativeSSL, "another port is announced"},
		{"internode", ports.Internode, "nodes find each other at their pods"},
		{"internodeSSL", ports.InternodeSSL, "nodes find each other at their pods"},
	} {
		announced := int(s.nativePort()) == p.port && (p.name == "native" || p.name == "nativeSSL")
		if p.port != 0 && !announced {
			names = append(names, "spec.networking.nodePort."+p.name+" ("+p.why+")")
		}
	}
	return names
}
