package peers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/kubetest"
)

// store is a peer's API server in memory: one counter of versions for all objects, lists, and watches from a version on, a
// later one than its own included, that end in their time. It is asked nothing else. stream_test.go holds the streams
// against real API servers; this one goes back in time, becomes another cluster, and needs no time of its own.
type store struct {
	client.WithWatch
	mu      sync.Mutex
	cluster types.UID
	version int
	objects map[string]*unstructured.Unstructured
	open    map[*opened]bool
	answer  func(verb, kind string) error // what it says instead, nil for nothing
	asked   map[string]int                // how often, by verb and kind
}

// opened is a watch.
type opened struct {
	kind string
	from int
	to   chan watch.Event
	end  context.CancelFunc
}

func newStore(cluster types.UID) *store {
	return &store{cluster: cluster, version: 100, objects: map[string]*unstructured.Unstructured{}, open: map[*opened]bool{}, asked: map[string]int{},
		answer: func(string, string) error { return nil }}
}

func (s *store) Scheme() *runtime.Scheme { return kubetest.Scheme() }

// Stop and ResultChan make an opened one a watch.
func (w *opened) Stop()                          { w.end() }
func (w *opened) ResultChan() <-chan watch.Event { return w.to }

func (s *store) says(verb, kind string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[verb+" "+kind]++
	return s.answer(verb, kind)
}

func (s *store) Get(ctx context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	kind := o.GetObjectKind().GroupVersionKind().Kind
	if err := s.says("get", kind); err != nil || ctx.Err() != nil {
		return cmpErr(err, ctx.Err())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if kind == "Namespace" {
		o.SetName(key.Name)
		o.SetUID(s.cluster)
		return nil
	}
	found := s.objects[kind+" "+key.String()]
	if found == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: kind}, key.Name)
	}
	found.DeepCopyInto(o.(*unstructured.Unstructured))
	return nil
}

func (s *store) List(ctx context.Context, list client.ObjectList, _ ...client.ListOption) error {
	kind := kindOfList(list)
	if err := s.says("list", kind); err != nil || ctx.Err() != nil {
		return cmpErr(err, ctx.Err())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list.SetResourceVersion(strconv.Itoa(s.version))
	all, whole := list.(*unstructured.UnstructuredList)
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		if o := s.objects[key]; whole && o.GetKind() == kind {
			all.Items = append(all.Items, *o.DeepCopy())
		}
	}
	return nil
}

func (s *store) Watch(ctx context.Context, list client.ObjectList, opts ...client.ListOption) (watch.Interface, error) {
	kind := kindOfList(list)
	if err := s.says("watch", kind); err != nil || ctx.Err() != nil {
		return nil, cmpErr(err, ctx.Err())
	}
	var o client.ListOptions
	o.ApplyOptions(opts)
	from, err := strconv.Atoi(o.Raw.ResourceVersion)
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithTimeout(ctx, time.Duration(*o.Raw.TimeoutSeconds)*time.Second)
	w := &opened{kind: kind, from: from, to: make(chan watch.Event, 100), end: end}
	s.mu.Lock()
	s.open[w] = true
	s.mu.Unlock()
	context.AfterFunc(ctx, func() { s.close(w) })
	return w, nil
}

// close ends a watch, or all of a kind that are open.
func (s *store) close(w *opened) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[w] {
		delete(s.open, w)
		close(w.to)
	}
}

func (s *store) closeAll() {
	s.mu.Lock()
	all := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	for _, w := range all {
		s.close(w)
	}
}

// put writes an object, and says so to those who watch its kind.
func (s *store) put(o client.Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		panic(err)
	}
	u := &unstructured.Unstructured{Object: raw}
	gvks, _, _ := kubetest.Scheme().ObjectKinds(o)
	u.SetGroupVersionKind(gvks[0])
	if u.GetUID() == "" {
		u.SetUID(types.UID("uid of " + u.GetName()))
	}
	s.version++
	u.SetResourceVersion(strconv.Itoa(s.version))
	key := u.GetKind() + " " + client.ObjectKeyFromObject(u).String()
	what := watch.Added
	if s.objects[key] != nil {
		what = watch.Modified
	}
	s.objects[key] = u
	s.tell(what, u)
}

func (s *store) drop(kind, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.objects[kind+" "+key].DeepCopy()
	delete(s.objects, kind+" "+key)
	s.version++
	u.SetResourceVersion(strconv.Itoa(s.version))
	s.tell(watch.Deleted, u)
}

func (s *store) tell(what watch.EventType, u *unstructured.Unstructured) {
	for w := range s.open {
		if w.kind == u.GetKind() && s.version > w.from {
			w.to <- watch.Event{Type: what, Object: u.DeepCopy()}
		}
	}
}

// backup is what it has now, to which restore goes back. What is watched stays open, and silent until the versions are
// later ones than those watched from.
func (s *store) backup() (restore func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	objects, version := maps.Clone(s.objects), s.version
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.objects, s.version = objects, version
	}
}

// answers sets what is said instead.
func (s *store) answers(f func(verb, kind string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

func (s *store) count(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[what]
}

func kindOfList(list client.ObjectList) string {
	kind := list.GetObjectKind().GroupVersionKind().Kind
	return kind[:len(kind)-len("List")]
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// forbidden is what a peer says of a kind that its role doesn't let be asked.
func forbidden(kind string) error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: kind}, "", fmt.Errorf("User cannot list resource %q", kind))
}
