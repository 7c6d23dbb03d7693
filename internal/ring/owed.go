package ring

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// Founding are the members that a ring began with, host ids by datacenter. They were there when the first roles were
// written and before a client could write, so they hold all that there is.
type Founding map[string][]string

// ParseFounding reads what the founder recorded; nothing usable is nothing recorded.
func ParseFounding(text string) (f Founding) {
	if json.Unmarshal([]byte(text), &f) != nil {
		return nil
	}
	return f
}

// String is the record as it is kept.
func (f Founding) String() string {
	data, _ := json.Marshal(f) // maps of strings: cannot fail; keys are in order
	return string(data)
}

// Member is what is known of one datacenter of a ring.
type Member struct {
	Name        string // Cassandra's
	Exists      bool   // its CassandraDatacenter is known, not only what was once said of it
	Initialized bool
	Hosts       []string // host ids of its nodes; "" for one that has none yet
	Founding    Founding // as recorded on it
	From        string   // whose data it gets
	Rebuilt     bool     // it has got it
	Lacks       bool     // it has yet to get data of which it holds replicas
	LacksOf     []string // which keyspaces' data; nil where it lacks the ring's
	Stopped     bool     // as asked, with its volumes, or coming back from that
	Looked      bool     // it says which keyspaces there are
	Spread      []string // those of them that aren't replicated by datacenter
	Serves      bool     // all of it, as of now
	Keyspaces   map[string]cassandra.KeyspaceStatus
	OnlyAt      map[string]string // what it knows to have no copy but at a datacenter
	At          time.Time         // when its nodes last saw the ring, by its own clock
}

// MemberOf reads a CassandraDatacenter.
func MemberOf(dc *cassandra.CassandraDatacenter) Member {
	m := Member{
		Name: dc.CassandraName(), Exists: true, Initialized: dc.Status.IsTrue(cassandra.DatacenterInitialized), Founding: ParseFounding(dc.Annotations[cassandra.FoundingAnnotation]),
		From: dc.Annotations[cassandra.RebuildFromAnnotation], Rebuilt: dc.Annotations[cassandra.RebuiltFromAnnotation] != "",
		Lacks: dc.LacksData(), Stopped: dc.Spec.Stopped || stopped(dc.Status),
		Serves: dc.Status.IsTrue(cassandra.DatacenterReady) && !dc.Spec.Stopped, Keyspaces: dc.Status.Keyspaces, OnlyAt: dc.Status.OnlyAt,
	}
	if dc.Owes() == "" {
		m.LacksOf = dc.LackingKeyspaces()
	}
	for _, n := range dc.Status.NodeStatuses {
		m.Hosts = append(m.Hosts, n.HostID)
	}
	m.Looked = dc.Status.KeyspacesSeen && (m.Initialized || m.From != "") // one whose first boot goes on hasn't looked
	if dc.Status.Together != nil {
		m.At = dc.Status.Together.Looked.Time
	}
	for name, k := range dc.Status.Keyspaces {
		if k.Strategy != "" {
			m.Spread = append(m.Spread, name)
		}
	}
	return m
}

// stopped holds until the seeds of a datacenter that resumes are seen with it. One that came back without its volumes has
// no seeds, and nothing to wait for.
func stopped(s cassandra.CassandraDatacenterStatus) bool {
	return s.IsTrue(cassandra.DatacenterStopped) || s.IsTrue(cassandra.DatacenterResuming) && len(s.Seeds) > 0
}

// inUse tells whether clients may have written while the datacenter was there.
func (m Member) inUse() bool { return m.Initialized || len(m.Founding) > 0 }

// hasData tells whether others can get the ring's data from the datacenter.
func (m Member) hasData() bool { return m.inUse() && (m.From == "" || m.Rebuilt) }

// Debt is what a datacenter owes to its ring before clients may rely on it.
type Debt struct {
	From    string   // the datacenter whose data it gets; "" when it owes nothing, or nobody can tell yet
	Paid    bool     // it has got it
	Founder Founding // not nil: it is one of these
	Trouble string   // why it can't get the data
}

// Owed tells what the datacenter at an index of a ring owes. It is asked in every pass until the answer is on record,
// and goes by what is: a datacenter that was initialized with nothing on record owes nothing, because no version of this
// program initializes one that has not been judged. preferred is the source that the spec names.
func Owed(ring []Member, self int, preferred string) Debt {
	own, founding := ring[self], foundingOf(ring)
	switch {
	case own.From != "" && own.Rebuilt:
		return Debt{From: own.From, Paid: true}
	case own.From != "":
		return debt(ring, self, preferred)
	case own.Initialized:
		return Debt{}
	case !slices.ContainsFunc(others(ring, self), Member.inUse) && len(own.Founding) == 0:
		return Debt{} // nobody has begun
	case founding == nil:
		return debt(ring, self, preferred) // the ring is older than records are
	}
	switch founding.judge(own, self == 0) {
	case founder:
		return Debt{Founder: founding}
	case late:
		return debt(ring, self, preferred)
	}
	return Debt{}
}

// Lacking names the other datacenters of a ring whose replicas are no copies yet.
func Lacking(ring []Member, self int) (names []string) {
	for _, m := range others(ring, self) {
		if m.Lacks {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	return names
}

// LackingKeyspaces lists, in JSON, those of them whose replicas are no copies of some keyspaces alone.
func LackingKeyspaces(ring []Member, self int) string {
	names := map[string][]string{}
	for _, m := range others(ring, self) {
		if m.Lacks && m.LacksOf != nil {
			names[m.Name] = m.LacksOf
		}
	}
	if len(names) == 0 {
		return ""
	}
	data, _ := json.Marshal(names) // maps of strings: cannot fail; keys are in order
	return string(data)
}

// Spread names the users' keyspaces, as the other datacenters of a ring say, that aren't replicated by datacenter: a node that
// joins owns ranges of them at once. It is "?" when none of them says.
func Spread(ring []Member, self int) (names []string) {
	looked := false
	for _, m := range others(ring, self) {
		looked, names = looked || m.Looked, append(names, m.Spread...)
	}
	if !looked {
		return []string{"?"}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Stopped names the other datacenters of a ring that have data and can't be asked for it now, because they are stopped.
func Stopped(ring []Member, self int) (names []string) {
	for _, m := range others(ring, self) {
		if m.Stopped && m.Initialized && m.hasData() {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	return names
}

// foundingOf is the record that any datacenter of the ring carries.
func foundingOf(ring []Member) Founding {
	for _, m := range ring {
		if len(m.Founding) > 0 {
			return m.Founding
		}
	}
	return nil
}

type verdict int

const (
	undecided verdict = iota
	founder
	late
)

// judge tells whether a datacenter's nodes are those of the record. A name alone proves nothing: a datacenter that was
// lost and is made again has new nodes. The first of the ring records before anything else, so it is new when it has no
// record of its own.
func (f Founding) judge(own Member, first bool) verdict {
	hosts, listed := f[own.Name]
	switch {
	case len(own.Founding) > 0:
		return founder
	case !listed || !own.Exists || first:
		return late
	case slices.ContainsFunc(own.Hosts, func(id string) bool { return id != "" && !slices.Contains(hosts, id) }):
		return late
	case len(own.Hosts) < len(hosts) || slices.Contains(own.Hosts, ""):
		return undecided
	}
	return founder
}

func others(ring []Member, self int) []Member { return slices.Delete(slices.Clone(ring), self, self+1) }

// debt chooses whose data a datacenter gets: what the spec names, what was chosen before, or the first that has it.
func debt(ring []Member, self int, preferred string) Debt {
	own, rest := ring[self], others(ring, self)
	for _, name := range []string{preferred, own.From} {
		if name != "" && name != cassandra.SourceUnknown && slices.ContainsFunc(rest, func(m Member) bool { return m.Name == name && m.hasData() }) {
			return Debt{From: name}
		}
	}
	if i := slices.IndexFunc(rest, Member.hasData); i >= 0 && rest[i].Name == cassandra.SourceUnknown {
		return Debt{From: rest[i].Name, Trouble: fmt.Sprintf("datacenter %s lacks the data of the ring that it joins: name the datacenter that has it in spec.externalDatacenters, or in rebuild.sourceDc of %s", own.Name, own.Name)}
	} else if i >= 0 {
		return Debt{From: rest[i].Name}
	}
	from := own.From
	for _, m := range rest {
		if from == "" && m.inUse() {
			from = m.Name
		}
	}
	return Debt{From: from, Trouble: fmt.Sprintf("datacenter %s lacks the data of %s, and no other datacenter of the ring has it", own.Name, from)}
}
