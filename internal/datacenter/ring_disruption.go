package datacenter

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/plan"
	"github.com/ringspan/ringspan/internal/topology"
)

// Where a ring asks for it, the disruption budget is the whole ring's: a datacenter says on its own object that it is about to take a node
// down, looks at the others, and takes it down only if none of them says the same. Nothing stands above them. Whoever says it first and
// looks afterwards can't overlook one who does likewise; of two that see each other the one with the later ticket stands back. What a
// datacenter says counts for DisruptionExpiry after its last change, by the clock of whoever reads it, so that a region that is gone holds
// nobody up. docs/design/0010-disruption-budget.md says what that guarantees.

// DisruptionExpiry is for how long what a datacenter says counts, and how long a region that doesn't answer is waited for.
const DisruptionExpiry = 2 * time.Minute

// disruptionRenewed is how often a datacenter says it anew, and how old it may be when a node is taken down. A look at the others and a
// node that is drained take their time, and it has to count until they are over.
const disruptionRenewed = 20 * time.Second

// What a datacenter is at.
const (
	disruptionIdle    = "Idle"    // all of its nodes are there, and it takes none down
	disruptionWaiting = "Waiting" // it waits for its turn
	disruptionActive  = "Active"  // nodes are away, or are about to be
)

// Disruption is what a datacenter says of its nodes to the others of its ring, in the annotation api.DisruptionAnnotation.
type Disruption struct {
	State   string    `json:"state"`
	Ticket  int       `json:"ticket,omitempty"` // the lower one goes first; of two that are equal the one whose datacenter's name does
	Away    []string  `json:"away,omitempty"`   // pods whose nodes are down or leave
	Next    []string  `json:"next,omitempty"`   // pods whose nodes are to be taken down
	Renewed time.Time `json:"renewed"`          // by its own clock; others only see that it changes
}

// parseDisruption reads it; nil when there is none that can be read.
func parseDisruption(text string) *Disruption {
	var d Disruption
	if json.Unmarshal([]byte(text), &d) != nil || d.State == "" {
		return nil
	}
	return &d
}

func (d Disruption) String() string {
	data, _ := json.Marshal(d) // plain data: cannot fail
	return string(data)
}

// Other is another datacenter of the ring as it was last seen.
type Other struct {
	Name, Region string
	Exists       bool          // its object is known
	Record       string        // what it says, as it was last read
	Unchanged    time.Duration // for how long that has been the same, as far as this process knows
	Reachable    bool
	Silent       time.Duration // for how long its region hasn't answered
}

// at is where the datacenter is, for people.
func (o Other) at() string {
	if o.Region == "" {
		return "datacenter " + o.Name
	}
	return fmt.Sprintf("datacenter %s (region %s)", o.Name, o.Region)
}

// says is what still counts of what it says, nil when nothing does.
func (o Other) says() *Disruption {
	if !o.Exists || o.Unchanged >= DisruptionExpiry {
		return nil
	}
	return parseDisruption(o.Record)
}

// active is what it says of nodes that are away or about to be, nil if there are none.
func (o Other) active() *Disruption {
	if d := o.says(); d != nil && d.State != disruptionIdle && d.State != disruptionWaiting { // or what only a later version knows
		return d
	}
	return nil
}

// blocks says why no node may be taken down beside the datacenter, "" when one may.
func (o Other) blocks() string {
	switch d := o.active(); {
	case d != nil && len(d.Away) > 0:
		return fmt.Sprintf("%s of %s to be back", nodesWord(d.Away), o.at())
	case d != nil:
		return fmt.Sprintf("%s of %s, which may go first,", nodesWord(d.Next), o.at())
	case !o.Reachable && o.Silent < DisruptionExpiry:
		return fmt.Sprintf("region %s to answer, or not to have answered for %s (datacenter %s may be taking nodes down),", o.Region, DisruptionExpiry, o.Name)
	}
	return ""
}

func nodesWord(pods []string) string {
	if len(pods) == 1 {
		return "node " + pods[0]
	}
	return "nodes " + strings.Join(clipped(pods, 3), ", ")
}

// nodesAre is how a sentence about pods' nodes begins.
func nodesAre(pods []string) string {
	return nodesWord(pods) + pick(len(pods) == 1, " is", " are")
}

// goesBefore orders datacenters by their tickets.
func (d Disruption) goesBefore(name string, ticket int, other string) bool {
	return d.Ticket < ticket || d.Ticket == ticket && name < other
}

// ringWide tells whether the ring asks for one budget of all its datacenters.
func (s *State) ringWide() bool {
	return s.DC.Annotations[api.DisruptionScopeAnnotation] == api.DisruptionScopeRing && s.initialized() && len(s.Ring.Datacenters) > 1
}

// activeElsewhere says which other datacenter's nodes are down or about to be, where the ring asks for one budget; "" when none are.
func (s *State) activeElsewhere() string {
	if !s.ringWide() || s.isDeleting() {
		return ""
	}
	for _, o := range s.Others {
		if o.active() != nil {
			return "nodes of " + o.at() + " are down, or are about to be"
		}
	}
	return ""
}

// OthersBlocker says why no node may be taken down now because of other datacenters, "" when one may.
func OthersBlocker(others []Other) string {
	for _, o := range others {
		if why := o.blocks(); why != "" {
			return why
		}
	}
	return ""
}

// planTurn sees to it that nodes are taken down only when no other datacenter of the ring does, where the ring asks for that.
func (s *State) planTurn(p *Plan) {
	record := s.DC.Annotations[api.DisruptionAnnotation]
	if !s.ringWide() || s.isDeleting() {
		if record != "" && !s.isDeleting() {
			p.add(Clear, api.DisruptionAnnotation, "the disruption budget isn't the whole ring's", Step{})
			p.Done = false
		}
		return
	}
	t := turn{s: s, wants: s.takenDownBy(p), away: s.awayInRing()}
	if own := parseDisruption(record); own != nil {
		t.own = *own
	}
	next := t.next()
	p.Turn = &next
	why := t.blocker(next.Ticket)
	if next.State != t.own.State || next.Ticket != t.own.Ticket || !slices.Equal(next.Away, t.own.Away) || !slices.Equal(next.Next, t.own.Next) || t.isOld() {
		next.Renewed = s.Now.UTC().Truncate(time.Second)
		p.add(Record, api.DisruptionAnnotation, next.why(), Step{Stamp: next.String()})
		p.Done = false
	}
	if len(t.wants) == 0 {
		return
	}
	if why != "" {
		p.TurnWaits = why
		p.hold(s.isRingTurn, why)
		return
	}
	for i := range p.Steps {
		if s.isRingTurn(p.Steps[i]) {
			p.Steps[i].Turn = record
		}
	}
}

// ringBudget says who waits for whom, and which datacenters don't take part.
func (s *State) ringBudget(p Plan) api.DatacenterCondition {
	var apart []string
	for _, o := range s.Others {
		switch {
		case !o.Reachable && o.Silent >= DisruptionExpiry:
			apart = append(apart, o.at()+" isn't waited for, because its region doesn't answer")
		case o.Reachable && o.Exists && parseDisruption(o.Record) == nil:
			apart = append(apart, fmt.Sprintf("%s says nothing of its nodes and isn't waited for: it has yet to boot, its operator is of an earlier version, or the ring has no annotation %s there", o.at(), api.DisruptionScopeAnnotation))
		}
	}
	words := "no node is down, and none is to be taken down"
	switch d := p.Turn; {
	case p.TurnWaits != "":
		words = fmt.Sprintf("waiting for %s before %s taken down", p.TurnWaits, nodesAre(d.Next))
	case len(d.Away) > 0:
		words = nodesAre(d.Away) + " away, and other datacenters take none down"
	case len(d.Next) > 0:
		words = nodesAre(d.Next) + " taken down, and other datacenters take none down"
	}
	reason := pick(p.TurnWaits != "", api.ReasonWaiting, api.ReasonReconciled)
	if len(apart) > 0 {
		words = strings.Join(append(apart, words), "; ")
		reason = pick(p.TurnWaits != "", api.ReasonWaiting, api.ReasonNotShared)
	}
	return condition(api.DatacenterRingDisruptionBudget, len(apart) == 0, reason, words)
}

// why says what a record is made for.
func (d Disruption) why() string {
	switch {
	case d.State == disruptionIdle:
		return "all nodes are there, and none is to be taken down"
	case d.State == disruptionWaiting:
		return nodesWord(d.Next) + pick(len(d.Next) == 1, " waits for its", " wait for their") + " turn in the ring"
	case len(d.Away) > 0:
		return nodesAre(d.Away) + " away, and the ring's other datacenters are to know"
	}
	return nodesAre(d.Next) + " to be taken down, and the ring's other datacenters are to know"
}

// hold takes steps off the plan and says what they wait for.
func (p *Plan) hold(which func(Step) bool, why string) {
	var held []string
	p.Steps = slices.DeleteFunc(p.Steps, func(x Step) bool {
		if which(x) {
			held = append(held, x.Target)
			return true
		}
		return false
	})
	p.Wait("%s before %s taken down (annotation %s)", why, nodesAre(held), api.DisruptionScopeAnnotation)
	p.Done = false
}

// isRingTurn tells whether a step takes a node down that is up, or lets one leave, and no person has said that it must not wait.
func (s *State) isRingTurn(x Step) bool {
	return slices.Contains([]plan.Verb{Restart, Stop, Decommission}, x.Verb) && !slices.Contains(s.DC.Spec.ForceUpgradeRacks, x.Pod.Position.Rack)
}

// takenDownBy are the pods whose nodes a plan takes down.
func (s *State) takenDownBy(p *Plan) (names []string) {
	for _, x := range p.Steps {
		if s.isRingTurn(x) {
			names = append(names, x.Pod.Name)
		}
	}
	slices.Sort(names)
	return names
}

// awayInRing are the pods whose nodes are down, for whatever reason, or leave the ring: the others of the ring take none down meanwhile. One
// that only lets no clients in has its replicas.
func (s *State) awayInRing() (names []string) {
	for _, rack := range s.RackNames() {
		for _, ordinal := range s.ordinals(rack) {
			at := topology.Position{Rack: rack, Ordinal: ordinal}
			name, pod := s.names().Pod(at), s.pod(at)
			if s.DC.Status.NodeStatuses[name].HostID == "" {
				continue // it has yet to become a member
			}
			if pod == nil || pod.Deleting || s.isTakenDown(pod) || pod.Agent && !pod.running() || !pod.Agent && !pod.Ready && !s.seenAlive(pod) || name == s.leavingNow() {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// turn is what a datacenter's turn follows from.
type turn struct {
	s           *State
	own         Disruption // as it is on record
	wants, away []string   // pods
}

// isOver tells whether the datacenter has had its turn: nodes that were away are back. The next one is another turn.
func (t *turn) isOver() bool {
	return t.own.State == disruptionActive && len(t.own.Away) > 0 && len(t.away) == 0
}

// next is what the datacenter is to say.
func (t *turn) next() Disruption {
	d := Disruption{State: disruptionIdle, Away: t.away, Next: t.wants, Renewed: t.own.Renewed}
	if len(t.away)+len(t.wants) == 0 {
		return d
	}
	if d.Ticket = t.own.Ticket; d.Ticket == 0 || t.isOver() {
		d.Ticket = t.ticket()
	}
	switch {
	case len(t.away) > 0: // whether it is its turn or not
		d.State = disruptionActive
	case t.s.Others == nil || t.behind(d.Ticket):
		d.State = disruptionWaiting
	default:
		d.State = disruptionActive
	}
	return d
}

// ticket is a new one, behind all that there are.
func (t *turn) ticket() int {
	last := t.own.Ticket
	for _, o := range t.s.Others {
		if d := o.says(); d != nil {
			last = max(last, d.Ticket)
		}
	}
	return last + 1
}

// behind tells whether another datacenter goes first: one that waits or is about to go with an earlier ticket, or one that is at it while this
// one has not said that it goes.
func (t *turn) behind(ticket int) bool {
	asked := t.own.State == disruptionActive && !t.isOver()
	return slices.ContainsFunc(t.s.Others, func(o Other) bool {
		d := o.says()
		switch {
		case d == nil || d.State == disruptionIdle:
			return false
		case o.active() != nil && !asked:
			return true
		case d.State == disruptionWaiting && asked:
			return false
		}
		return d.goesBefore(o.Name, ticket, t.s.name())
	})
}

// isOld tells whether what is on record has to be said anew to go on counting.
func (t *turn) isOld() bool {
	return t.own.State != disruptionIdle && t.s.Now.Sub(t.own.Renewed).Abs() >= disruptionRenewed
}

// blocker says why the datacenter takes no node down now, "" when it may, if a look at the others says the same.
func (t *turn) blocker(ticket int) string {
	switch why := OthersBlocker(t.s.Others); {
	case t.s.Others == nil:
		return "the other regions to be looked at"
	case why != "":
		return why
	case t.own.State != disruptionActive || t.isOver() || t.isOld():
		return t.first(ticket)
	}
	return ""
}

// first is whom a datacenter waits for that has yet to say that it goes.
func (t *turn) first(ticket int) string {
	for _, o := range t.s.Others {
		if d := o.says(); d != nil && d.State == disruptionWaiting && d.goesBefore(o.Name, ticket, t.s.name()) {
			return fmt.Sprintf("%s of %s, whose turn it is,", nodesWord(d.Next), o.at())
		}
	}
	return "the ring's other datacenters to know"
}
