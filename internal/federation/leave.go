package federation

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// leave is for a copy that is being deleted. Only a deletion that a person asked for as such is one of the object; a copy
// that goes with its namespace or its definition is held, with all that the region has, until somebody says what should
// become of it.
func (v *View) leave() Plan {
	own := v.Own
	why := own.Cause
	switch {
	case own.Asked || own.Removal == RemovalBegun:
		return v.retire()
	case own.Unsure != "":
		return told(ReasonCause, fmt.Sprintf("nothing is taken down before it is known whether the deletion of the %s was asked for: %s", v.Noun, own.Unsure))
	case why == "" && own.Mark == DeletionLost: // forced away and made again
		why = fmt.Sprintf("the %s's copy went with its namespace or its definition, which is there again", v.Noun)
	}
	if why != "" {
		return v.lose(why)
	}
	return marked(DeletionAnnotation, DeletionAsked)
}

// lose holds a copy that was lost. A deletion of the object that was asked for in another region holds here too.
func (v *View) lose(why string) Plan {
	own := v.Own
	d := Follow(own.Copy, v.copies(), nil)
	switch {
	case d.Verb == Adopt && d.Other.Deleting:
		return adoptLast(d)
	case d.Verb == Delete:
		p := marked(DeletionAnnotation, DeletionAsked)
		p.Other = d.Other
		return p
	case own.Mark != DeletionLost:
		return marked(DeletionAnnotation, DeletionLost)
	case own.MayGo, v.Deletion == EachAtOnce: // what can be made again holds no namespace up
		return Plan{Verb: LetGo, Reason: ReasonLetGo, Words: why + ", and its data may go: taking down "}
	}
	return told(ReasonLost, fmt.Sprintf("%s, and nobody asked for the deletion of the %s: the other regions go on, and what this region has is kept. "+
		"Set the annotation %s: \"true\" on the namespace to let it go, or delete the %s in another region to end it everywhere", why, v.Noun, LetGoAnnotation, v.Noun))
}

// retire goes on with a deletion that was asked for. Nothing that holds data is taken down before every region has agreed,
// and for as long as a region may not have been looked at since.
func (v *View) retire() Plan {
	own := *v.Own
	if own.ID == "" { // without one, another object of the name would overrule the deletion
		if id := Identify(own.Copy, v.copies(), v.Parts.ID, v.Name, own.Origin); id != "" {
			return Plan{Verb: Mark, ID: id}
		}
	}
	d := Retire(own.Copy, v.retiring())
	if own.Removal == RemovalBegun {
		return v.remove(d)
	}
	if last, is := v.lastSpec(); is { // it was deleted here too, by somebody who hadn't seen the last edit
		return adoptLast(last)
	}
	switch {
	case d.Verb == Yield && len(v.unnoted()) > 0:
		return told(ReasonOverruled, fmt.Sprintf("the deletion is overruled by revision %s of region %s: waiting for %s", d.Other.Revision, d.Other.Region, v.notes(v.unnoted())))
	case d.Verb == Yield:
		return Plan{Verb: Yield, Other: d.Other, Reason: ReasonOverruled, Words: fmt.Sprintf(
			"deleted at revision %s, but region %s has %s, which that did not know of: nothing is taken down, and this region takes %s over; delete the %s once more if it should go",
			orNone(own.Revision.String()), d.Other.Region, d.Other.Revision, d.Other.Revision, v.Noun)}
	case v.Deletion == EachAtOnce && len(v.Parts.Names) > 0:
		return v.remove(d)
	case d.Verb == Await:
		p := told(ReasonWaiting, "nothing is taken down before every region has agreed: waiting for "+v.blocker(d.Other))
		if v.Deletion == EachAtOnce {
			p.Words = "all is taken down here: waiting for " + v.blocker(d.Other)
		}
		if own.Removal != "" {
			p.note(RemovalAnnotation, "")
		}
		return p
	}
	return v.agreed()
}

// unnoted names the regions that would take this copy for lost once it has gone. A living part says that
// nothing was; without one the regions that keep the object must have seen that the copy's deletion was asked for, or this
// region may not have it again without a person's word, should this process end in between.
func (v *View) unnoted() (regions []string) {
	for _, p := range v.Peers {
		if !v.Parts.Living && p.Reachable && p.live() && v.Own.UID != "" && p.Seen[v.Region] == v.Own.UID {
			regions = append(regions, p.Region)
		}
	}
	return regions
}

// notes says what these regions' operators have to note, which takes them a moment, and what a person does where one doesn't run.
func (v *View) notes(regions []string) string {
	var looks []string
	for _, region := range regions {
		looks = append(looks, fmt.Sprintf("`kubectl --context %s --namespace %s get pods`", region, v.Configs))
	}
	return fmt.Sprintf("region %s to note that this copy goes because of it, and isn't lost. The operator there does that: if it doesn't run (%s), start it again, or take %s out of the annotation %s of the %s there",
		strings.Join(regions, " and "), strings.Join(looks, ", "), v.Region, RegionsAnnotation, v.Noun)
}

func (v *View) lastSpec() (Decision, bool) {
	ours, _ := partition(v.Own.ID, v.copies())
	live, leaving := split(ours)
	return v.Own.lastSpec(live, leaving)
}

// adoptLast is a plan that takes over the spec of a copy that is being deleted.
func adoptLast(d Decision) Plan {
	return Plan{Verb: Adopt, Head: d.Head, Other: d.Other, From: d.Other.Region}
}

// agreed waits, once all regions agree, for as long as what is known of one may be old.
func (v *View) agreed() Plan {
	since := v.agreedSince()
	at := since.Add(v.Lag)
	if v.alone() || !v.Now.Before(at) {
		return marked(RemovalAnnotation, RemovalBegun)
	}
	p := Plan{Verb: Tell, Reason: ReasonAgreed, Words: fmt.Sprintf("every region has agreed: %s are taken down from %s on", v.PartsNoun, at.UTC().Format(time.RFC3339))}
	if v.Deletion == EachAtOnce {
		p.Words = "every region has agreed: the copy goes at " + at.UTC().Format(time.RFC3339)
	}
	if state := v.agreement(since); state != v.Own.Removal {
		p.note(RemovalAnnotation, state)
	}
	return p
}

// agreement is how it is written down that all regions have agreed: since when, and which ones.
func (v *View) agreement(since time.Time) string {
	text := []string{since.UTC().Format(time.RFC3339)}
	for _, p := range v.Peers {
		text = append(text, p.Region)
	}
	return RemovalAgreed + strings.Join(text, " ")
}

// agreedSince is since when all regions have agreed that are known now: one whose ClientConfig was away when it was written
// down is waited for anew.
func (v *View) agreedSince() time.Time {
	text, regions, _ := strings.Cut(strings.TrimPrefix(v.Own.Removal, RemovalAgreed), " ")
	since, err := time.Parse(time.RFC3339, text)
	known := strings.Fields(regions)
	if err != nil || slices.ContainsFunc(v.Peers, func(p Peer) bool { return !slices.Contains(known, p.Region) }) {
		return v.Now
	}
	return since
}

// alone tells whether no other region ever had to do with the object, as far as is known. That none has a ClientConfig now
// is no proof: one that is taken away by mistake comes back.
func (v *View) alone() bool { return len(v.Peers) == 0 && len(v.Own.Seen) == 0 && !v.Own.Elsewhere }

// remove takes this region's parts down and lets the copy go when they are gone and no region could bring the object back
// from its own.
func (v *View) remove(d Decision) Plan {
	switch {
	case len(v.Parts.Names) > 0:
		return Plan{Verb: TakeDown, Reason: ReasonRemoving, Words: "taking down " + strings.Join(v.Parts.Names, ", ")}
	case d.Verb == Await:
		return Plan{Verb: Tell, Reason: ReasonRemoving, Words: "all is taken down here: waiting for " + v.blocker(d.Other)}
	}
	return Plan{Verb: Release}
}

// blocker says what a region has to do.
func (v *View) blocker(other Copy) string {
	p := v.peer(other.Region)
	switch {
	case p != nil && p.Lacks:
		return fmt.Sprintf("region %s, whose version does not let this one read what it has of the kind", other.Region)
	case p == nil || !p.Reachable:
		return fmt.Sprintf("region %s to answer; if it is gone for good, delete its ClientConfig in namespace %s", other.Region, v.Configs)
	case v.twice(*p):
		return fmt.Sprintf("region %s, whose name leads to the cluster of another region: mend its ClientConfig in namespace %s", other.Region, v.Configs)
	case v.elsewhere(*p):
		return fmt.Sprintf("region %s, in whose place another cluster answers: the UID of its namespace kube-system was %s, and is %q; mend its ClientConfig in namespace %s, or, if the former cluster is gone for good, take %s out of this copy's annotation %s",
			other.Region, v.Own.Clusters[other.Region], p.Cluster, v.Configs, other.Region, ClustersAnnotation)
	case p.Absent:
		return fmt.Sprintf("region %s to take the %s over and delete it too: it has %s of it", other.Region, v.Noun, v.PartsNoun)
	case p.Deleting && other.Deleting && !other.Asked:
		return fmt.Sprintf("region %s to let go of its copy, which it has lost: it holds revision %s, which this deletion does not know of", other.Region, other.Revision)
	}
	return fmt.Sprintf("region %s to delete its copy too", other.Region)
}

func marked(name, value string) Plan {
	return Plan{Verb: Mark, Notes: map[string]string{name: value}}
}

// told is a plan that waits for somebody.
func told(reason, words string) Plan {
	return Plan{Verb: Tell, Reason: reason, Words: words, Waiting: true}
}
