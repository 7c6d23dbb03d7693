package network

import (
	"fmt"
	"slices"
)

// Protocol is the one above IP.
type Protocol string

// Protocols of the profile.
const (
	TCP  Protocol = "tcp"
	ICMP Protocol = "icmp"
)

// Need says what a port between regions is needed for.
type Need string

// Needs. All but the last are opened between all regions of a fleet;
// what is never needed is listed so that nobody opens it by mistake.
const (
	NeedRing      Need = "ring"      // between the nodes of a ring
	NeedOperators Need = "operators" // operators read the other regions' API servers
	NeedClients   Need = "clients"   // clients that use another region than their own
	NeedMetrics   Need = "metrics"   // one place collects the metrics of all
	NeedNever     Need = "never"
)

// Party is an end of a connection.
type Party string

// Parties.
const (
	Pods      Party = "pods"
	APIServer Party = "API server"
)

// Port is one line of the profile. It holds in both directions of every pair of
// regions: the pods of each open connections to the other's party To.
type Port struct {
	Name     string // as in the names of Services
	Protocol Protocol
	Number   int // TCP port; type of ICMP
	Code     int // of ICMP; 0 for TCP
	Use      string
	To       Party
	Need     Need
}

// String is tcp/7000, or icmp/3.4 for type and code.
func (p Port) String() string {
	if p.Protocol == ICMP {
		return fmt.Sprintf("%s/%d.%d", p.Protocol, p.Number, p.Code)
	}
	return fmt.Sprintf("%s/%d", p.Protocol, p.Number)
}

// Fragmentation is ICMP "fragmentation needed and DF set" (RFC 792, RFC 1191):
// without it, path-MTU discovery fails silently.
var Fragmentation = Port{"path-mtu", ICMP, 3, 4, "path-MTU discovery", Pods, NeedRing}

// APIPort is the API server's as EKS publishes it. Other clusters say theirs in
// their kubeconfig.
var APIPort = Port{"api", TCP, 443, 0, "Kubernetes API", APIServer, NeedOperators}

// Profile is every port that has to do with rings over several regions, the
// ones that are never opened between regions included.
func Profile() []Port {
	return []Port{
		{"internode", TCP, 7000, 0, "gossip and streaming between nodes", Pods, NeedRing},
		{"internode-tls", TCP, 7001, 0, "gossip and streaming between nodes, encrypted on a port of its own", Pods, NeedRing},
		{"native", TCP, 9042, 0, "CQL", Pods, NeedClients},
		{"native-tls", TCP, 9142, 0, "CQL, encrypted on a port of its own", Pods, NeedClients},
		{"metrics", TCP, 9000, 0, "metrics", Pods, NeedMetrics},
		{"prometheus", TCP, 9103, 0, "metrics, at the older port", Pods, NeedMetrics},
		APIPort,
		Fragmentation,
		{"management", TCP, 8080, 0, "management API of a node: for the operator of its own region only", Pods, NeedNever},
		{"probes", TCP, 8079, 0, "whether a node lives and serves: for its own kubelet", Pods, NeedNever},
		{"jmx", TCP, 7199, 0, "JMX: a node's own pod only", Pods, NeedNever},
		{"thrift", TCP, 9160, 0, "Thrift: no supported version has it", Pods, NeedNever},
	}
}

// Opened is the part of the profile that is let through between regions.
func Opened() []Port {
	return slices.DeleteFunc(Profile(), func(p Port) bool { return p.Need == NeedNever })
}

// NodePorts are the TCP ports of a ring's nodes, that of gossip first.
func NodePorts() (ports []int) {
	for _, p := range Opened() {
		if p.Protocol == TCP && p.To == Pods {
			ports = append(ports, p.Number)
		}
	}
	return ports
}
