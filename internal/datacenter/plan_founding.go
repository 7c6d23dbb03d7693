package datacenter

import (
	"encoding/json"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// owes names the datacenter whose data this one has yet to get; "" when it owes
// nothing. While it does, its port for clients is not opened: they would read
// no data.
func (s *State) owes() string { return s.DC.Owes() }

// planFounding records on a first boot which nodes were members when the ring began. The
// founder does it before it writes the first role and lets the first client in: a datacenter
// that isn't in the record came later and lacks data. The others wait until their ring's
// controller has compared them with that record.
func (s *State) planFounding(p *Plan) (done bool) {
	switch {
	case s.initialized(), s.joins(), s.mustJoin(), s.DC.Annotations[api.FoundingAnnotation] != "":
		return true
	case s.Ring.Founder == "", len(s.Ring.Datacenters) < 2: // there is no founder, or no other datacenter
		return true
	case !s.founds():
		p.Wait("%s to say which nodes the ring began with", s.founder())
		return false
	}
	p.add(Record, api.FoundingAnnotation, "the members that the ring begins with", Step{Stamp: s.foundingMembers()})
	return false
}

// foundingMembers are the host ids of the datacenters whose nodes are all up, in JSON. If
// clients were let in already, or this one has the volumes of an earlier ring, only
// this one can have all that was written: the others are rebuilt.
func (s *State) foundingMembers() string {
	hosts := map[string][]string{}
	for _, e := range s.Ringview {
		if e.Alive && e.Status == "NORMAL" && e.HostID != "" && (e.Datacenter == s.name() || !s.open() && !s.broughtData()) {
			hosts[e.Datacenter] = append(hosts[e.Datacenter], e.HostID)
		}
	}
	for _, d := range s.Ring.Datacenters {
		if len(hosts[d.Name]) < d.Size {
			delete(hosts, d.Name)
		}
	}
	data, _ := json.Marshal(hosts) // strings: cannot fail
	return string(data)
}

// grows tells whether a pod's node is new in a datacenter whose boot isn't over
// and that is in use already: somebody asked for more nodes meanwhile. Like any
// later one it bootstraps, or it would own ranges whose rows it never gets.
func (s *State) grows(pod *Pod) bool {
	begun := s.DC.Annotations[api.FoundingAnnotation] != "" || s.open()
	return begun && !s.initialized() && s.owes() == "" && !s.isMember(pod)
}

// open tells whether a node lets clients in.
func (s *State) open() bool {
	for i := range s.Pods {
		if s.Pods[i].Status.NativeTransport {
			return true
		}
	}
	return false
}

// serves tells whether a pod does what it can be asked for now: a node of a
// datacenter that owes data is a member, and is not to let clients in.
func (s *State) serves(pod *Pod) bool {
	return pod.Ready || s.owes() != "" && pod.running()
}
