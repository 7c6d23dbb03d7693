package ringstatus

import (
	"time"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// Status is one ring as seen from all regions that answered.
type Status struct {
	Fleet       string       `json:"fleet"`
	Ring        string       `json:"ring"`
	Namespace   string       `json:"namespace"`
	Ready       bool         `json:"ready"`              // every region that answers sees it ready, and all nodes are up
	Message     string       `json:"message,omitempty"`  // what is being waited for, or what is wrong
	Keyspace    string       `json:"keyspace,omitempty"` // that ownsEffective speaks of
	Datacenters []Datacenter `json:"datacenters"`
	Nodes       []Node       `json:"nodes"`
	Regions     []Region     `json:"regions"`
	Faults      []Fault      `json:"faults,omitempty"` // injected into the embedded cloud, not healed

	Infrastructure *Infrastructure `json:"infrastructure,omitempty"` // of a fleet in AWS
}

// Datacenter is one datacenter's summary.
type Datacenter struct {
	Name          string   `json:"name"`
	Region        string   `json:"region"`
	External      bool     `json:"external,omitempty"` // somebody else looks after it: it is known as far as the ring's nodes see it
	Size          int      `json:"size"`               // nodes that there should be
	Up            int      `json:"up"`
	Ready         bool     `json:"ready"`
	OwnsEffective *float64 `json:"ownsEffective"` // of all data, 1 = all of it at least once; null = unknown
	Message       string   `json:"message,omitempty"`
}

// Node is one Cassandra node.
type Node struct {
	Datacenter    string   `json:"datacenter"`
	Rack          string   `json:"rack"`
	Pod           string   `json:"pod"` // empty while its region can't be asked
	Address       string   `json:"address"`
	State         string   `json:"state"` // nodetool's two letters: U or D, then N, J, L or M
	HostID        string   `json:"hostID"`
	Tokens        int      `json:"tokens"`
	OwnsEffective *float64 `json:"ownsEffective"`        // share of the keyspace's data, 1 = all; null = unknown
	Load          float64  `json:"load"`                 // bytes
	SeenDownBy    []string `json:"seenDownBy,omitempty"` // regions whose nodes don't reach a node that is up
	Cassandra     string   `json:"cassandra,omitempty"`  // version
	Schema        string   `json:"schema,omitempty"`     // version of the schema
}

// Region is one region's view of the ring.
type Region struct {
	Name      string `json:"name"`
	Reachable bool   `json:"reachable"` // its API server answers here
	Ready     bool   `json:"ready"`     // it sees the ring ready
	Message   string `json:"message,omitempty"`
	Revision  string `json:"revision,omitempty"` // of the ring that it holds
	Peers     []Peer `json:"peers,omitempty"`
}

// Peer is another region as a region's operator sees it.
type Peer struct {
	Region    string    `json:"region"`
	Reachable bool      `json:"reachable"`
	Since     time.Time `json:"since"` // when reachable last changed
	Message   string    `json:"message,omitempty"`
}

// Fault is one that was injected.
type Fault struct {
	Kind  string    `json:"kind"`
	Args  []string  `json:"args"`
	Since time.Time `json:"since"`
}

// Infrastructure is what a fleet in AWS consists of, beside its rings.
type Infrastructure struct {
	Account string `json:"account"`
	infra.Summary
	Message string `json:"message,omitempty"` // why it isn't known
}
