package infra

import (
	"fmt"
	"slices"
)

// holdsData are the kinds whose deletion deletes people's data, theirs or that of what is in
// them.
var holdsData = map[Kind]bool{Network: true, Cluster: true, NodePool: true, Volume: true}

// Prune says which of what holds data a plan of Up may delete. Its zero value
// allows nothing.
type Prune struct {
	all   bool
	names []string
}

// PruneAll allows everything: for plans that are only shown.
func PruneAll() Prune { return Prune{all: true} }

// PruneOnly allows what a person has agreed to, by the names in Plan.Removals, and
// nothing that turns up later.
func PruneOnly(names []string) Prune { return Prune{names: names} }

func (p Prune) allows(f *Found) bool { return p.all || slices.Contains(p.names, f.Name()) }

// Name says which one it is, to a person and uniquely: a provider's names may be
// unique in a region only.
func (f *Found) Name() string {
	return fmt.Sprintf("%s %s in %s (%s)", f.Kind, f.Physical, f.Region, f.ID)
}

// mayDelete is false for what holds data and wasn't agreed to.
func (u *up) mayDelete(f *Found) bool { return !holdsData[f.Kind] || u.prune.allows(f) }

// removals names what holds data and goes.
func removals(steps []Step) (names []string) {
	for i := range steps {
		if s := &steps[i]; (s.Verb == Delete || s.Verb == Replace) && holdsData[s.Kind] {
			names = append(names, s.Found.Name())
		}
	}
	return names
}

func (u *up) refuse(format string, args ...any) {
	u.plan.Refused = append(u.plan.Refused, fmt.Sprintf(format, args...))
}

// replace deletes what has failed and makes it again.
func (u *up) replace(r *Resource, f *Found) {
	if !u.mayDelete(f) {
		u.refuse("%s %s (%s) has failed: %s. To be made again it is deleted first, with everything in it. Say --prune if that is meant", f.Kind, f.ID, f.Physical, orNothing(f.Detail))
		return
	}
	u.add(Replace, r, f, "it has failed: "+orNothing(f.Detail), nil)
}

// unwanted deletes what is the fleet's and isn't in the file any longer, and duplicates. What
// is connected to something that stays, stays too.
func (u *up) unwanted() {
	gone := u.gone()
	u.refuseUsed(gone)
	var kept []*Found
	for i := range gone {
		if f := &gone[i]; !u.mayDelete(f) {
			u.keep(f)
			kept = append(kept, f)
		}
	}
	steps := deletions(without(gone, connected(gone, kept)), "it is no longer in the file", u.steps)
	for i := range steps {
		for j := range u.plan.Steps { // what still refers to it is moved away first
			if s := &u.plan.Steps[j]; s.Found != nil && s.Found.refersTo(steps[i].Physical) {
				steps[i].After = append(steps[i].After, s.Key())
			}
		}
	}
	u.plan.Steps = append(u.plan.Steps, steps...)
}

// gone are the resources that would be deleted. The Detail of a duplicate names the one that
// is used.
func (u *up) gone() (gone []Found) {
	wanted := map[string]*Resource{}
	for i := range u.want.Resources {
		wanted[u.want.Resources[i].ID] = &u.want.Resources[i]
	}
	for i := range u.seen.Found {
		f := &u.seen.Found[i]
		if f.State == Deleting || f.State == Gone || f.Kind == Volume || f.Kind == Interface || u.outOfScope(f) || u.addedByOthers(f, wanted) {
			continue
		}
		switch r := wanted[f.ID]; {
		case r == nil, r.Adopted != "" && r.Adopted != f.Physical: // another one has taken its place
			gone = append(gone, *f)
		case r.Adopted == "" && u.isDuplicate(f):
			duplicate := *f
			duplicate.Detail = "it is there twice: " + u.seen.Find(f.ID).Physical + " is used"
			gone = append(gone, duplicate)
		}
	}
	return gone
}

func (u *up) isDuplicate(f *Found) bool {
	best := u.seen.Find(f.ID)
	return best.Physical != f.Physical && !(f.Kind == Link && f.State == Failed)
}

// outOfScope tells whether an option leaves a resource out of the plan.
func (u *up) outOfScope(f *Found) bool {
	switch f.Kind {
	case Cluster, NodePool, Addon, AccessEntry, WorkloadIdentity, FirewallRules:
		return u.want.NetworkOnly
	case Role:
		return u.want.NetworkOnly && f.ID != JumpHost+"/role/host"
	}
	return false
}

// addedByOthers tells whether somebody else has added it to a cluster of the fleet that
// stays. It is deleted only with the cluster.
func (u *up) addedByOthers(f *Found, wanted map[string]*Resource) bool {
	if f.Kind != NodePool && f.Kind != Addon || f.Tags == nil || wanted[f.ID] != nil || f.Tags[TagFleetID] == u.want.Tags[TagFleetID] {
		return false
	}
	c := wanted[f.Region+"/cluster"]
	return c != nil && c.Adopted == ""
}

// refuseUsed refuses to delete what a remaining cluster or node pool depends on. A cloud may
// not: AWS refuses to delete a subnet with machines in it, but not its routes and gateways.
func (u *up) refuseUsed(gone []Found) {
	for i := range u.seen.Found {
		f := &u.seen.Found[i]
		goes := f.State == Failed && u.mayDelete(f) || slices.ContainsFunc(gone, func(g Found) bool { return g.Physical == f.Physical && g.Kind == f.Kind })
		if f.State == Gone || !u.outOfScope(f) && (goes || f.Kind != Cluster && f.Kind != NodePool) {
			continue
		}
		why := "Give back what was there, or take it down first"
		if u.outOfScope(f) {
			why = "--network-only leaves that alone. Run without --network-only"
		}
		for j := range gone {
			if gone[j].Kind != Role && f.refersTo(gone[j].Physical) {
				u.refuse("%s %s (%s) is no longer in the file, but %s %s uses it. %s", gone[j].Kind, gone[j].ID, gone[j].Physical, f.Kind, f.Physical, why)
			}
		}
	}
}

// keep reports that something stays that would have to be deleted. A duplicate does no harm, so
// that it is a warning only.
func (u *up) keep(f *Found) {
	if f.Detail != "" && u.isWanted(f.ID) {
		u.plan.Warn("%s %s: %s; %s stays, with everything in it, until you say --prune", f.Kind, f.ID, f.Detail, f.Physical)
		return
	}
	u.refuse("%s %s (%s) is no longer in the file: it would be deleted, with everything in it. Say --prune if that is meant", f.Kind, f.ID, f.Physical)
}

func (u *up) isWanted(id string) bool {
	return slices.ContainsFunc(u.want.Resources, func(r Resource) bool { return r.ID == id && r.Adopted == "" })
}

func (f *Found) refersTo(physical string) bool {
	for _, p := range f.Refs {
		if p == physical && p != "" {
			return true
		}
	}
	return false
}

// connected are those that refer to one of some, or are referred to, directly or
// through others.
func connected(all []Found, some []*Found) map[*Found]bool {
	in := map[*Found]bool{}
	for next := some; len(next) > 0; {
		f := next[0]
		next = next[1:]
		if in[f] {
			continue
		}
		in[f] = true
		for i := range all {
			if g := &all[i]; !in[g] && (g.refersTo(f.Physical) || f.refersTo(g.Physical)) {
				next = append(next, g)
			}
		}
	}
	return in
}

func without(all []Found, some map[*Found]bool) (rest []Found) {
	for i := range all {
		if !some[&all[i]] {
			rest = append(rest, all[i])
		}
	}
	return rest
}
