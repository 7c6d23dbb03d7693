package ring

import (
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/plan"
)

// The verbs. Of a ring that is deleted, package federation decides which datacenters go.
const (
	Share        plan.Verb = "share"         // let the other regions' operators read the superuser's Secret
	MakeSecret   plan.Verb = "make Secret"   // the superuser's, with a random password
	CopySecret   plan.Verb = "copy Secret"   // from another region, or into a datacenter's namespace
	UpdateSecret plan.Verb = "update Secret" // a copy, from its original
	DeleteTask   plan.Verb = "delete task"   // of a rebuild that is to be tried again, if it is still the same one
	MakeTask     plan.Verb = "make task"     // that rebuilds a datacenter
	Publish      plan.Verb = "publish seeds" // of the other datacenters to one of this region
	Apply        plan.Verb = "apply"         // a datacenter
	Clear        plan.Verb = "clear"         // a person's word that was acted on
)

// Step is one thing to do.
type Step struct {
	plan.Step
	Datacenters []string          // that need it; none where the whole ring does
	Object      client.Object     // as it should be; of what is deleted, as it was seen
	Exists      bool              // it is there, as it was read
	Told        map[string]string // of Tell: annotations that change; "" takes one away
}

// Plan is what to do now and what is waited for.
type Plan struct {
	plan.Notes
	Steps     []Step
	Ungranted []string // grants of namespaces that are missing, with the commands that give them

	asIs []string // this region's datacenters that are as the ring wants them
}

// String lists the plan, one line a step.
func (p Plan) String() string { return plan.Text(p.Steps, p.Notes) }

// add adds a step. One that is planned already serves more datacenters: two of a namespace share their Secret.
func (p *Plan) add(verb plan.Verb, why string, s Step) {
	s.Step = plan.Step{Verb: verb, Target: targetOf(s.Object), Why: why}
	i := slices.IndexFunc(p.Steps, func(o Step) bool { return o.Verb == s.Verb && o.Target == s.Target })
	if i < 0 {
		p.Steps = append(p.Steps, s)
		return
	}
	p.Steps[i].Datacenters = append(p.Steps[i].Datacenters, s.Datacenters...)
}

func targetOf(o client.Object) string { return o.GetNamespace() + "/" + o.GetName() }

// Make decides what this region makes of the ring: its datacenters, and what they share with the other regions'.
func Make(s *State) Plan {
	p := Plan{Notes: plan.Notes{Waits: slices.Clone(s.Agreed.Waits), Trouble: slices.Clone(s.Agreed.Problems)}}
	if !s.Acts() {
		s.planHold(&p)
		return p
	}
	if len(s.templates()) == 0 {
		s.planHold(&p)
		p.Warn("spec.cassandra.datacenters: a ring needs at least one datacenter")
		return p
	}
	if err := s.unreadSecret(); err != nil {
		p.Warn("%v", err) // what is known of it goes on
	} else {
		s.planSecret(&p)
	}
	for i, t := range s.templates() {
		if s.isHere(t) {
			s.planHere(&p, i)
			continue
		}
		s.planElsewhere(&p, i)
	}
	s.planExternal(&p)
	s.planBack(&p)
	s.planRemovals(&p)
	return p
}

// Unread is why a part of what concerns the whole ring could not be read: worth another try soon, and a word in the log.
func (s *State) Unread() error {
	if !s.Acts() || len(s.templates()) == 0 {
		return nil
	}
	if err := s.unreadSecret(); err != nil {
		return err
	}
	return s.Labelled.Err
}

// unreadSecret is why nothing can be said of the superuser's Secret.
func (s *State) unreadSecret() error {
	if s.Sharing != nil {
		return s.Sharing
	}
	return s.Secret.Err
}

// planElsewhere says what is to be known of another region's datacenter.
func (s *State) planElsewhere(p *Plan, i int) {
	region := RegionOf(s.Ring, s.templates()[i])
	if s.peer(region) == nil {
		p.Warn("spec.cassandra.datacenters[%d].k8sContext: %q is not a region that this one knows", i, region)
	}
	if dc := s.datacenter(i); dc != nil && dc.Owes() != "" {
		p.Wait("%s", rebuildOf(dc.Name, dc.Owes()))
	}
}

// planBack takes the word away that let this region make its datacenters again: all of them are there. One that is still
// being deleted isn't: it has yet to be made again.
func (s *State) planBack(p *Plan) {
	if !s.mayBringBack() || len(p.Trouble) > 0 {
		return
	}
	for i, t := range s.templates() {
		if dc := s.Here[i].Datacenter.Found; s.isHere(t) && (dc == nil || !dc.DeletionTimestamp.IsZero()) {
			return
		}
	}
	ring := s.Ring.DeepCopy()
	delete(ring.Annotations, deletion.BringBack)
	p.add(Clear, fmt.Sprintf("what region %s had lost is there again", s.Region), Step{Object: ring, Exists: true})
}
