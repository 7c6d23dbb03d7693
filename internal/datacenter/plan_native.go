package datacenter

import (
	"slices"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// planNative lets clients in at nodes that were started with the port closed.
// With authentication it opens once the roles are known to be there: without them
// Cassandra creates a superuser with a password that everybody knows.
//
// It opens once, after a start. A port that was open and is closed now was closed
// by a person, or by Cassandra because a disk fails: it stays closed, and is named.
func (s *State) planNative(p *Plan) {
	if from := s.owes(); from != "" { // the data first: see planFounding
		p.Wait("%s", s.rebuildWait(from))
		return
	}
	for i := range s.Pods {
		pod := &s.Pods[i]
		if !pod.running() || pod.Deleting || !s.held(pod) {
			continue
		}
		if s.rolesMissing() {
			p.Wait("the superuser's role to be known before node %s lets clients in", pod.Name)
		} else {
			p.add(OpenNative, pod.Name, "roles are in place", Step{Pod: pod})
		}
	}
}

// rolesMissing tells whether a login would be checked against a table without the
// superuser: there Cassandra creates one whose password everybody knows. A node that began
// the ring anew after the loss of all others has such a table. For some moments after its
// start it has none that could be read.
func (s *State) rolesMissing() bool {
	return s.auth() && !s.skipUsers() && (s.Superuser == nil || !slices.Contains(s.Roles, s.Superuser.Username))
}

// held tells whether a node's port is closed because its start said so. An agent
// of the first version can't tell: with it, that is so on a first boot, and in a
// datacenter that was rebuilt before its pod ever served.
func (s *State) held(pod *Pod) bool {
	if pod.Status.ClientPort != mgmtapi.PortUnknown {
		return pod.Status.ClientPort == mgmtapi.PortHeld
	}
	rebuilt := s.DC.Annotations[api.RebuiltFromAnnotation] != "" && !pod.served()
	return !pod.Status.NativeTransport && (!s.initialized() || rebuilt)
}

// served tells whether the pod was ready before.
func (p *Pod) served() bool {
	state := p.Labels[api.NodeStateLabel]
	return state == api.NodeStateStarted || state == api.NodeStateStartedNotReady
}

// planClosed says who keeps clients out of a node that is a member.
func (s *State) planClosed(p *Plan, pod *Pod) {
	if !pod.running() || pod.Deleting {
		return
	}
	if why := pod.closed(); why != "" {
		p.Warn("node %s: %s", pod.Name, why)
		return
	}
	if s.initialized() && s.owes() == "" && !pod.Status.NativeTransport && !s.held(pod) {
		p.Wait("node %s to open its port for clients (if somebody closed it, nodetool enablebinary opens it)", pod.Name)
	}
}

// closed says what closed the port for clients, empty when nobody did.
func (p *Pod) closed() string {
	switch {
	case p.Status.GossipStopped && !p.Status.NativeTransport:
		return "it serves neither clients nor other nodes: that is what Cassandra does when a disk fails (disk_failure_policy), its log says which; a restart of its pod starts it again"
	case p.Status.GossipStopped:
		return "its gossip was stopped, and the other nodes take it for dead; nodetool enablegossip starts it"
	case p.Status.ClientPort == mgmtapi.PortClosed:
		return "its port for clients was closed by somebody; nodetool enablebinary opens it"
	}
	return ""
}
