package fake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// Cassandra's bootstrap states of a node that has left: while it announces that, and afterwards.
const (
	needsBootstrap = "NEEDS_BOOTSTRAP"
	decommissioned = "DECOMMISSIONED"
)

// Decommission implements mgmtapi.Node. The node is LEAVING after the next Advance, unknown to the ring after the one that
// follows, and DECOMMISSIONED after a third.
func (n *Node) Decommission(ctx context.Context, hostID string, force bool) (string, error) {
	if n.isOld() {
		return "", unknownCall("decommission")
	}
	n.ring.mu.Lock()
	if hostID != "" && hostID != n.hostID && n.answers(ctx, "decommission") == nil {
		defer n.ring.mu.Unlock()
		return "", fmt.Errorf("decommission: %w: this is another node", mgmtapi.ErrRefused)
	}
	if j := n.decommissionJob(); j != nil && n.answers(ctx, "decommission") == nil {
		defer n.ring.mu.Unlock()
		return j.ID, nil
	}
	n.ring.mu.Unlock()
	id, err := n.submit(ctx, "decommission", n.address, nil)
	if err == nil {
		n.change(func() { n.asked, n.forced = true, force })
	}
	return id, err
}

// decommissionJob is the one that goes on, or nil.
func (n *Node) decommissionJob() *job {
	i := slices.IndexFunc(n.jobs, func(j *job) bool { return j.Type == "decommission" && j.Status == mgmtapi.JobWaiting })
	if i < 0 {
		return nil
	}
	return n.jobs[i]
}

// leave brings each decommission one step further.
func (r *Ring) leave() {
	for _, n := range r.nodes {
		switch {
		case n.pid == 0 || n.state != mgmtapi.Running || n.old:
		case n.mode == mgmtapi.ModeLeaving && n.boot == needsBootstrap:
			n.boot, n.native = decommissioned, false
			n.become(mgmtapi.Running, mgmtapi.ModeDecommissioned)
			n.endDecommission("")
		case n.mode == mgmtapi.ModeLeaving && n.stalled:
		case n.mode == mgmtapi.ModeLeaving && n.cannotStream() != "":
			n.failLeaving(n.cannotStream())
		case n.mode == mgmtapi.ModeLeaving:
			n.unstreamed = n.tooManyReplicas()
			n.group, n.leaving, n.boot = 0, false, needsBootstrap
		case n.asked:
			n.asked = false
			n.beginLeaving()
		}
	}
}

func (n *Node) beginLeaving() {
	if why := n.mayNotLeave(); why != "" {
		n.endDecommission(why)
		if len(n.ring.members(n.group)) > 1 { // Cassandra looks at that before it notes what it does
			n.become(mgmtapi.Running, mgmtapi.ModeDecommissionFailed)
		}
		return
	}
	n.leaving = true
	n.become(mgmtapi.Running, mgmtapi.ModeLeaving)
}

// mayNotLeave is what Cassandra refuses a decommission with.
func (n *Node) mayNotLeave() string {
	members := n.ring.members(n.group)
	if len(members) < 2 {
		return "no other normal nodes in the ring; decommission would be pointless"
	}
	for _, name := range slices.Sorted(maps.Keys(n.ring.rings[n.group].keyspaces)) {
		k := n.ring.rings[n.group].keyspaces[name]
		stay := count(members, func(m *Node) bool { return !m.leaving && (m.datacenter == n.datacenter || !k.topology()) })
		if factor := k.factor(n.datacenter); !n.leaving && !n.forced && factor >= stay {
			return fmt.Sprintf("Not enough live nodes to maintain replication factor in keyspace %s (RF = %d, N = %d). Perform a forceful decommission to ignore.", name, factor, stay)
		}
	}
	return ""
}

// tooManyReplicas names keyspaces with more replicas in the datacenter than nodes that stay: a node that leaves streams what somebody else
// becomes a replica of, and here nobody does.
func (n *Node) tooManyReplicas() string {
	stay := count(n.ring.members(n.group), func(m *Node) bool { return !m.leaving && m.datacenter == n.datacenter })
	var names []string
	for name, k := range n.ring.rings[n.group].keyspaces {
		if k.topology() && k.factor(n.datacenter) > stay {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// cannotStream says why streams of the node break, empty when they don't: a node that gets ranges is down.
func (n *Node) cannotStream() string {
	if n.failingLeave != "" {
		return n.failingLeave
	}
	for _, m := range n.ring.members(n.group) {
		if !n.sees(m) && (m.datacenter == n.datacenter || n.ring.rings[n.group].spreads()) {
			return fmt.Sprintf("Stream failed: /%s:7000", m.address)
		}
	}
	return ""
}

// spreads tells whether a keyspace isn't replicated by datacenter, but Cassandra's own before a first boot is over.
func (c *cluster) spreads() bool {
	for _, k := range c.keyspaces {
		if !k.topology() && k.factor("") > 0 {
			return true
		}
	}
	return false
}

// failLeaving ends a decommission that had begun; the ring still has the node as leaving.
func (n *Node) failLeaving(why string) {
	if n.mode == mgmtapi.ModeLeaving && n.boot == "" {
		n.become(mgmtapi.Running, mgmtapi.ModeDecommissionFailed)
		n.endDecommission("Error while decommissioning node: " + why)
	}
}

func (n *Node) endDecommission(why string) {
	if j := n.decommissionJob(); j != nil {
		j.Status, j.Error, j.EndTime = mgmtapi.JobCompleted, why, n.millis()
		if why != "" {
			j.Status = mgmtapi.JobError
		}
	}
}

// noteLeft is what the agent writes beside the data as soon as it sees that its node has left.
func (n *Node) noteLeft() {
	if n.boot != "" && n.pid != 0 && n.state == mgmtapi.Running && n.file.Found == mgmtapi.FoundMember && !n.old {
		n.file.Found = mgmtapi.FoundLeft
	}
}

// Streams implements mgmtapi.Node: a node that leaves sends to the others of its datacenter.
func (n *Node) Streams(ctx context.Context) (all []mgmtapi.Stream, err error) {
	if n.isOld() {
		return nil, unknownCall("streaminfo")
	}
	_, leave, err := n.enter(ctx, "streams")
	if err != nil {
		return nil, err
	}
	defer leave()
	if n.mode != mgmtapi.ModeLeaving {
		return nil, nil
	}
	for _, m := range n.ring.members(n.group) {
		if m != n && m.datacenter == n.datacenter {
			all = append(all, mgmtapi.Stream{Plan: "plan-1", Operation: "Unbootstrap", Peer: m.address, Session: "STREAMING", ToSend: int64(n.load) / 2, Sent: int64(n.load) / 8})
		}
	}
	return all, nil
}
