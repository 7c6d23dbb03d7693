package controller

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ringspan/ringspan/internal/federation"
)

// What is followed of a peer may be some seconds old. Steps that can't be taken back are decided once more, from what each peer
// that answers has at this moment.

// final tells whether a plan is such a step: parts or the copy go, or it is written down that they will.
func final(p federation.Plan, own *federation.Own) bool {
	switch p.Verb {
	case federation.Delete, federation.Unlock, federation.LetGo, federation.Release, federation.Yield:
		return true
	case federation.TakeDown:
		return own.Removal != federation.RemovalBegun // once begun, nothing that a peer has stops it
	case federation.Mark:
		return p.Notes[federation.RemovalAnnotation] == federation.RemovalBegun || p.Other.Region != ""
	}
	return false
}

// isLive tells whether the copy still is what was read of it, by this region's API server itself: a cache may be behind.
func (p *Pass) isLive(ctx context.Context) (bool, error) {
	o := p.Kind.New()
	err := p.Live.Get(ctx, p.name, o)
	return err == nil && o.GetUID() == p.Object.GetUID() && o.GetResourceVersion() == p.Object.GetResourceVersion(), err
}

// confirm decides once more, and tells whether that is the same. What the peers have now takes the place of what was followed.
// missing names the peers that could not be asked.
func (p *Pass) confirm(ctx context.Context) (same bool, missing []string) {
	view := p.View
	view.Peers = slices.Clone(view.Peers)
	objects, missing := p.ask(ctx, view.Peers)
	if len(missing) > 0 {
		return false, missing
	}
	plan := federation.Decide(view)
	if plan.Verb != p.Plan.Verb || plan.Other.Region != p.Plan.Other.Region || plan.Other.UID != p.Plan.Other.UID || !maps.Equal(plan.Notes, p.Plan.Notes) {
		log.FromContext(ctx).Info("what the other regions have now isn't what was followed: deciding again", "was", p.Plan.Verb, "is", plan.Verb)
		return false, nil
	}
	p.View, p.Plan, p.objects = view, plan, objects
	return true, nil
}

// ask reads the copy at each peer that answers, all at once, into what is known of them.
func (p *Pass) ask(ctx context.Context, known []federation.Peer) (objects map[string]client.Object, missing []string) {
	var group sync.WaitGroup
	var mu sync.Mutex
	objects = maps.Clone(p.objects)
	for i := range known {
		if !known[i].Reachable {
			continue
		}
		group.Go(func() {
			o, c, err := p.Copies.Peers.Live(ctx, &p.Peers[i], p.Kind, p.name)
			mu.Lock()
			defer mu.Unlock()
			switch region := known[i].Region; {
			case err != nil:
				missing = append(missing, fmt.Sprintf("region %s (%s)", region, err))
			case o == nil:
				delete(objects, region)
				known[i] = p.peer(&p.Peers[i], nil, federation.Copy{Region: region})
			default:
				objects[region] = o
				known[i] = p.peer(&p.Peers[i], o, c)
			}
		})
	}
	group.Wait()
	slices.Sort(missing)
	return objects, missing
}

// unconfirmed says whom a step waits for, on a copy that is being deleted. Another pass follows.
func (p *Pass) unconfirmed(ctx context.Context, missing []string) error {
	if len(missing) == 0 || !p.View.Own.Deleting {
		return nil
	}
	return p.tell(ctx, federation.ReasonWaiting, "nothing is taken down that a region could still need: waiting to hear once more from "+strings.Join(missing, ", "), true)
}
