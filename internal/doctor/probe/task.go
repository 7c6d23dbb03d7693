package probe

import (
	"net/netip"
	"time"
)

// Task is what one probe is asked to measure.
type Task struct {
	Self    string   `json:"self"`             // name of the probe
	Listen  []int    `json:"listen,omitempty"` // ports to serve meanwhile, those that are free
	Targets []Target `json:"targets"`
	Names   []string `json:"names,omitempty"` // to be looked up as any program of the pod would
}

// Kind says what is at an address.
type Kind string

// Kinds. A probe answers exchanges; anything else is only connected to, and
// never sent a byte.
const (
	Prober Kind = "probe"
	Other  Kind = "other"
)

// Target is an address with ports.
type Target struct {
	Name    string `json:"name"`
	Host    string `json:"host"` // an address, or a name
	Ports   []int  `json:"ports"`
	Kind    Kind   `json:"kind"`
	Brief   bool   `json:"brief,omitempty"`   // without the search for the largest packet
	Patient bool   `json:"patient,omitempty"` // it may be starting: try again when it refuses
}

// Result is what a probe has measured.
type Result struct {
	Self    string       `json:"self"`
	Targets []TargetSeen `json:"targets"`
	Names   []NameSeen   `json:"names,omitempty"`
}

// TargetSeen is what is known of a target.
type TargetSeen struct {
	Name  string     `json:"name"`
	Ports []PortSeen `json:"ports"`
	Link  *Link      `json:"link,omitempty"` // of a probe, when any port answered
}

// Outcome is whether a connection was made, or why not.
type Outcome string

// Outcomes. Refused means that a packet came back: the way there and back is
// directions, and nobody listens or a firewall refuses.
const (
	Open        Outcome = "open"
	Refused     Outcome = "refused"
	Silent      Outcome = "silent"      // no answer in time
	Unreachable Outcome = "unreachable" // a router says that there is no route
	Unresolved  Outcome = "unresolved"  // the name doesn't resolve
)

// PortSeen is one port of a target.
type PortSeen struct {
	Port    int     `json:"port"`
	Outcome Outcome `json:"outcome"`
	Detail  string  `json:"detail,omitempty"` // the system's message
}

// Link is what an exchange with another probe shows.
type Link struct {
	Port     int           `json:"port"` // over which it was measured
	Local    netip.Addr    `json:"local"`
	Seen     netip.Addr    `json:"seen"`     // the address that the other side saw
	RTT      time.Duration `json:"rtt"`      // the shortest of several, in nanoseconds
	Offset   time.Duration `json:"offset"`   // the other's clock minus the own one
	MTU      int           `json:"mtu"`      // of the own interface, in bytes
	Largest  int           `json:"largest"`  // packet that is known to pass, in bytes; 0 = not measured
	Vanish   bool          `json:"vanish"`   // larger packets are dropped without an ICMP message
	Failures string        `json:"failures"` // why something of the above is missing
}

// NameSeen is what a name resolves to.
type NameSeen struct {
	Name      string       `json:"name"`
	Addresses []netip.Addr `json:"addresses,omitempty"`
	Error     string       `json:"error,omitempty"`
}
