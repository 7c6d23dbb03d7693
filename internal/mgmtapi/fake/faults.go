package fake

import "github.com/ringspan/ringspan/internal/mgmtapi"

// Unreachable makes every call to the agent fail, or work again. The JVM runs on.
func (n *Node) Unreachable(yes bool) { n.change(func() { n.unreachable = yes }) }

// RefuseConfig lets every start from now on end with Cassandra's words; empty
// words accept again.
func (n *Node) RefuseConfig(words string) { n.change(func() { n.refusal = words }) }

// LagSchema lets the node show a schema version of its own, or no longer.
func (n *Node) LagSchema(yes bool) { n.change(func() { n.lagging = yes }) }

// Crash ends the JVM unasked, as a kill -9 does.
func (n *Node) Crash(why string) { n.change(func() { n.crash(why) }) }

// Hang lets the JVM of a member stop to answer anybody, its agent and the ring, until it is ended.
func (n *Node) Hang() {
	n.change(func() {
		if n.up() {
			n.hung = n.ring.Now()
		}
	})
}

// DieUnproven ends the JVM of the next start as soon as the node is a member,
// before its agent has written that down.
func (n *Node) DieUnproven() { n.change(func() { n.unproven = true }) }

// CloseClients closes the port for clients, as nodetool disablebinary does.
func (n *Node) CloseClients() { n.change(func() { n.native = false }) }

// FailDisk is what Cassandra does about a failing disk when its policy is to
// stop: neither clients nor other nodes are served.
func (n *Node) FailDisk() { n.change(func() { n.native, n.quiet = false, true }) }

// OpenClients undoes both, as a person can.
func (n *Node) OpenClients() { n.change(func() { n.native, n.opened, n.quiet = true, true, false }) }

// FailRepairs lets repairs end with the words; empty words let them succeed again.
func (n *Node) FailRepairs(words string) { n.change(func() { n.failing = words }) }

// FailQueryLog lets Cassandra refuse to switch the log of all queries with the words; with empty ones it can again.
func (n *Node) FailQueryLog(words string) { n.change(func() { n.failingLog = words }) }

// OldAgent makes the agent one of the first version, or of this one again.
func (n *Node) OldAgent(yes bool) { n.change(func() { n.old = yes }) }

// Move is the loss of the pod: it comes back at another address, with the same
// volume, and waits for a start. The message of the old pod is gone.
func (n *Node) Move(address string) {
	n.change(func() {
		n.interrupt()
		n.down()
		n.address, n.ended, n.unreachable = address, "", false
	})
}

// LoseVolume takes the pod away with its volume. The node stays what it was in
// the eyes of the ring: a member that is down. What it returns is the pod that
// comes in its place, at another address, with an empty volume.
func (n *Node) LoseVolume(address string) *Node {
	n.change(func() { n.down(); n.unreachable, n.lost = true, true })
	next := n.ring.Add(address, n.datacenter, n.rack)
	n.change(func() { next.old, next.refusal, next.former = n.old, n.refusal, n })
	return next
}

// Up tells whether the node gossips: the ring knows it by its address.
func (n *Node) Up() bool { return locked(n, n.up) }

// Former is the node that the pod was before it lost its volume.
func (n *Node) Former() *Node { return n.former }

// Lives counts the nodes that the pod has been that were members, by their volumes.
func (n *Node) Lives() (lives int) {
	for ; n != nil; n = n.former {
		if n.hostID != "" {
			lives++
		}
	}
	return lives
}

// SwapVolumes gives two stopped nodes each other's volume.
func (n *Node) SwapVolumes(o *Node) {
	n.change(func() {
		n.group, o.group = o.group, n.group
		n.hostID, o.hostID = o.hostID, n.hostID
		n.tokens, o.tokens = o.tokens, n.tokens
		n.file, o.file = o.file, n.file
		n.jobs, o.jobs = o.jobs, n.jobs
		n.boot, o.boot = o.boot, n.boot
	})
}

// Load sets how many bytes the node says that it has.
func (n *Node) Load(bytes float64) { n.change(func() { n.load = bytes }) }

// Free sets how many bytes its volume has left.
func (n *Node) Free(bytes int64) { n.change(func() { n.volume.Free = bytes }) }

// KeepHints sets for which nodes, by host id, it keeps hints.
func (n *Node) KeepHints(hostIDs ...string) { n.change(func() { n.keeps = hostIDs }) }

// Rolled is as if the node had been restarted since its first boot.
func (n *Node) Rolled() { n.change(func() { n.options.FirstBoot = false }) }

// LeaveUnheard ends the JVM after its node has written that it has left, and before it has told anybody.
func (n *Node) LeaveUnheard() {
	n.change(func() {
		n.boot = needsBootstrap
		n.crash("the JVM ended: signal: killed")
	})
}

// NoteUnheard is LeaveUnheard with an agent that has seen it.
func (n *Node) NoteUnheard() {
	n.LeaveUnheard()
	n.change(func() { n.file.Found = mgmtapi.FoundLeft })
}

// Unstreamed names keyspaces of which the node gave nobody anything when it left: they had more replicas than nodes by then.
func (n *Node) Unstreamed() string { return locked(n, func() string { return n.unstreamed }) }

// StallStreams keeps a decommission from coming to its end, or no longer.
func (n *Node) StallStreams(yes bool) { n.change(func() { n.stalled = yes }) }

// FailDecommission lets decommissions end with the words; empty words let them succeed again.
func (n *Node) FailDecommission(words string) { n.change(func() { n.failingLeave = words }) }

// Member tells whether the node is one of its ring.
func (n *Node) Member() bool { return locked(n, func() bool { return n.group != 0 }) }

// Leaving tells whether the node streams its data to the others and is still a member.
func (n *Node) Leaving() bool { return locked(n, func() bool { return n.leaving && n.group != 0 }) }

// Settled tells whether the node has left and is done announcing it.
func (n *Node) Settled() bool { return locked(n, func() bool { return n.boot == decommissioned }) }

// Left tells whether the node has left its ring by itself, with its data given to the others.
func (n *Node) Left() bool { return locked(n, func() bool { return n.boot != "" }) }

// LeaveUnsaid ends the JVM while its node announces that it has left, before the agent has seen it.
func (n *Node) LeaveUnsaid() {
	n.change(func() {
		n.group, n.leaving, n.boot = 0, false, needsBootstrap
		n.crash("the JVM ended: signal: killed")
	})
}

// Remove is `nodetool removenode`: the ring forgets a dead member.
func (n *Node) Remove() { n.change(func() { n.group = 0 }) }

// Hold keeps a start from coming to its end, or no longer.
func (n *Node) Hold(yes bool) { n.change(func() { n.held = yes }) }

// LoseFile takes the agent's file away: data of an older agent, or restored.
func (n *Node) LoseFile() { n.change(func() { n.file = mgmtapi.Identity{} }) }

func (n *Node) change(f func()) {
	n.ring.mu.Lock()
	defer n.ring.mu.Unlock()
	f()
}

// Cut ends all traffic between the nodes of two datacenters.
func (r *Ring) Cut(a, b string) { r.setCut(a, b, true) }

// Heal ends a cut.
func (r *Ring) Heal(a, b string) { r.setCut(a, b, false) }

func (r *Ring) setCut(a, b string, yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cuts[pair(a, b)] = yes
}
