package peers

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/ring"
	"github.com/ringspan/ringspan/internal/ringtask"
)

// hours is a region that follows a peer in memory, with a clock that stands still while anybody has anything to do.
type hours struct {
	t     *testing.T
	there *store
	peers *Peers
	news  <-chan event.GenericEvent
}

// overTime runs a test with that clock. Kinds are rings, and tasks, which a former version knows nothing of.
func overTime(t *testing.T, prepare func(*hours), test func(h *hours)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		there := newStore("cluster-1")
		tasks := Shared(ringtask.Kind)
		tasks.Optional = true
		h := &hours{t: t, there: there, peers: &Peers{Client: there, Region: "here", Kinds: []Followed{Shared(ring.Kind), tasks}, Now: time.Now, listed: true}}
		h.news = h.peers.Subscribe(func(o client.Object) []types.NamespacedName {
			return []types.NamespacedName{client.ObjectKeyFromObject(o)}
		})
		h.peers.peers = map[string]*peer{"there": {way: connection{kube: there, streams: there}, seen: Snapshot{Region: "there", Client: there}, ended: time.Now(),
			again: make(chan struct{}), streams: map[reflect.Type]*stream{}}}
		if prepare != nil {
			prepare(h)
		}
		ctx, cancel := context.WithCancel(t.Context())
		h.peers.follow(ctx)
		synctest.Wait()
		test(h)
		cancel()
		h.peers.group.Wait()
	})
}

func (h *hours) seen() Snapshot {
	all, _ := h.peers.Snapshots()
	return all[0]
}

// ring makes or edits one at the peer.
func (h *hours) ring(name string, generation int64) *api.K8ssandraCluster {
	k := &api.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, Generation: generation}}
	h.there.put(k)
	synctest.Wait()
	return k
}

// generation is that of the peer's ring, as it was last seen; 0 when it has none.
func (h *hours) generation(name string) int64 {
	s := h.seen()
	if k := Object[*api.K8ssandraCluster](&s, types.NamespacedName{Namespace: "ns", Name: name}); k != nil {
		return k.Generation
	}
	return 0
}

// told are the names of the news since last time.
func (h *hours) told() (names []string) {
	for some := h.everything(); len(some) > 0; some = h.everything() {
		names = append(names, some...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// everything is what the subscriber has been handed and has yet to take.
func (h *hours) everything() (names []string) {
	synctest.Wait()
	for {
		select {
		case e := <-h.news:
			names = append(names, e.Object.GetName())
		default:
			return names
		}
	}
}

// watched fails the test whenever something doesn't hold, once a second. News are taken in.
func (h *hours) watched(d time.Duration, holds func() string) {
	h.t.Helper()
	for begun := time.Now(); time.Since(begun) < d; time.Sleep(time.Second) {
		h.told()
		if wrong := holds(); wrong != "" {
			h.t.Fatalf("after %s: %s", time.Since(begun), wrong)
		}
	}
}

// soon is how long it takes until something holds; the test fails if it never does.
func (h *hours) soon(what string, holds func() bool) time.Duration {
	h.t.Helper()
	begun := time.Now()
	for !holds() {
		if time.Since(begun) > 10*time.Minute {
			h.t.Fatalf("%s: never: %+v", what, h.seen())
		}
		time.Sleep(100 * time.Millisecond)
		h.told()
	}
	return time.Since(begun)
}

func (h *hours) reachable() string {
	if s := h.seen(); !s.Reachable {
		return "not reachable: " + s.Message
	}
	return ""
}

// A peer that runs a former version answers, for as long as it says nothing of a kind that it doesn't know.
func TestAFormerVersionIsReachable(t *testing.T) {
	for name, err := range map[string]error{
		"its role":       forbidden("k8ssandratasks"),
		"its definition": apierrors.NewNotFound(schema.GroupResource{}, ""),
		"its verbs":      apierrors.NewMethodNotSupported(schema.GroupResource{}, "list"),
	} {
		t.Run(name, func(t *testing.T) {
			old := func(_, kind string) error {
				if kind == "K8ssandraTask" {
					return err
				}
				return nil
			}
			overTime(t, func(h *hours) { h.there.answers(old) }, func(h *hours) {
				h.ring("one", 1)
				h.watched(5*time.Minute, func() string {
					if s := h.seen(); s.Lacks(ringtask.Kind) == "" || s.Lacks(ring.Kind) != "" {
						return fmt.Sprintf("it lacks tasks: %q, rings: %q", s.Lacks(ringtask.Kind), s.Lacks(ring.Kind))
					}
					return h.reachable()
				})
				h.ring("two", 1)
				if got := h.told(); !slices.Equal(got, []string{"two"}) {
					t.Errorf("news of %q", got)
				}
				h.there.answers(func(string, string) error { return nil }) // it is brought up to date
				h.there.put(&control.K8ssandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "task"}})
				took := h.soon("the kind is known", func() bool { s := h.seen(); return s.Lacks(ringtask.Kind) == "" })
				if took > time.Minute {
					t.Errorf("it took %s", took)
				}
				if s := h.seen(); len(All[*control.K8ssandraTask](&s)) != 1 {
					t.Error("its tasks aren't known")
				}
			})
		})
	}
}

// What a region has of a kind that it ceases to give out stays, as the last that was seen of it.
func TestAKindThatIsClosedStaysAsItWasSeen(t *testing.T) {
	overTime(t, nil, func(h *hours) {
		task := &control.K8ssandraTask{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "task"}}
		h.there.put(task)
		synctest.Wait()
		h.there.answers(func(_, kind string) error {
			if kind == "K8ssandraTask" {
				return forbidden("k8ssandratasks")
			}
			return nil
		})
		h.soon("the kind isn't known", func() bool { s := h.seen(); return s.Lacks(ringtask.Kind) != "" })
		s := h.seen()
		if o, c := s.Copy(ringtask.Kind, client.ObjectKeyFromObject(task)); o == nil || !c.Stale {
			t.Errorf("%v, stale: %t", o, c.Stale)
		}
	})
}

// A peer all of whose kinds may be unknown is asked all the same whether it is there.
func TestAllKindsMayBeOptional(t *testing.T) {
	overTime(t, func(h *hours) { h.peers.Kinds = h.peers.Kinds[1:] }, func(h *hours) { h.watched(time.Minute, h.reachable) })
}

// A peer that is brought back from a backup is seen as it is, within a minute or so, though its streams say nothing.
func TestAPeerThatGoesBackInTime(t *testing.T) {
	overTime(t, nil, func(h *hours) {
		h.ring("one", 1)
		restore := h.there.backup()
		h.ring("one", 2)
		h.ring("two", 1)
		h.soon("both", func() bool { return h.generation("one") == 2 && h.generation("two") == 1 })
		restore()
		took := h.soon("the backup", func() bool { return h.generation("one") == 1 && h.generation("two") == 0 })
		if took > 90*time.Second {
			t.Errorf("it took %s", took)
		}
		h.soon("it counts as there again", func() bool { return h.reachable() == "" })
		h.ring("three", 1)
		if h.generation("three") != 1 {
			t.Error("it isn't followed any more")
		}
	})
}

// One that goes back and then on beyond where it was, between two looks, has other objects under versions that were seen.
func TestAPeerThatGoesBackAndOn(t *testing.T) {
	overTime(t, nil, func(h *hours) {
		h.ring("one", 1)
		restore := h.there.backup()
		h.ring("one", 2) // version 102
		h.ring("two", 1)
		restore()
		h.ring("one", 3) // version 102 again
		h.ring("three", 1)
		h.ring("three", 2)
		took := h.soon("what there is", func() bool {
			return h.generation("one") == 3 && h.generation("two") == 0 && h.generation("three") == 2
		})
		if took > 90*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// A name that leads to another cluster now is one whose objects all have to be listed before it counts as there.
func TestAnotherClusterUnderTheName(t *testing.T) {
	overTime(t, nil, func(h *hours) {
		h.ring("one", 1)
		h.soon("it is there", func() bool { return h.reachable() == "" && h.generation("one") == 1 })
		h.there.mu.Lock()
		h.there.cluster = "cluster-2"
		clear(h.there.objects)
		h.there.mu.Unlock()
		h.told()
		time.Sleep(lookInterval)
		if got := h.told(); h.reachable() != "" || h.generation("one") != 0 || !slices.Contains(got, "one") || !slices.Contains(got, "") {
			t.Errorf("%s, generation %d, news of %q", h.reachable(), h.generation("one"), got)
		}
		h.watched(time.Minute, h.reachable)
	})
}

// A stream that fails is listed anew, each time after a longer pause; meanwhile the region is known as well as ever.
func TestAStreamThatFailsIsListed(t *testing.T) {
	for name, err := range map[string]error{
		"not found":   apierrors.NewNotFound(schema.GroupResource{}, ""),
		"unavailable": apierrors.NewServiceUnavailable("busy"),
		"reset":       errors.New("connection reset"),
	} {
		t.Run(name, func(t *testing.T) {
			overTime(t, func(h *hours) {
				h.there.answers(func(verb, kind string) error {
					if verb == "watch" && kind == "K8ssandraCluster" {
						return err
					}
					return nil
				})
			}, func(h *hours) {
				generation := int64(0)
				h.watched(3*time.Minute, func() string {
					if generation-h.generation("one") > 10 {
						return fmt.Sprintf("generation %d is known, there is %d", h.generation("one"), generation)
					}
					generation++
					h.ring("one", generation)
					return h.reachable()
				})
				before := h.there.count("watch K8ssandraCluster")
				h.watched(time.Minute, h.reachable)
				if most := h.there.count("watch K8ssandraCluster") - before; most > 15 || most < 5 {
					t.Errorf("it was tried %d times in a minute", most)
				}
			})
		})
	}
}

// A stream that is cut off and silent, or that nobody closes, is noticed, and begins anew.
func TestAStreamThatIsStuckStartsOver(t *testing.T) {
	overTime(t, nil, func(h *hours) {
		h.ring("one", 1)
		one := h.peers.peers["there"]
		s := one.streams[Shared(ring.Kind).key()]
		lists := h.there.count("list K8ssandraCluster")
		h.peers.mu.Lock()
		s.proved = time.Now().Add(-time.Hour) // as if its goroutine had hung
		h.peers.mu.Unlock()
		if h.reachable() == "" {
			t.Error("it counts as there")
		}
		took := h.soon("it is there again", func() bool { return h.reachable() == "" })
		if took > 5*time.Second || h.there.count("list K8ssandraCluster") == lists {
			t.Errorf("after %s, with %d lists", took, h.there.count("list K8ssandraCluster")-lists)
		}
		h.ring("one", 2)
		if h.generation("one") != 2 {
			t.Error("it isn't followed")
		}
	})
}

// News name what they concern, and nothing else; what is no news wakes nobody, in hours of streams and lists.
func TestNewsWakeOnlyWhatTheyConcern(t *testing.T) {
	overTime(t, nil, func(h *hours) {
		for i := range 10 {
			h.ring(fmt.Sprint("ring-", i), 1)
		}
		h.soon("it is there", func() bool { return h.reachable() == "" })
		h.told()
		for i := range 10 {
			name := fmt.Sprint("ring-", i)
			k := h.ring(name, 2)
			if got := h.told(); !slices.Equal(got, []string{name}) {
				t.Errorf("an edit of %s is news of %q", name, got)
			}
			k.Status.Error = "none of theirs"
			h.there.put(k)
			if got := h.told(); len(got) > 0 {
				t.Errorf("a status is news of %q", got)
			}
		}
		h.there.drop("K8ssandraCluster", "ns/ring-3")
		if got := h.told(); !slices.Equal(got, []string{"ring-3"}) {
			t.Errorf("a deletion is news of %q", got)
		}
		lists := h.there.count("list K8ssandraCluster")
		for range 600 {
			time.Sleep(time.Second)
			if got := h.told(); len(got) > 0 {
				t.Fatalf("nothing is news of %q", got)
			}
		}
		if most := h.there.count("list K8ssandraCluster") - lists; most > 11 || most < 9 {
			t.Errorf("it was listed %d times in ten minutes", most)
		}
	})
}

// An outage is noticed with the second look that fails, and the return with the first that doesn't, once all is listed.
func TestAnOutageIsNoticedByLooks(t *testing.T) {
	overTime(t, nil, func(h *hours) {
		h.ring("one", 1)
		h.soon("it is there", func() bool { return h.reachable() == "" })
		h.told()
		for _, length := range []time.Duration{3 * time.Second, time.Minute, 10 * time.Minute} {
			h.there.answers(func(string, string) error { return errors.New("no route to host") })
			h.there.closeAll()
			took := h.soon("the outage", func() bool { return !h.seen().Reachable })
			if took > failuresToGo*lookInterval {
				t.Errorf("it was noticed after %s", took)
			}
			time.Sleep(length)
			h.told()
			h.ring("one", h.generation("one")+1)
			want := h.generation("one") + 1
			h.there.answers(func(string, string) error { return nil })
			took = h.soon("the return", func() bool {
				if h.seen().Reachable && h.generation("one") != want {
					t.Error("it counts as there, and what it has isn't known")
				}
				return h.seen().Reachable
			})
			if took > lookInterval+500*time.Millisecond {
				t.Errorf("the return was noticed after %s", took)
			}
		}
	})
}
