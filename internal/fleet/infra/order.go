package infra

import "github.com/ringspan/ringspan/internal/plan"

type verb = plan.Verb

// ordered are resources, each behind what it needs; otherwise in their order.
func ordered(all []Resource) []*Resource {
	byID := map[string]*Resource{}
	for i := range all {
		byID[all[i].ID] = &all[i]
	}
	var out []*Resource
	state := map[string]int{} // 1: being visited, 2: done
	var visit func(r *Resource)
	visit = func(r *Resource) {
		if state[r.ID] != 0 {
			if state[r.ID] == 1 {
				panic("resources need each other in a circle: " + r.ID) // a mistake of this package; its tests visit all
			}
			return
		}
		state[r.ID] = 1
		for _, need := range r.needs() {
			if byID[need] == nil {
				panic(r.ID + " needs " + need + ", which nobody wants")
			}
			visit(byID[need])
		}
		state[r.ID] = 2
		out = append(out, r)
	}
	for i := range all {
		visit(&all[i])
	}
	return out
}
