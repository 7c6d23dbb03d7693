package peers

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/federation"
)

// Followed is a kind that is read at every peer.
type Followed struct {
	// New makes an empty object.
	New func() client.Object
	// Kind are the rules of a shared object's kind; nil for other kinds.
	Kind *federation.Kind
	// News is what of an object wakes those who subscribe, when it changes; the resource version when nil.
	News func(client.Object) string
	// Optional kinds may be unknown to a peer, or closed to this region: one that runs a former version. Snapshot.Lacks says so.
	Optional bool
}

// Shared follows the copies of a kind of shared objects. News are the spec, annotations and deletion, not the status, or
// two regions would for ever tell each other what they were told.
func Shared(k *federation.Kind) Followed {
	return Followed{Kind: k, New: func() client.Object { return k.New() }, News: func(o client.Object) string {
		text := fmt.Sprint(o.GetGeneration(), o.GetAnnotations(), o.GetDeletionTimestamp())
		if k.News != nil {
			text += k.News(o)
		}
		return text
	}}
}

func (f Followed) key() reflect.Type { return reflect.TypeOf(f.New()) }

func (f Followed) news(o client.Object) string {
	if f.News == nil {
		return o.GetResourceVersion()
	}
	return f.News(o)
}

// with is what is held after an event of a stream. An object that can't be read, of a kind that isn't shared, is an error.
func (h held) with(f Followed, raw *unstructured.Unstructured, gone bool) (held, error) {
	next := held{unknown: maps.Clone(h.unknown)}
	for _, o := range h.objects {
		if o.GetUID() != raw.GetUID() {
			next.objects = append(next.objects, o)
		}
	}
	delete(next.unknown, raw.GetUID())
	if gone {
		return next, nil
	}
	o, unknown, err := f.read(raw)
	if err != nil {
		return h, err
	}
	next.objects = append(next.objects, o)
	if len(unknown) > 0 {
		if next.unknown == nil {
			next.unknown = map[types.UID][]string{}
		}
		next.unknown[o.GetUID()] = unknown
	}
	return next, nil
}

// held are a kind's objects at a peer, as this version understands them. It isn't changed any more once it is handed out.
type held struct {
	objects []client.Object
	unknown map[types.UID][]string // of shared objects: fields of their specs that this version doesn't know
	lacks   string                 // why the kind can't be read at all, which no outage is
}

// read makes an object of what the peer's API server has given. Another version may run there: what it sets in a shared
// object's spec and this one doesn't know is named instead of being left out in silence, and of one that can't be read
// only the metadata is left. An object of another kind that can't be read is an error.
func (f Followed) read(raw *unstructured.Unstructured) (client.Object, []string, error) {
	o := f.New()
	data, err := raw.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(data, o)
	}
	if err != nil && f.Kind == nil {
		return nil, nil, fmt.Errorf("%s %s/%s: %w", raw.GetKind(), raw.GetNamespace(), raw.GetName(), err)
	}
	if err != nil {
		var meta struct {
			metav1.ObjectMeta `json:"metadata"`
		}
		_ = json.Unmarshal(data, &meta) // metadata is the same in all versions
		o = f.New()
		reflect.ValueOf(o).Elem().FieldByName("ObjectMeta").Set(reflect.ValueOf(meta.ObjectMeta))
		return o, []string{fmt.Sprintf("spec (%v)", err)}, nil
	}
	if f.Kind == nil {
		return o, nil, nil
	}
	spec, _, _ := unstructured.NestedMap(raw.Object, "spec")
	return o, f.Kind.Schema.Unknown(spec), nil
}

// make reads a list. What is still the same isn't read again.
func (f Followed) make(items []unstructured.Unstructured, before held) (held, error) {
	known := map[types.UID]client.Object{}
	for _, o := range before.objects {
		known[o.GetUID()] = o
	}
	all := held{unknown: map[types.UID][]string{}}
	for i := range items {
		raw := &items[i]
		o, unknown := known[raw.GetUID()], before.unknown[raw.GetUID()]
		if o == nil || o.GetResourceVersion() != raw.GetResourceVersion() {
			var err error
			if o, unknown, err = f.read(raw); err != nil {
				return held{}, err
			}
		}
		all.objects = append(all.objects, o)
		if len(unknown) > 0 {
			all.unknown[o.GetUID()] = unknown
		}
	}
	return all, nil
}

// changed are the objects whose news differ between two looks.
func (f Followed) changed(before, after held) (all []client.Object) {
	news := map[types.UID]string{}
	for _, o := range before.objects {
		news[o.GetUID()] = f.news(o)
	}
	for _, o := range after.objects {
		if old, was := news[o.GetUID()]; !was || old != f.news(o) {
			all = append(all, o)
		}
		delete(news, o.GetUID())
	}
	for _, o := range before.objects {
		if _, gone := news[o.GetUID()]; gone {
			all = append(all, o)
		}
	}
	return all
}
