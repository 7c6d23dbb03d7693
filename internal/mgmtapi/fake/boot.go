package fake

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// boot finishes all starts at once: nodes that start together meet each other.
func (r *Ring) boot() {
	for _, n := range r.starting() {
		if why := r.unfit(n); why != "" {
			n.crash(why)
		}
	}
	for again := true; again; { // one that dies may have been another's only seed
		again = false
		for _, n := range r.starting() {
			if len(r.contacts(n)) == 0 && !slices.Contains(n.seeds, n.address) {
				n.crash("Unable to gossip with any peers")
				again = true
			}
		}
	}
	starting := r.starting()
	for _, n := range starting {
		unheard := n.group != 0 && n.options.AutoBootstrap != nil && !*n.options.AutoBootstrap
		if n.boot == needsBootstrap && !unheard { // with its host id: what nobody may let happen
			r.returned = append(r.returned, n.hostID)
		}
		r.join(n)
		n.leaving, n.boot = false, ""
	}
	for _, n := range starting {
		if n.unproven {
			n.unproven = false
			n.crash("the JVM ended: signal: killed")
			continue
		}
		n.native = n.options.NativeTransport == nil || *n.options.NativeTransport
		n.opened = n.native
		n.become(mgmtapi.Running, "NORMAL")
		n.prove()
	}
}

func (r *Ring) starting() (all []*Node) {
	for _, n := range r.nodes {
		if n.state == mgmtapi.Starting && !n.held {
			all = append(all, n)
		}
	}
	return all
}

// unfit says why a node's start fails whoever else is there.
func (r *Ring) unfit(n *Node) string {
	if n.refusal != "" {
		return n.refusal
	}
	if n.boot == decommissioned {
		if !n.old {
			n.file.Found = mgmtapi.FoundLeft // the agent has heard Cassandra's last words
		}
		return "This node was decommissioned and will not rejoin the ring unless cassandra.override_decommission=true has been set, or all existing data is removed and the node is bootstrapped again"
	}
	if why := r.unfitToReplace(n); why != "" {
		return why
	}
	if n.hostID == "" && n.options.AutoBootstrap == nil && slices.ContainsFunc(r.contacts(n), func(m *Node) bool {
		return slices.ContainsFunc(r.members(m.group), func(one *Node) bool { return one.leaving })
	}) {
		return "Other bootstrapping/leaving/moving nodes detected, cannot bootstrap while cassandra.consistent.rangemovement is true."
	}
	for _, other := range r.nodes {
		if other == n || n.hostID != "" || other.state == mgmtapi.Stopped { // a dead one is robbed: see rob
			continue
		}
		for _, t := range n.options.InitialTokens {
			if slices.Contains(other.tokens, t) || other.hostID == "" && slices.Contains(other.options.InitialTokens, t) {
				return fmt.Sprintf("Bootstrapping to existing token %s is not allowed (decommission/removenode the old node first).", t)
			}
		}
	}
	return ""
}

// contacts are the nodes that a starting one can learn the ring from: living
// seeds, and on a restart those that it knows already.
func (r *Ring) contacts(n *Node) (all []*Node) {
	for _, other := range r.nodes {
		known := slices.Contains(n.seeds, other.address) || n.group != 0 && other.group == n.group
		living := other.up() || other.state == mgmtapi.Starting
		if other != n && known && living && r.connected(n, other) {
			all = append(all, other)
		}
	}
	return all
}

// join puts a node and its contacts into one group.
func (r *Ring) join(n *Node) {
	if n.hostID == "" {
		dead := r.dead(n)
		r.serial++
		n.hostID = fmt.Sprintf("00000000-0000-4000-8000-%012d", r.serial)
		if n.tokens = slices.Clone(n.options.InitialTokens); len(n.tokens) == 0 {
			n.tokens = []string{strconv.FormatInt(int64(r.serial)*1_000_003, 10)}
		}
		if dead != nil { // its tokens are this node's now, and the ring forgets it
			n.tokens, n.group, dead.group = dead.tokens, dead.group, 0
		}
	}
	if n.group == 0 {
		r.last++
		n.group = r.last
		r.rings[n.group] = newCluster()
	}
	defer r.rob(n)
	for _, other := range r.contacts(n) {
		switch other.group {
		case n.group:
		case 0: // it starts too
			other.group = n.group
		default:
			r.merge(n.group, other.group)
		}
	}
}

// rob takes the tokens of dead members: a node that joins without bootstrap owns
// what it says it owns (Cassandra 5.0.9, tried: "Nodes … have the same token"),
// and the ring forgets the dead one.
func (r *Ring) rob(n *Node) {
	for _, other := range r.members(n.group) {
		if other != n && !other.up() && other.state != mgmtapi.Starting && slices.ContainsFunc(n.tokens, func(t string) bool { return slices.Contains(other.tokens, t) }) {
			other.group = 0
			r.robbed = append(r.robbed, other.hostID)
		}
	}
}

// merge lets the smaller number, which is the older ring, survive.
func (r *Ring) merge(a, b int) {
	keep, drop := min(a, b), max(a, b)
	for _, n := range r.nodes {
		if n.group == drop {
			n.group = keep
		}
	}
	delete(r.rings, drop)
}

// crash ends the JVM unasked: the agent exits with it, Kubernetes restarts the
// container, and a new agent waits for a start.
func (n *Node) crash(why string) {
	n.ended = strings.TrimSpace(why)
	n.interrupt()
	n.down()
}
