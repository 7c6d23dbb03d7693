package kubetest

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/deletion"
)

// free takes off what keeps an object from being deleted.
var free = client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null,"annotations":{"`+deletion.Protection+`":null}}}`))

// ClearAfter deletes, at the end of the test, all objects of some kinds in all namespaces. It is for tests that run one
// after another at a shared cluster, of loops that read all of a region's objects: each pass would read those of all
// earlier tests too.
func (c *Cluster) ClearAfter(t testing.TB, kinds ...client.ObjectList) {
	t.Helper()
	t.Cleanup(func() {
		for _, list := range kinds {
			if err := c.clear(context.WithoutCancel(t.Context()), list); err != nil {
				t.Errorf("deleting what the test has left: %v", err)
			}
		}
	})
}

func (c *Cluster) clear(ctx context.Context, list client.ObjectList) error {
	if err := c.Client.List(ctx, list); err != nil {
		return err
	}
	return meta.EachListItem(list, func(item runtime.Object) error {
		o, _ := item.(client.Object)
		if err := c.Client.Patch(ctx, o, free); err != nil {
			return client.IgnoreNotFound(err)
		}
		return client.IgnoreNotFound(c.Client.Delete(ctx, o))
	})
}
