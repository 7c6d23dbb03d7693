package federation

import (
	"fmt"
	"maps"
)

// Verbs of a plan beside those of Follow and Retire.
const (
	Nothing  Verb = "nothing"   // there is no copy, and none is made
	TakeOver Verb = "take over" // a copy is made from a peer's
	Chosen   Verb = "choose"    // a person's choice is written
	NoChoice Verb = "no choice" // a person has chosen where there is nothing to choose
	Mark     Verb = "mark"      // nothing but Notes is written
	Tell     Verb = "tell"      // the copy stays as it is, and its status says why
	TakeDown Verb = "take down" // this region's parts go
	LetGo    Verb = "let go"    // the parts of a copy that was lost go, and then the copy
	Release  Verb = "release"   // the copy goes: all parts are gone
	Unlock   Verb = "unlock"    // the protection from deletion is taken off what was lost
)

// Plan is what a region does with its copy, and what the copy's status says besides.
type Plan struct {
	Verb  Verb
	Head  Head              // to be written on the copy; zero when its revision stays
	Other Copy              // the peer's copy that caused it
	From  string            // the region whose spec the copy gets; "" for its own
	ID    string            // to be given to the copy
	Notes map[string]string // other annotations to be written; "" takes one off

	Reason, Words string   // of Tell, TakeDown and Yield
	Waiting       bool     // somebody has to do something
	Problems      []string // what a person has to mend
	Waits         []string
	Choice        string // why the copies have diverged
	TwoObjects    bool   // they are copies of two objects
	Held          bool   // no part may be made
	Homeless      bool   // no copy is taken over for the parts here, because it isn't known which object they are of
	Lost          bool   // none is taken over, because this region has lost its own
}

// Reasons of what a deletion is told with.
const (
	ReasonWaiting   = "WaitingForRegions"
	ReasonAgreed    = "Agreed"
	ReasonRemoving  = "Removing"
	ReasonOverruled = "Overruled"
	ReasonLost      = "Lost"
	ReasonLetGo     = "LetGo"
	ReasonCause     = "CauseUnknown"
)

// Writes tells whether the copy is written, and another pass follows.
func (p *Plan) Writes() bool { return !p.Head.IsZero() || p.ID != "" || len(p.Notes) > 0 }

func (p *Plan) note(name, value string) {
	p.Notes = maps.Clone(p.Notes)
	if p.Notes == nil {
		p.Notes = map[string]string{}
	}
	p.Notes[name] = value
}

// Decide says what a region does with its copy of a shared object. It is the same for all kinds.
func Decide(v View) Plan {
	switch {
	case v.Own == nil:
		return v.without()
	case v.Own.Deleting:
		return v.leave()
	}
	return v.stay()
}

// without is for a region that has no copy.
func (v *View) without() Plan {
	copies, some := v.copies(), len(v.Parts.Names) > 0
	same := OfOneRing(v.Parts.ID, some, copies)
	p := Plan{Verb: Nothing, Homeless: len(same) < len(copies)}
	best, ok := Take(same, some)
	switch {
	case !ok:
	case !v.Parts.Living && !v.Yielded && v.lostHere(best.ID):
		p.Lost, p.Other = true, best
	default:
		p.Verb, p.Head, p.Other, p.From = TakeOver, best.Head, best, best.Region
	}
	return p
}

// stay is for a copy that isn't being deleted.
func (v *View) stay() Plan {
	p := Plan{Verb: Keep}
	v.remember(&p)
	own := *v.Own
	if own.Removal != "" { // of an earlier deletion: the manifest was applied again
		p.note(RemovalAnnotation, "")
	}
	if own.ID == "" {
		p.ID = Identify(own.Copy, v.copies(), v.Parts.ID, v.Name, own.Origin)
		own.ID = p.ID
	}
	v.Own = &own
	if done := v.choose(&p); done {
		return p
	}
	v.follow(&p)
	if p.Verb != Delete && own.Mark == DeletionAsked { // a deletion that was to be followed, and nothing came of it
		p.note(DeletionAnnotation, "")
	}
	if p.Verb != Delete && !p.Writes() && !own.Unguarded {
		v.doom(&p)
	}
	return p
}

// choose carries out a person's choice between diverged copies, and tells whether there was one to write.
func (v *View) choose(p *Plan) (done bool) {
	region, own := v.Own.Choose, v.Own
	peer := v.peer(region)
	switch {
	case region == "" || own.IsZero():
		return false
	case own.Unfit != "":
		p.Problems = append(p.Problems, own.Unfit)
		return false
	case region == v.Region:
	case peer == nil || peer.Absent:
		p.Problems = append(p.Problems, fmt.Sprintf("annotation %s: region %q has no copy of the %s that this one knows", ChooseAnnotation, region, v.Noun))
		return false
	case v.HasAnother(region):
		p.Problems = append(p.Problems, fmt.Sprintf("annotation %s: region %s has another %s of this name", ChooseAnnotation, region, v.Noun))
		return false
	}
	d := Choose(own.Copy, v.copies(), v.told(), region)
	switch d.Verb {
	case Unread:
		p.Problems = append(p.Problems, v.unread(d.Other))
		return false
	case Raise:
		p.Verb, p.Head, p.Other = Chosen, d.Head, d.Other
		if region != v.Region {
			p.From = region
		}
	default:
		p.Verb = NoChoice
	}
	p.note(ChooseAnnotation, "")
	return true
}

// follow decides by the peers' copies.
func (v *View) follow(p *Plan) {
	d := Follow(v.Own.Copy, v.copies(), v.told())
	p.Verb, p.Other = d.Verb, d.Other
	switch d.Verb {
	case Adopt:
		p.Head, p.From = d.Head, d.Other.Region
	case Publish, Raise:
		p.Head = d.Head
	case Keep:
		if !d.Head.Recorded { // the first version made it
			p.Head = d.Head
		}
	case Await:
		p.Held = true
		p.Waits = append(p.Waits, fmt.Sprintf("region %s to finish deleting the earlier %s of this name", d.Other.Region, v.Noun))
	case Unread:
		p.Held = d.Other.Region == v.Region
		p.Problems = append(p.Problems, v.unread(d.Other))
	case Diverged:
		p.Choice = fmt.Sprintf("this region has revision %s and region %s has %s: edit the %s in the region whose spec should hold, or set the annotation %s to that region's name",
			orNone(v.Own.Revision.String()), d.Other.Region, d.Other.Revision, v.Noun, ChooseAnnotation)
	case TwoRings:
		p.TwoObjects = true
	}
}

// doom is for a copy that isn't deleted yet, because it is protected, in a namespace that is being deleted: nothing can be
// made there any more.
func (v *View) doom(p *Plan) {
	switch own := v.Own; {
	case own.Doomed == "" && own.Mark != "": // copied from an object that was lost
		p.Verb = Mark
		p.note(DeletionAnnotation, "")
	case own.Doomed == "":
	case own.Mark == "":
		p.Verb = Mark
		p.note(DeletionAnnotation, DeletionLost)
	case own.MayGo:
		p.Verb, p.Held = Unlock, true
	default:
		p.Held = true
		p.Problems = append(p.Problems, fmt.Sprintf("%s, and nobody asked for the deletion of the %s: nothing can be made here any more; what is left of it is kept", own.Doomed, v.Noun))
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
