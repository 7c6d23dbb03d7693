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
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// streamLife is how long a stream lasts before it is opened anew from where it ended; it is given up after overtime more. A
// connection that has died without a word carries no news, and nobody notices: a look goes over another one, perhaps. So what a
// stream says of a peer that answers is never older than streamAge, which is less than Lag: a life, and a list after the
// shortest pause, or the longest pause after a list, and another one.
const (
	streamLife = 8 * time.Second
	overtime   = lookTimeout / 2
	streamAge  = streamLife + overtime + lookTimeout + time.Second
)

// The pauses after a stream that failed: the first one, each twice as long as the one before, up to the last. A look that is
// answered again, or a peer that starts over, ends a pause. The list after the longest one still comes within streamAge.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 6 * time.Second
)

// How long a kind is listed, where a peer's role doesn't let it be watched, before that is tried once more; and how long a
// kind that a peer doesn't know, or doesn't give out, is left alone.
const (
	watchAgain = time.Minute
	lacksAgain = 30 * time.Second
)

// readAgain is how long a stream is believed. Its versions say nothing of a peer that was brought back from a backup, or of
// another one under the old one's name: a stream from a version that is yet to come is silent. So all is listed and read once
// more after that.
const readAgain = time.Minute

// stream keeps what is known of one kind at one peer up to date. Its fields belong to the peer's lock, but for those of its
// own goroutine.
type stream struct {
	f       Followed
	current bool      // all is known as of proved
	round   int       // how often the peer has started over: a list that was asked for before is none of the new round
	proved  time.Time // when the peer last said what there is, or that it goes on saying so
	failed  string    // why all isn't known; "" while that is being found out
	cancel  func()    // ends the stream that is open; nil while there is none

	version string    // own: where the stream goes on; "" when all is to be listed
	newest  string    // own: the last version that the peer has spoken of
	read    time.Time // own: when all was last listed and read, without regard to what was known
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
		again := p.againOf(one)
		if pause := p.turnOf(ctx, one, s); pause > 0 {
			wait(ctx, again, pause)
		}
	}
}

// againOf is closed when a peer that did not answer does so again, or starts over.
func (p *Peers) againOf(one *peer) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return one.again
}

// wait ends early when the peer answers again, or starts over.
func wait(ctx context.Context, again <-chan struct{}, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-again:
	case <-timer.C:
	}
}

// turnOf lists a kind, if what is known is no base to go on from, and then watches it until the stream ends. It returns how
// long to pause.
func (p *Peers) turnOf(ctx context.Context, one *peer, s *stream) (pause time.Duration) {
	if p.mustList(one, s) {
		if err := p.listStream(ctx, one, s); err != nil {
			p.broke(s, err)
			return s.longer()
		}
	}
	switch {
	case s.version == "": // the kind isn't there, or this version may not read it
		return lacksAgain
	case p.Now().Before(s.lists):
		s.version = ""
		return lookInterval
	}
	opened := p.Now()
	err := p.watchStream(ctx, one, s)
	if p.Now().Sub(opened) > 2*lookInterval { // it worked until now
		s.pause = 0
	}
	switch {
	case err == nil:
		s.pause = 0
		return 0
	case apierrors.IsForbidden(err), apierrors.IsMethodNotSupported(err): // an older role
		s.lists, s.version = p.Now().Add(watchAgain), ""
		return 0
	}
	s.version, s.read = "", time.Time{}
	return s.longer()
}

// longer is the next pause.
func (s *stream) longer() time.Duration {
	s.pause = min(max(2*s.pause, firstPause), lastPause)
	return s.pause
}

// mustList tells whether what is known is no base to go on from.
func (p *Peers) mustList(one *peer, s *stream) bool {
	current, _, _ := p.stateOf(one, s)
	return !current || s.version == "" || p.Now().Sub(s.read) >= readAgain
}

// stateOf is what is known of a stream's kind, whether that is all, and the round in which that is so.
func (p *Peers) stateOf(one *peer, s *stream) (current bool, known held, round int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.current, one.seen.kinds[s.f.key()], s.round
}

// listStream lists a kind. What is known under a version is read again too, unless it was a moment ago: see readAgain.
func (p *Peers) listStream(ctx context.Context, one *peer, s *stream) error {
	ask, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	asked := p.Now()
	current, known, round := p.stateOf(one, s)
	whole := !current || asked.Sub(s.read) >= readAgain
	before := known
	if whole {
		before = held{}
	}
	now, version, err := p.listKind(ask, one, s.f, before)
	if err != nil {
		return err
	}
	if now.lacks != "" { // the last that was seen of it stays
		now.objects, now.unknown = known.objects, known.unknown
	}
	if whole {
		s.read = asked
	}
	p.update(one, s, news{held: now, version: version, asked: asked, round: round, listed: true})
	s.version = version
	return nil
}

// watchStream follows a kind from a version on, until the stream ends: nil when it has lasted as long as it should, or the
// peer has started over.
func (p *Peers) watchStream(ctx context.Context, one *peer, s *stream) error {
	list, err := p.emptyList(s.f)
	if err != nil {
		return err
	}
	ask, cancel := context.WithTimeout(ctx, streamLife+overtime)
	defer cancel()
	p.mu.Lock()
	s.cancel = cancel
	current, round := s.current, s.round
	p.mu.Unlock()
	if !current {
		return nil
	}
	asked, seconds := p.Now(), int64(streamLife/time.Second)
	unopened := time.AfterFunc(lookTimeout, cancel)
	w, err := one.way.streams.Watch(ask, list, &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: s.version, AllowWatchBookmarks: true, TimeoutSeconds: &seconds}})
	unopened.Stop()
	if err != nil {
		return err
	}
	defer w.Stop()
	_, known, _ := p.stateOf(one, s)
	p.update(one, s, news{held: known, version: s.version, asked: asked, round: round})
	for {
		select {
		case <-ask.Done():
			return ask.Err()
		case e, more := <-w.ResultChan():
			if !more {
				return lasted(p.Now().Sub(asked))
			}
			if err := p.take(one, s, round, e); err != nil {
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
func (p *Peers) take(one *peer, s *stream, round int, e watch.Event) error {
	if e.Type == watch.Error {
		return apierrors.FromObject(e.Object)
	}
	raw, is := e.Object.(*unstructured.Unstructured)
	if !is {
		return fmt.Errorf("the stream has a %T", e.Object)
	}
	_, now, _ := p.stateOf(one, s)
	if e.Type != watch.Bookmark {
		var err error
		if now, err = now.with(s.f, raw, e.Type == watch.Deleted); err != nil {
			return err
		}
	}
	p.update(one, s, news{held: now, version: raw.GetResourceVersion(), asked: p.Now(), round: round})
	s.version = raw.GetResourceVersion()
	return nil
}

// news is what a peer has said of a kind.
type news struct {
	held
	version string
	asked   time.Time // as of when
	round   int       // in which it was asked for
	listed  bool      // it is all that there is
}

// update notes what is known of a kind as of a time, and tells those whom it concerns. Only with a list is all known, if it
// wasn't; and one that a peer was asked for before it started over is no such list.
func (p *Peers) update(one *peer, s *stream, n news) {
	p.mu.Lock()
	before := one.seen
	back := s.current && n.round == s.round && older(n.version, s.newest)
	if n.round == s.round {
		one.seen.kinds = maps.Clone(one.seen.kinds)
		if one.seen.kinds == nil {
			one.seen.kinds = newKinds()
		}
		one.seen.kinds[s.f.key()] = n.held
		s.proved = n.asked
		if n.listed {
			s.current, s.failed = true, ""
		}
	}
	if back {
		p.away(one, fmt.Sprintf("its API server has gone back in time, from version %s to %s: it was brought back from a backup, and is read anew", s.newest, n.version))
		one.startOver()
		s.current = n.listed // this one is of afterwards
	}
	p.rise(one)
	after := one.seen
	p.mu.Unlock()
	if n.version != "" {
		s.newest = n.version
	}
	objects, turned := p.news(before, after)
	p.wake(objects, turned)
}

// older tells whether a version is one of before another. An API server's versions only ever grow.
func older(version, than string) bool {
	order, err := resourceversion.CompareResourceVersion(version, than)
	return err == nil && order < 0
}

// broke notes that a kind could not be listed. What is known of a peer that answers stays until it is too old. The next look
// tells of what can't be listed, and ends connections on which nobody answers.
func (p *Peers) broke(s *stream, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !s.current {
		s.failed = plainError(err)
	}
}
