package preview

import (
	"reflect"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
)

// Kind is what happens.
type Kind string

// The kinds of events that people are told of. What else a plan does, such as labels, changes no node.
const (
	Restart   Kind = "restart"    // a pod is made anew
	Replace   Kind = "replace"    // a node that has lost its data takes its own place
	Join      Kind = "join"       // a new node
	Leave     Kind = "leave"      // a node is decommissioned
	Grow      Kind = "grow"       // a volume
	Remake    Kind = "remake"     // a StatefulSet is made anew; its pods stay
	Replicate Kind = "replicate"  // a system keyspace gets replicas
	Withdraw  Kind = "withdraw"   // a keyspace has no replicas in a datacenter any more that leaves the ring
	Repair    Kind = "repair"     // a keyspace, through a node
	Task      Kind = "task"       // is made
	Stop      Kind = "stop"       // a pod goes, and its volume stays
	StartNode Kind = "start"      // a pod that was stopped comes back
	Delete    Kind = "delete"     // an object of Kubernetes
	Found     Kind = "first boot" // the datacenter begins
)

// Event is one thing that happens.
type Event struct {
	Kind   Kind   `json:"kind"`
	Target string `json:"target"`
	Why    string `json:"why,omitempty"`
	Bytes  int64  `json:"bytes,omitempty"` // that are streamed, about; 0 when nobody knows
	// OnceMended is set of what happens only when that has been mended which the operator would be stuck at.
	OnceMended bool `json:"onceMended,omitempty"`
}

// Preview is what will happen in a datacenter.
type Preview struct {
	Events  []Event  `json:"events,omitempty"`  // in their order
	Changes []Change `json:"changes,omitempty"` // of pods, for which they are restarted
	Held    []Change `json:"held,omitempty"`    // of pods, that this version makes only when it is allowed
	Refused []string `json:"refused,omitempty"` // what the spec asks for and doesn't get
	// Consent is the hash that a person has to allow before any of this happens; "" when nobody is asked.
	Consent string `json:"consent,omitempty"`
	// Waits are what it would be stuck at if nobody mends it. What comes after it in Events supposes that it was mended.
	Waits []string `json:"waits,omitempty"`
	// Blind is set when no node could be asked about the ring: members whose pods are ready are supposed to be up.
	Blind bool `json:"blind,omitempty"`
	// Unfinished is set when the end was not reached: what follows isn't known.
	Unfinished bool `json:"unfinished,omitempty"`
}

// Restarts are the pods that are restarted, in their order.
func (p Preview) Restarts() (pods []string) {
	for _, e := range p.Events {
		if e.Kind == Restart {
			pods = append(pods, e.Target)
		}
	}
	return pods
}

// roundsPerNode bounds how long the model runs. A node that joins or leaves takes some fifteen rounds.
const roundsPerNode = 40

// longestPause is longer than anything waits for nothing but time: as long as nodes keep writes for each other, twice.
const longestPause = 2 * time.Hour

// Of foretells what the operator does about a state. The state's datacenter has the edited spec, and nothing of the state is
// changed.
func Of(seen *datacenter.State) Preview {
	m := newModel(seen)
	out := Preview{Blind: m.blind}
	first := m.allowed(&out)
	switch {
	case first.NeedsUpdate:
		out.Held = changes(m.s)
	case first.Updating:
		out.Changes = changes(m.s)
	}
	helped, pause := false, time.Minute
	rounds := roundsPerNode * (2 + len(seen.Pods) + int(seen.DC.Spec.Size))
	for range rounds {
		plan := m.allowed(&out)
		out.note(refusals(&plan))
		still := !m.round(&plan)
		if !still {
			pause = time.Minute
		} else if pause <= longestPause && !plan.Done && plan.Invalid == "" { // what it waits for may be that time passes
			m.s.Now, pause = m.s.Now.Add(pause), 2*pause
			continue
		}
		switch {
		case still && (plan.Done || plan.Invalid != ""):
			m.end(&plan)
			out.Events = m.events
			return out
		case still && helped:
			out.Events, out.Unfinished = m.events, true
			out.Waits = union(out.Waits, append(plan.Waits, plan.Trouble...))
			return out
		case still:
			out.Waits = union(out.Waits, append(plan.Waits, plan.Trouble...))
			helped = true
			m.mend()
		}
		if still && quiet(&plan) { // what is refused holds nothing else up
			out.Events = m.events
			return out
		}
	}
	out.Events, out.Unfinished = m.events, true
	return out
}

// allowed is the first plan, made as if a person had allowed what it would wait for.
func (m *model) allowed(out *Preview) datacenter.Plan {
	m.supposeTogether()
	plan := datacenter.Make(m.s)
	if plan.Consent == "" {
		return plan
	}
	out.Consent = plan.Consent
	given := m.s.DC.Annotations[api.ConsentToAnnotation]
	metav1.SetMetaDataAnnotation(&m.s.DC.ObjectMeta, api.ConsentToAnnotation, given+","+out.Consent)
	return datacenter.Make(m.s)
}

// quiet tells whether a plan neither does nor waits for anything.
func quiet(p *datacenter.Plan) bool { return len(p.Steps) == 0 && p.Quiet() }

// refusals are what a plan refuses.
func refusals(p *datacenter.Plan) []string {
	all := []string{p.Invalid, p.Refused, p.Volumes, p.Secret}
	if p.TooSmall != nil {
		all = append(all, p.TooSmall.Message)
	}
	for _, r := range p.NotReplaced {
		all = append(all, r.String())
	}
	return slices.DeleteFunc(all, func(why string) bool { return why == "" })
}

func (p *Preview) note(refused []string) { p.Refused = union(p.Refused, refused) }

func union(into, more []string) []string {
	for _, one := range more {
		if !slices.Contains(into, one) {
			into = append(into, one)
		}
	}
	return into
}

// round carries a plan out, lets the world follow, and tells whether anything moved.
func (m *model) round(plan *datacenter.Plan) (moved bool) {
	for _, step := range plan.Steps {
		m.take(step)
	}
	before := m.s.DC.Status
	m.s.DC.Status = datacenter.Summarize(m.s, *plan, nil)
	before.Together = m.s.DC.Status.Together // it has times, which go on when nothing else does
	busy := len(plan.Steps) > 0 || !reflect.DeepEqual(before, m.s.DC.Status)
	return m.tick(busy) || busy
}
