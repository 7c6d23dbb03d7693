package peers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// streamLife is how long a stream lasts before it is opened anew from where it ended. A connection that has died without a
// word carries no news, and nobody notices: a look goes over another one, perhaps. So what a stream says of a peer that
// answers is never older than streamAge, which is less than Lag.
const (
	streamLife = 8 * time.Second
	streamAge  = streamLife + 2*lookTimeout - 2*time.Second
)

// The pauses after a stream that failed: the first one, each twice as long as the one before, up to the last. A look that is
// answered ends a pause.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 30 * time.Second
)

// watchAgain is how long a kind is listed, where a peer's role doesn't let it be watched, before that is tried once more.
const watchAgain = time.Minute

// stream keeps what is known of one kind at one peer up to date. Its fields belong to the peer's lock, but for those of its
// own goroutine.
type stream struct {
	f       Followed
	current bool      // all is known as of proved
	proved  time.Time // when the peer last said what there is, or that it goes on saying so
	failed  string    // why all isn't known; "" while that is being found out
	cancel  func()    // ends the stream that is open; nil while there is none

	version string    // own: where the stream goes on; "" when all is to be listed
	lists   time.Time // own: until when the kind is listed, because it may not be watched
	pause   time.Duration
}

// attend follows a peer: a look each second says whether it is there, and a stream for each kind what it has.
func (p *Peers) attend(ctx context.Context, one *peer) {
	if one.way.kube == nil { // its ClientConfig can't be used: nothing to ask
		return
	}
	for _, f := range p.Kinds {
		s := &stream{f: f}
		one.streams[f.key()] = s
		p.group.Go(func() { p.run(ctx, one, s) })
	}
	p.group.Go(func() { p.ping(ctx, one) })
}

// run keeps a stream going until the context ends.
func (p *Peers) run(ctx context.Context, one *peer, s *stream) {
	for ctx.Err() == nil {
		back := p.backOf(one)
		err := p.turnOf(ctx, one, s)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			s.pause = 0
			continue
		case apierrors.IsResourceExpired(err) || apierrors.IsGone(err): // too long ago to go on from
			s.version = ""
		default:
			p.broke(one, s, err)
		}
		s.pause = min(max(2*s.pause, firstPause), lastPause)
		wait(ctx, back, s.pause)
	}
}

// backOf is closed when a peer that did not answer does so again.
func (p *Peers) backOf(one *peer) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return one.back
}

// wait ends early when the peer answers again.
func wait(ctx context.Context, back <-chan struct{}, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-back:
	case <-timer.C:
	}
}

// turnOf lists a kind, if what is known is no base to go on from, and then watches it until the stream ends. An error that
// isn't nil asks for a pause.
func (p *Peers) turnOf(ctx context.Context, one *peer, s *stream) error {
	p.mu.Lock()
	current := s.current
	p.mu.Unlock()
	if !current || s.version == "" {
		if err := p.listStream(ctx, one, s); err != nil {
			return err
		}
	}
	if s.version == "" { // the kind isn't there, or this version may not read it
		wait(ctx, p.backOf(one), lastPause)
		return nil
	}
	if p.Now().Before(s.lists) {
		s.version = ""
		wait(ctx, p.backOf(one), lookInterval)
		return nil
	}
	err := p.watchStream(ctx, one, s)
	if apierrors.IsForbidden(err) || apierrors.IsMethodNotSupported(err) { // an older role
		s.lists, s.version = p.Now().Add(watchAgain), ""
		return nil
	}
	return err
}

func (p *Peers) listStream(ctx context.Context, one *peer, s *stream) error {
	ask, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	asked := p.Now()
	now, version, err := p.listKind(ask, one, s.f, one.heldOf(p, s))
	if err != nil {
		return err
	}
	s.version = version
	p.update(ctx, one, s, now, asked, true)
	return nil
}

// heldOf is what is known of a stream's kind.
func (one *peer) heldOf(p *Peers, s *stream) held {
	p.mu.Lock()
	defer p.mu.Unlock()
	return one.seen.kinds[s.f.key()]
}

// watchStream follows a kind from a version on, until the stream ends: nil when it has lasted as long as it should.
func (p *Peers) watchStream(ctx context.Context, one *peer, s *stream) error {
	list, err := p.emptyList(s.f)
	if err != nil {
		return err
	}
	ask, cancel := context.WithTimeout(ctx, streamLife+lookTimeout/2)
	defer cancel()
	p.mu.Lock()
	s.cancel = cancel
	p.mu.Unlock()
	asked, seconds := p.Now(), int64(streamLife/time.Second)
	w, err := one.way.streams.Watch(ask, list, &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: s.version, AllowWatchBookmarks: true, TimeoutSeconds: &seconds}})
	if err != nil {
		return err
	}
	defer w.Stop()
	p.update(ctx, one, s, one.heldOf(p, s), asked, false)
	for {
		select {
		case <-ask.Done():
			return ask.Err()
		case e, more := <-w.ResultChan():
			if !more {
				return lasted(p.Now().Sub(asked))
			}
			if err := p.take(ctx, one, s, e); err != nil {
				return err
			}
		}
	}
}

// lasted is nil for a stream that ended in its time: one that ends early was cut off.
func lasted(d time.Duration) error {
	if d < streamLife-time.Second {
		return errCutOff
	}
	return nil
}

var errCutOff = errors.New("the stream was cut off")

// take acts on one event.
func (p *Peers) take(ctx context.Context, one *peer, s *stream, e watch.Event) error {
	if e.Type == watch.Error {
		return apierrors.FromObject(e.Object)
	}
	raw, is := e.Object.(*unstructured.Unstructured)
	if !is {
		return fmt.Errorf("the stream has a %T", e.Object)
	}
	now := one.heldOf(p, s)
	if e.Type != watch.Bookmark {
		var err error
		if now, err = now.with(s.f, raw, e.Type == watch.Deleted); err != nil {
			s.version = ""
			return err
		}
	}
	s.version = raw.GetResourceVersion()
	p.update(ctx, one, s, now, p.Now(), false)
	return nil
}

// update notes what is known of a kind as of a time, and tells those whom it concerns. Only with a list is all known, if it
// wasn't.
func (p *Peers) update(ctx context.Context, one *peer, s *stream, now held, asked time.Time, listed bool) {
	p.mu.Lock()
	before := one.seen
	one.seen.kinds = maps.Clone(one.seen.kinds)
	if one.seen.kinds == nil {
		one.seen.kinds = newKinds()
	}
	one.seen.kinds[s.f.key()] = now
	s.proved = asked
	if listed {
		s.current, s.failed = true, ""
	}
	p.rise(one)
	after := one.seen
	p.mu.Unlock()
	objects, turned := p.news(before, after)
	p.wake(ctx, objects, turned)
}

// broke notes that a stream has failed. While the peer answers it goes on from where it was. The next look tells of what
// can't be listed, and ends connections on which nobody answers.
func (p *Peers) broke(one *peer, s *stream, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !s.current {
		s.failed = plainError(err)
	}
}
