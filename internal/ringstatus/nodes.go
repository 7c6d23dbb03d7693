package ringstatus

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// View is what one region's nodes say of the ring.
type View struct {
	Region    string
	Endpoints []mgmtapi.Endpoint
	Ownership mgmtapi.Ownership
	Pods      map[string]string // names of the region's own pods, by address
	Refused   string            // why the nodes could not even be asked
}

// Nodes joins the views. A node's state is what its own region says of it, since
// it is asked there; else that of any region that sees it up.
func Nodes(views []View) (nodes []Node, keyspace string) {
	byAddress := map[string]*Node{}
	for _, v := range views {
		keyspace = cmp.Or(keyspace, v.Ownership.Keyspace)
		for _, e := range v.Endpoints {
			n := byAddress[e.Address]
			if n == nil {
				n = &Node{Address: e.Address}
				byAddress[e.Address] = n
			}
			n.merge(v, e)
		}
	}
	for _, address := range slices.Collect(maps.Keys(byAddress)) {
		byAddress[address].judge(views)
	}
	for _, n := range byAddress {
		if !n.moved(byAddress) {
			nodes = append(nodes, *n)
		}
	}
	slices.SortFunc(nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(a.Datacenter, b.Datacenter), cmp.Compare(a.Rack, b.Rack), cmp.Compare(a.Pod, b.Pod), cmp.Compare(a.Address, b.Address))
	})
	return nodes, keyspace
}

// merge takes over what a view knows.
func (n *Node) merge(v View, e mgmtapi.Endpoint) {
	n.Datacenter, n.Rack = cmp.Or(n.Datacenter, e.Datacenter), cmp.Or(n.Rack, e.Rack)
	n.HostID, n.Cassandra, n.Schema = cmp.Or(n.HostID, e.HostID), cmp.Or(n.Cassandra, e.ReleaseVersion), cmp.Or(n.Schema, e.Schema)
	n.Tokens, n.Load = max(n.Tokens, len(e.Tokens)), max(n.Load, e.Load)
	n.Pod = cmp.Or(v.Pods[e.Address], n.Pod)
	if share, known := v.Ownership.Ownership[e.Address]; known {
		n.owns(share)
	}
}

// moved says whether this is an address that a node had before: others may still
// list it for a while after the node came back with a new one. Who a node is its
// host ID says; where it is, its own region does.
func (n *Node) moved(all map[string]*Node) bool {
	if n.HostID == "" || n.Pod != "" {
		return false
	}
	for _, other := range all {
		if other.HostID == n.HostID && other.Pod != "" {
			return true
		}
	}
	return false
}

// owns keeps the largest share that is told, rounded to what Cassandra's own
// arithmetic is good for.
func (n *Node) owns(share float64) {
	share = min(1, math.Round(share*1e4)/1e4)
	if n.OwnsEffective == nil || share > *n.OwnsEffective {
		n.OwnsEffective = &share
	}
}

// judge sets the state, and who sees it otherwise.
func (n *Node) judge(views []View) {
	up, status, own := false, "", false
	for _, v := range views {
		e, seen := endpoint(v, n.Address)
		if !seen {
			continue
		}
		if _, at := v.Pods[n.Address]; at && !own {
			up, status, own = e.Alive, e.Status, true
		} else if !own {
			up, status = up || e.Alive, cmp.Or(status, e.Status)
		}
	}
	n.State = "D" + letter(status)
	if !up {
		return
	}
	n.State = "U" + letter(status)
	for _, v := range views {
		if e, seen := endpoint(v, n.Address); seen && !e.Alive && !slices.Contains(n.SeenDownBy, v.Region) {
			n.SeenDownBy = append(n.SeenDownBy, v.Region)
		}
	}
}

func endpoint(v View, address string) (mgmtapi.Endpoint, bool) {
	i := slices.IndexFunc(v.Endpoints, func(e mgmtapi.Endpoint) bool { return e.Address == address })
	if i < 0 {
		return mgmtapi.Endpoint{}, false
	}
	return v.Endpoints[i], true
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

// AddExternal adds the datacenters that somebody else looks after: those of the spec, and others that nodes see.
func (s *Status) AddExternal(named []string) {
	add := func(name, message string) {
		if name != "" && !slices.ContainsFunc(s.Datacenters, func(d Datacenter) bool { return d.Name == name }) {
			s.Datacenters = append(s.Datacenters, Datacenter{Name: name, External: true, Message: message})
		}
	}
	for _, name := range named {
		message := ""
		if !slices.ContainsFunc(s.Nodes, func(n Node) bool { return n.Datacenter == name }) {
			message = "No node of the ring sees this external datacenter."
		}
		add(name, message)
	}
	for _, n := range s.Nodes { // in the order of their datacenters
		add(n.Datacenter, "The ring has this datacenter, and the K8ssandraCluster doesn't name it, nor in spec.externalDatacenters.")
	}
}

// Summarize fills in the datacenters' figures from the nodes, and takes the
// ring's readiness back when nodes are missing.
func (s *Status) Summarize() {
	for i := range s.Datacenters {
		d := &s.Datacenters[i]
		d.Up, d.OwnsEffective = 0, nil
		for _, n := range s.Nodes {
			if n.Datacenter != d.Name {
				continue
			}
			if n.State[0] == 'U' {
				d.Up++
			}
			if n.OwnsEffective != nil {
				share := *n.OwnsEffective
				if d.OwnsEffective != nil {
					share += *d.OwnsEffective
				}
				d.OwnsEffective = &share
			}
		}
		if d.OwnsEffective != nil {
			*d.OwnsEffective = min(1, *d.OwnsEffective)
		}
		if d.External {
			d.Size = len(slices.DeleteFunc(slices.Clone(s.Nodes), func(n Node) bool { return n.Datacenter != d.Name }))
			d.Ready = d.Size > 0 && d.Up == d.Size
			continue // what is wrong there is its owner's to mend
		}
		if d.Up < d.Size {
			s.Ready = false
		}
	}
}
