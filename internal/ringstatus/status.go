package ringstatus

import (
	"cmp"
	"slices"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// Status is one ring as seen from all regions that answered.
type Status struct {
	Ring        string       `json:"ring"`
	Namespace   string       `json:"namespace"`
	Ready       bool         `json:"ready"`
	Message     string       `json:"message,omitempty"`  // what is being waited for
	Keyspace    string       `json:"keyspace,omitempty"` // that ownsEffective speaks of
	Datacenters []Datacenter `json:"datacenters"`
	Nodes       []Node       `json:"nodes"`
	Regions     []Region     `json:"regions"`
}

// Datacenter is one datacenter's summary.
type Datacenter struct {
	Name          string  `json:"name"`
	Region        string  `json:"region,omitempty"`
	Size          int     `json:"size"`
	Up            int     `json:"up"`
	Ready         bool    `json:"ready"`
	OwnsEffective float64 `json:"ownsEffective"` // of all data, 1 = everything at least once
	Message       string  `json:"message,omitempty"`
}

// Node is one Cassandra node.
type Node struct {
	Datacenter    string  `json:"datacenter"`
	Rack          string  `json:"rack"`
	Pod           string  `json:"pod,omitempty"` // unknown while its region can't be reached
	Address       string  `json:"address"`
	State         string  `json:"state"` // nodetool's two letters: U or D, then N, J, L or M
	HostID        string  `json:"hostID"`
	Tokens        int     `json:"tokens"`
	OwnsEffective float64 `json:"ownsEffective"` // share of the data, 1 = all
	Load          float64 `json:"load"`          // bytes
}

// Region is whether a region could be asked.
type Region struct {
	Name      string `json:"name"`
	Reachable bool   `json:"reachable"`
	Message   string `json:"message,omitempty"`
}

// View is what one region's nodes say.
type View struct {
	Endpoints []mgmtapi.Endpoint
	Ownership mgmtapi.Ownership
	Pods      map[string]string // pod names by address
}

// Nodes joins the views: a node that any view calls alive is up, and pods are
// known from their own region.
func Nodes(views []View) (nodes []Node, keyspace string) {
	byAddress := map[string]*Node{}
	for _, v := range views {
		if v.Ownership.Keyspace != "" {
			keyspace = v.Ownership.Keyspace
		}
		for _, e := range v.Endpoints {
			n := byAddress[e.Address]
			if n == nil {
				n = &Node{Address: e.Address, State: "D" + letter(e.Status)}
				byAddress[e.Address] = n
			}
			if e.Alive {
				n.State = "U" + letter(e.Status)
			}
			n.Datacenter, n.Rack = cmp.Or(e.Datacenter, n.Datacenter), cmp.Or(e.Rack, n.Rack)
			n.HostID, n.Tokens, n.Load = cmp.Or(e.HostID, n.HostID), max(n.Tokens, len(e.Tokens)), max(n.Load, e.Load)
			n.OwnsEffective = max(n.OwnsEffective, v.Ownership.Ownership[e.Address])
			n.Pod = cmp.Or(v.Pods[e.Address], n.Pod)
		}
	}
	for _, n := range byAddress {
		nodes = append(nodes, *n)
	}
	slices.SortFunc(nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(a.Datacenter, b.Datacenter), cmp.Compare(a.Rack, b.Rack), cmp.Compare(a.Pod, b.Pod), cmp.Compare(a.Address, b.Address))
	})
	return nodes, keyspace
}

func letter(status string) string {
	switch status {
	case "JOINING":
		return "J"
	case "LEAVING":
		return "L"
	case "MOVING":
		return "M"
	}
	return "N"
}

// Summarize fills the datacenters' figures from the nodes.
func (s *Status) Summarize() {
	for i := range s.Datacenters {
		d := &s.Datacenters[i]
		d.Up, d.OwnsEffective = 0, 0
		racks := map[string]float64{}
		for _, n := range s.Nodes {
			if n.Datacenter != d.Name {
				continue
			}
			if n.State[0] == 'U' {
				d.Up++
			}
			racks[n.Rack] += n.OwnsEffective
			d.OwnsEffective += n.OwnsEffective
		}
		d.OwnsEffective = min(1, d.OwnsEffective)
	}
}
