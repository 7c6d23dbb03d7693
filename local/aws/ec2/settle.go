package ec2

import "time"

// agenda moves what is due and finds when to come again.
type agenda struct {
	now     time.Time
	changed bool
	next    time.Time
}

// at runs step when a moment has come; a zero moment never does.
func (g *agenda) at(due *time.Time, step func()) {
	for range 3 { // what follows may be due at once
		if due.IsZero() || due.After(g.now) {
			break
		}
		was := *due
		step()
		g.changed = true
		if !due.After(was) {
			return // the resource is gone, or its step sets no other moment
		}
	}
	if !due.IsZero() && due.After(g.now) && (g.next.IsZero() || due.Before(g.next)) {
		g.next = *due
	}
}

// Settle moves every resource to the state that it has by now.
func (s *Service) Settle(now time.Time) (changed bool, next time.Time) {
	g := &agenda{now: now}
	for name := range s.state.Regions {
		s.In(name).settle(g)
	}
	for _, p := range s.state.Peerings.All() {
		g.at(&p.Due, func() { s.settlePeering(p) })
	}
	return g.changed, g.next
}

func (a *API) settle(g *agenda) {
	for _, v := range a.region.Vpcs.All() {
		g.at(&v.AvailableAt, func() { v.State, v.AvailableAt = "available", time.Time{} })
	}
	for _, n := range a.region.NatGateways.All() {
		g.at(&n.Due, func() { a.settleNat(n) })
	}
	for _, n := range a.region.Instances.All() {
		g.at(&n.Due, func() { a.settleInstance(n) })
	}
}
