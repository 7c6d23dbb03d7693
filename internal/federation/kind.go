package federation

import (
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/ringspan/ringspan/internal/federation/canonical"
)

// Object is one that the API server stores.
type Object interface {
	metav1.Object
	runtime.Object
}

// Kind is a kind of shared object with its rules: an object that is a request to the whole ring or fleet, of which every
// region keeps a copy. This is all that has to be said of one for its copies to agree.
type Kind struct {
	schema.GroupVersionKind
	Noun  string // what it is called in sentences, "ring" for one
	Parts string // and what a region makes of it, "datacenters"
	Grant string // the word that a namespace's grant has to say to let it in; "" for those that need none

	// Definition names its CustomResourceDefinition.
	Definition string
	// New makes an empty object.
	New func() Object
	// Spec is a pointer to the object's spec: what revisions are about. Metadata and status are not.
	Spec func(Object) any
	// Schema is that of the spec: the hash that tells an edit leaves out what equals its defaults.
	Schema *canonical.Schema

	// ID is the annotation with the object's id, which every copy carries and which is given once. Two copies with different
	// ids are two objects that were given one name.
	ID string
	// Finalizer keeps a copy until what its region has made of it is gone.
	Finalizer string

	// Pull says why a region must not take an object of another region over, "" when it may; nil when it always may. What
	// the region's namespaces accept is looked at besides.
	Pull func(Object) string
	// Deletion is when a region takes down what it has made of an object that is being deleted.
	Deletion DeletionRule
	// Elsewhere tells whether an object speaks of other regions than the one given, which then have to do with it even while
	// nobody knows them; nil when none does.
	Elsewhere func(o Object, region string) bool
	// Founded puts on an object that begins, with its id, what is decided then and for good; nil for nothing. An object that was
	// there before has an id, or gets the one that it had.
	Founded func(Object)
	// News is what of an object's status other regions act on, beside its spec, annotations and deletion; nil for nothing.
	// A region that repeats here what it was told by another one would wake it for ever.
	News func(Object) string
}

// DeletionRule is when parts go.
type DeletionRule int

// The rules.
const (
	// TogetherOnly is for objects whose parts hold what can't be made again: nothing is taken down anywhere before every
	// region has agreed.
	TogetherOnly DeletionRule = iota
	// EachAtOnce is for objects whose parts can be made again: each region takes its own down as soon as it knows. Its copy
	// stays, being deleted, until every region has answered, or another one would bring the object back.
	EachAtOnce
)

// TakeSpec gives a copy another one's spec.
func (k *Kind) TakeSpec(to, from Object) {
	copied, _ := from.DeepCopyObject().(Object) // of its original's type
	reflect.ValueOf(k.Spec(to)).Elem().Set(reflect.ValueOf(k.Spec(copied)).Elem())
}

// Hash is the canonical hash of an object's spec, Former the first version's.
func (k *Kind) Hash(o Object) string { return k.Schema.Hash(k.Spec(o)) }

// Former is the first version's hash of an object's spec.
func (k *Kind) Former(o Object) string { return canonical.Former(k.Spec(o)) }

// Lost names what is missing, or stored in another way, in an object that should have another one's spec. Nil means that
// nothing is.
func (k *Kind) Lost(want, stored Object) []string {
	if k.Hash(want) == k.Hash(stored) {
		return nil
	}
	if lost := canonical.Lost(k.Spec(want), k.Spec(stored)); len(lost) > 0 {
		return lost
	}
	return []string{"values that are stored in another way"}
}
