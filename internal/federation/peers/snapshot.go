package peers

import (
	"reflect"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/federation"
)

// Snapshot is the last that was seen of a region. It stays when the region goes.
type Snapshot struct {
	Region    string
	Reachable bool
	Asked     bool      // at least one look has ended, well or not
	Since     time.Time // of Reachable
	Message   string    // why it isn't reachable

	Client client.Client // reads there; nil while its ClientConfig can't be used

	kinds   map[reflect.Type]held
	cluster types.UID // of its namespace kube-system: which cluster it is; "" while that isn't known
}

// Cluster is the UID of the namespace kube-system of the cluster that answers, "" while that isn't known.
func (s *Snapshot) Cluster() string { return string(s.cluster) }

// All are the region's objects of a type that is followed. They are shared with others: to be read only.
func All[T client.Object](s *Snapshot) []T {
	list := s.kinds[reflect.TypeFor[T]()].objects
	all := make([]T, len(list))
	for i, o := range list {
		all[i], _ = o.(T) // it is what it is filed under
	}
	return all
}

// Object finds the region's object of a type and name; nil when it has none.
func Object[T client.Object](s *Snapshot, name types.NamespacedName) (found T) {
	for _, o := range All[T](s) {
		if client.ObjectKeyFromObject(o) == name {
			return o
		}
	}
	return found
}

// Copy finds the region's copy of a shared object, with what this version doesn't know of its spec; nil when it has none.
func (s *Snapshot) Copy(k *federation.Kind, name types.NamespacedName) (o client.Object, c federation.Copy) {
	kind := s.kinds[reflect.TypeOf(k.New())]
	for _, o := range kind.objects {
		if client.ObjectKeyFromObject(o) == name {
			c = k.Copy(s.Region, o)
			c.Unknown, c.Stale = kind.unknown[o.GetUID()], !s.Reachable || kind.lacks != ""
			return o, c
		}
	}
	return nil, federation.Copy{}
}

// Lacks says why a region that answers doesn't give a kind out: it runs a former version. "" when it does.
func (s *Snapshot) Lacks(k *federation.Kind) string { return s.kinds[reflect.TypeOf(k.New())].lacks }

// plainError is an error without what differs from try to try.
func plainError(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	return text
}
