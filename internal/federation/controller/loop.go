package controller

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/federation/peers"
)

// Copies keeps a region's copies of one kind.
type Copies struct {
	Kind   *federation.Kind
	Parts  Parts
	Client client.Client
	Live   client.Reader // not a cache: proof of what is being deleted
	Events events.EventRecorder
	Peers  *peers.Peers
	Region string
	Now    func() time.Time
}

// Parts is what the kind's own loop knows: what a region makes of an object, and how the object's status is written.
type Parts interface {
	// List are the parts of an object in this region.
	List(ctx context.Context, name types.NamespacedName) ([]client.Object, error)
	// At tells whether a peer has parts of an object.
	At(s *peers.Snapshot, name types.NamespacedName) bool
	// ID is that of the object that a part carries, "" when it carries none; HeldUp what its end waits for when a person has
	// to do something, in parentheses.
	ID(part client.Object) string
	HeldUp(part client.Object) string
	// TakeDown begins to delete a part of an object that is being deleted. One that goes already is gone on with.
	TakeDown(ctx context.Context, o, part client.Object) error
	// Heed takes over, from a copy that is being deleted in another region, what that says of how parts go, where it is the more
	// careful word of the two: what either copy keeps is kept. It is called before a deletion is followed or begins, and while o
	// still has a spec of its own where other's, which supersedes it, is about to take its place. It notes that on o, outside the
	// spec, or this would be an edit, and writes o if need be. Unprotect takes the protection from deletion off the copy and
	// those parts that go with it, and writes them.
	Heed(ctx context.Context, o, other client.Object) error
	Unprotect(ctx context.Context, o client.Object) error

	// Told are the peers' revisions, by region, that the object's status names as diverged from it; nil when it doesn't say
	// so. SetDeleting makes the status say how a deletion goes, and tells whether that is news.
	Told(o client.Object) map[string]string
	SetDeleting(o client.Object, d Deleting) (news bool)
}

// Deleting is what a status says of a deletion.
type Deleting struct {
	Is              bool // false: it was overruled, and the copy is another one
	Reason, Message string
	Waiting         bool // somebody has to do something
}

// How soon the next pass comes when nothing else causes one.
const (
	soon  = time.Second
	later = 20 * time.Second
)

// Pass is a look at one object, from which the kind's own loop goes on.
type Pass struct {
	*Copies
	Object client.Object // this region's copy
	View   federation.View
	Plan   federation.Plan
	Peers  []peers.Snapshot

	name    types.NamespacedName
	objects map[string]client.Object // the peers' copies by region
	parts   []client.Object
	yielded bool              // the copy has gone in this pass, because its deletion is overruled
	unfit   map[string]string // by region, why this region's API server can't store its copy's spec
}

// Pass agrees with the peers about one object, of which known is what they hold. It returns nil when there is nothing to go
// on with: there is no copy, it was written and another pass follows, or it is being deleted.
func (c *Copies) Pass(ctx context.Context, name types.NamespacedName, known []peers.Snapshot) (*Pass, time.Duration, error) {
	p := &Pass{Copies: c, Peers: known, name: name, unfit: map[string]string{}, objects: map[string]client.Object{}}
	for i := range known {
		if o, _ := known[i].Copy(c.Kind, name); o != nil {
			p.objects[known[i].Region] = o
		}
	}
	p.Object = c.Kind.New()
	err := c.Client.Get(ctx, name, p.Object)
	if apierrors.IsNotFound(err) {
		p.Object = nil
	} else if err != nil {
		return nil, 0, err
	}
	for {
		done, again, err := p.step(ctx)
		switch {
		case err != nil:
			return nil, again, client.IgnoreNotFound(ignoreConflict(err))
		case done == goOn:
			return p, 0, nil
		case done == enough:
			return nil, again, nil
		}
	}
}

// outcome says how a pass goes on after a plan.
type outcome int

const (
	enough outcome = iota // another pass follows, or none is needed
	goOn                  // the kind's own loop goes on
	anew                  // decide once more, from what there is now
)

// step observes, decides and carries out once.
func (p *Pass) step(ctx context.Context) (outcome, time.Duration, error) {
	before := deepCopy(p.Object)
	if p.Object != nil {
		p.Kind.GiveBack(p.Object)
	}
	if err := p.observe(ctx); err != nil {
		return enough, 0, err
	}
	p.Plan = federation.Decide(p.View)
	if p.Object != nil && (final(p.Plan, p.View.Own) || p.Plan.Verb == federation.TakeDown) {
		if same, err := p.isLive(ctx); !same || err != nil {
			return enough, soon, err
		}
	}
	if p.Object != nil && final(p.Plan, p.View.Own) {
		if same, missing := p.confirm(ctx); !same {
			return enough, soon, p.unconfirmed(ctx, missing)
		}
	}
	switch {
	case p.Object == nil:
		return p.without(ctx)
	case p.View.Own.Deleting:
		return p.leave(ctx, before)
	}
	return p.stay(ctx, before)
}

func deepCopy(o client.Object) client.Object {
	if o == nil {
		return nil
	}
	copied, _ := o.DeepCopyObject().(client.Object) // of its own type
	return copied
}

// patch writes what differs from before, and nothing if the copy was written meanwhile. A whole object would write empty
// parts too, which the API server fills with defaults, and so make another revision.
func (p *Pass) patch(ctx context.Context, before client.Object) error {
	return p.Client.Patch(ctx, p.Object, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

// ignoreConflict: another pass with fresher eyes follows at once.
func ignoreConflict(err error) error {
	if apierrors.IsConflict(err) {
		return nil
	}
	return err
}
