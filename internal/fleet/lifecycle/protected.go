package lifecycle

import (
	"context"
	"slices"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/region"
)

// protectedTimeout is how long regions may take to name their protected rings. A
// fleet whose regions don't answer is taken down all the same.
const protectedTimeout = 3 * time.Second

// ProtectedRings names the rings of a fleet that are protected from deletion and go with
// it: the protection is about single rings, and whoever takes a fleet down has named the
// fleet.
func ProtectedRings(ctx context.Context, fleet string) []string {
	f, err := inventory.Open(fleet)
	if err != nil {
		return nil // this machine doesn't know the fleet, so it can ask nobody
	}
	all, err := inventory.Regions(f)
	if err != nil {
		return nil // it never had clusters
	}
	return protectedRings(ctx, all)
}

// protectedRings asks all regions that answer, once, for their copies.
func protectedRings(ctx context.Context, all []region.Region) (names []string) {
	ctx, cancel := context.WithTimeout(ctx, protectedTimeout)
	defer cancel()
	var group sync.WaitGroup
	var mu sync.Mutex
	for _, r := range all {
		group.Go(func() {
			var rings k8ssandra.K8ssandraClusterList
			if r.Client.List(ctx, &rings) != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for i := range rings.Items {
				if rings.Items[i].Annotations[deletion.Protection] == "true" {
					names = append(names, client.ObjectKeyFromObject(&rings.Items[i]).String())
				}
			}
		})
	}
	group.Wait()
	slices.Sort(names)
	return slices.Compact(names)
}
