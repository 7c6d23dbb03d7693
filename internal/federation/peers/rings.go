package peers

import (
	"context"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/ring"
)

// rings are a peer's, as this version understands them.
type rings struct {
	items   []api.K8ssandraCluster
	unknown map[types.UID][]string
}

// listRings reads a peer's rings. Another version may run there: what it sets and this one doesn't know is named instead of
// being left out in silence, and a ring that can't be read at all is no reason not to see the others.
func listRings(ctx context.Context, from client.Reader, before *Snapshot) (rings, error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(api.GroupVersion.WithKind("K8ssandraClusterList"))
	if err := from.List(ctx, list); err != nil {
		return rings{}, err
	}
	all := rings{unknown: map[types.UID][]string{}}
	for i := range list.Items {
		k, unknown := before.known(&list.Items[i])
		if k == nil {
			k, unknown = read(&list.Items[i])
		}
		all.items = append(all.items, *k)
		if len(unknown) > 0 {
			all.unknown[k.UID] = unknown
		}
	}
	return all, nil
}

// known is a ring as it was read before, if it is still the same.
func (s *Snapshot) known(raw *unstructured.Unstructured) (*api.K8ssandraCluster, []string) {
	for i := range s.Rings {
		if s.Rings[i].UID == raw.GetUID() && s.Rings[i].ResourceVersion == raw.GetResourceVersion() {
			return &s.Rings[i], s.Unknown[raw.GetUID()]
		}
	}
	return nil, nil
}

// read makes a ring of what the peer's API server has given. Of one that can't be read only the metadata is left.
func read(raw *unstructured.Unstructured) (*api.K8ssandraCluster, []string) {
	k := &api.K8ssandraCluster{}
	data, err := raw.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(data, k)
	}
	if err != nil {
		var meta struct {
			metav1.ObjectMeta `json:"metadata"`
		}
		_ = json.Unmarshal(data, &meta) // metadata is the same in all versions
		return &api.K8ssandraCluster{ObjectMeta: meta.ObjectMeta}, []string{fmt.Sprintf("spec (%v)", err)}
	}
	spec, _, _ := unstructured.NestedMap(raw.Object, "spec")
	return k, ring.Kind.Schema.Unknown(spec)
}
