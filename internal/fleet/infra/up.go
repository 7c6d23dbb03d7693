package infra

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// fixed attributes can't be changed once a resource is made.
var fixed = map[Kind][]string{
	Network:          {"cidr"},
	Subnet:           {"cidr", "zone"},
	Cluster:          {"services"},
	NodePool:         {"instanceType", "diskGiB", "capacity"},
	AccessEntry:      {"principal"},
	WorkloadIdentity: {"namespace", "serviceAccount"},
	Machine:          {"instanceType"},
	Role:             {"trust"},
}

// movable references are changed in place; others would need another resource.
var movable = map[Kind]bool{Gateway: true, Association: true, Route: true, MachineProfile: true, WorkloadIdentity: true}

// Up says what to do so that all that is wanted is there, and what isn't wanted
// any longer is gone. The plan of a converged fleet has no steps. What holds data is
// deleted only as far as prune says so.
func Up(want *Desired, seen *Seen, prune Prune) *Plan {
	u := &up{want: want, seen: seen, prune: prune, plan: &Plan{}, steps: map[string]bool{}}
	for _, r := range ordered(want.Resources) {
		u.resource(r)
	}
	u.unwanted()
	u.plan.Removals = removals(u.plan.Steps)
	u.plan.Trouble = append(u.plan.Trouble, want.Warnings...)
	u.refuseOthers()
	for _, r := range seen.Runs {
		u.plan.Warn("another run is at work on this fleet: %s, since %s", r.By, r.Since)
	}
	u.plan.Quotas = check(seen, u.plan.Steps)
	for _, q := range u.plan.Quotas {
		if q.Exceeded() {
			u.plan.Refused = append(u.plan.Refused, "quota exceeded: "+q.String()+"; ask for a higher limit, or remove what isn't needed")
		}
	}
	return u.plan
}

type up struct {
	want  *Desired
	seen  *Seen
	prune Prune
	plan  *Plan
	steps map[string]bool // logical ids that have a step
}

// resource compares one with what is there.
func (u *up) resource(r *Resource) {
	f := u.seen.Find(r.ID)
	switch {
	case r.Adopted != "":
	case f == nil || f.State == Deleting || f.State == Gone:
		why := "it is not there"
		if f != nil && f.State == Deleting {
			why = "the former one is being deleted"
		}
		u.add(Create, r, f, why, nil)
	case f.State == Failed:
		u.replace(r, f)
	default:
		u.compare(r, f)
	}
}

func (u *up) compare(r *Resource, f *Found) {
	changed, stuck := u.differences(r, f)
	if len(stuck) > 0 {
		u.plan.Refused = append(u.plan.Refused, fmt.Sprintf("%s %s (%s) can't be changed in place: %s. Give back what was there, or take it down first", r.Kind, r.ID, f.Physical, differ(stuck)))
		return
	}
	switch {
	case len(changed) > 0:
		u.add(Change, r, f, differ(changed), changed)
	case f.State == Pending:
		u.add(Await, r, f, orNothing(f.Detail), nil)
	}
}

func (u *up) differences(r *Resource, f *Found) (changed, stuck []Difference) {
	for _, name := range slices.Sorted(maps.Keys(r.Want)) {
		key, isTag := strings.CutPrefix(name, "tag:")
		have := f.Have[name]
		if isTag {
			have = f.Tags[key]
		}
		if d := (Difference{name, have, r.Want[name]}); d.Have != d.Want {
			if slices.Contains(fixed[r.Kind], name) {
				stuck = append(stuck, d)
			} else {
				changed = append(changed, d)
			}
		}
	}
	there := slices.Collect(maps.Values(f.Refs))
	for _, name := range slices.Sorted(maps.Keys(r.Refs)) {
		physical := u.physical(r.Refs[name])
		if physical != "" && slices.Contains(there, physical) || physical == "" && !movable[r.Kind] {
			continue // one that isn't there yet is made first, and then this is looked at again
		}
		d := Difference{name, f.Refs[name], cmp.Or(physical, r.Refs[name])}
		if movable[r.Kind] {
			changed = append(changed, d)
		} else {
			stuck = append(stuck, d)
		}
	}
	return append(changed, u.tags(f)...), stuck
}

// tags of a resource that shows its own.
func (u *up) tags(f *Found) (changed []Difference) {
	if f.Tags == nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(u.want.Tags)) {
		if f.Tags[key] != u.want.Tags[key] {
			changed = append(changed, Difference{"tag:" + key, f.Tags[key], u.want.Tags[key]})
		}
	}
	// a tag that the file no longer has does no harm, but for the one that lets gc
	// delete the fleet
	if had := f.Tags[TagExpires]; had != "" && u.want.Tags[TagExpires] == "" {
		changed = append(changed, Difference{"tag:" + TagExpires, had, ""})
	}
	return changed
}

// physical is the id that a logical one has or keeps; "" when it will be made.
func (u *up) physical(id string) string {
	for i := range u.want.Resources {
		if r := &u.want.Resources[i]; r.ID == id && r.Adopted != "" {
			return r.Adopted
		}
	}
	if f := u.seen.Find(id); f != nil && !f.unusable() {
		return f.Physical
	}
	return ""
}

func (u *up) add(verb verb, r *Resource, f *Found, why string, changed []Difference) {
	s := step(verb, r.Kind, r.ID, r.Region, why)
	s.Resource, s.Found, s.Differences = r, f, changed
	if f != nil {
		s.Physical = f.Physical
	}
	for _, need := range r.needs() {
		if u.steps[need] {
			s.After = append(s.After, need)
		}
	}
	u.steps[r.ID] = true
	u.plan.Steps = append(u.plan.Steps, s)
}

// refuseOthers refuses to adopt what belongs to another fleet: each would delete what the
// other adds, and taking that fleet down would take this one's network with it.
func (u *up) refuseOthers() {
	for _, s := range u.want.Sites {
		a := u.seen.Adopted[s.Name]
		if !s.Adopted || a.Owned == "" {
			continue
		}
		u.plan.Refused = append(u.plan.Refused, fmt.Sprintf("region %s adopts %s, which belongs to the Ringspan fleet %s (its tag %s). Adopt one that belongs to no fleet, or describe the regions in one file; if fleet %s is given up, take it down first, or remove its tags %s and %s from what shall stay",
			s.Name, a.Owned, a.Owner, TagFleet, a.Owner, TagFleet, TagFleetID))
	}
}
