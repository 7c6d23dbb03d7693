package fake

import (
	"fmt"
	"slices"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// identity is what the agent finds beside the data.
func (n *Node) identity() *mgmtapi.Identity {
	switch {
	case n.old:
		return nil
	case n.file.Found != "":
		return new(n.file)
	case n.hostID != "":
		return &mgmtapi.Identity{Found: mgmtapi.FoundData}
	}
	return &mgmtapi.Identity{Found: mgmtapi.FoundNothing}
}

// noteStart is what the agent does before it starts the JVM.
func (n *Node) noteStart(o mgmtapi.StartOptions) error {
	found := n.identity()
	switch {
	case found == nil:
		return nil
	case found.Found == mgmtapi.FoundLeft:
		return fmt.Errorf("start: %w: the node has left its ring", mgmtapi.ErrRefused)
	case o.Decided != nil && *o.Decided != *found:
		return fmt.Errorf("start: %w: the start was decided on when the data directory held something else", mgmtapi.ErrRefused)
	case found.Found == mgmtapi.FoundNothing || found.Found == mgmtapi.FoundJoining:
		n.file = mgmtapi.Identity{Found: mgmtapi.FoundJoining, Cluster: n.ring.name, Datacenter: n.datacenter, Rack: n.rack, Replaces: o.Replaces}
		if o.Replaces == "" {
			n.file.Replaces = found.Replaces
		}
	}
	return nil
}

// prove is what the agent does when the node has become NORMAL.
func (n *Node) prove() {
	if !n.old {
		n.file = mgmtapi.Identity{Found: mgmtapi.FoundMember, HostID: n.hostID, Cluster: n.ring.name, Datacenter: n.datacenter, Rack: n.rack, Replaces: n.file.Replaces}
	}
}

// dead is the member that a node was started to replace, as those that it meets
// know it: a ring that was begun anew knows none of the former one's.
func (r *Ring) dead(n *Node) *Node {
	contacts := r.contacts(n)
	for _, other := range r.nodes {
		met := slices.ContainsFunc(contacts, func(c *Node) bool { return c.group == other.group })
		if met && n.options.ReplaceAddress != "" && n.hostID == "" && other != n && other.group != 0 && other.address == n.options.ReplaceAddress {
			return other
		}
	}
	return nil
}

// unfitToReplace says why Cassandra refuses a replacement.
func (r *Ring) unfitToReplace(n *Node) string {
	if n.options.ReplaceAddress == "" || n.hostID != "" { // replace_address_first_boot: a member just starts
		return ""
	}
	dead := r.dead(n)
	switch {
	case len(r.contacts(n)) == 0 && !n.isOwnSeed(): // boot says so
	case n.isOwnSeed():
		return "Replacing a node without bootstrapping risks invalidating consistency guarantees as the expected data may not be present until repair is run."
	case dead == nil:
		return fmt.Sprintf("Cannot replace_address /%s:7000 because it doesn't exist in gossip", n.options.ReplaceAddress)
	case dead.up():
		return "Cannot replace a live node..."
	}
	return ""
}

func (n *Node) isOwnSeed() bool {
	return slices.Contains(n.seeds, n.address)
}
