package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// Region is one that can be asked.
type Region struct {
	Name string
	Kube client.Client
}

// answerLimit is how long a region may take to answer.
const answerLimit = 10 * time.Second

// copyAt is a region's copy of a Propagation, or why there is none.
type copyAt struct {
	region Region
	copy   *api.Propagation // nil when the region has none
	err    error            // it doesn't answer
}

// find asks all regions at once for their copy.
func find(ctx context.Context, regions []Region, name client.ObjectKey) []copyAt {
	all := make([]copyAt, len(regions))
	var group sync.WaitGroup
	for i, r := range regions {
		group.Go(func() {
			ask, cancel := context.WithTimeout(ctx, answerLimit)
			defer cancel()
			p := &api.Propagation{}
			err := r.Kube.Get(ask, name, p)
			if all[i] = (copyAt{r, p, nil}); err != nil {
				all[i] = copyAt{region: r, err: client.IgnoreNotFound(err)}
			}
		})
	}
	group.Wait()
	return all
}

// one is a copy to edit: the first one of a region that answers. Where copies have diverged, an edit would choose.
func one(all []copyAt, name client.ObjectKey) (*copyAt, error) {
	var away []string
	var found *copyAt
	for i := range all {
		c := &all[i]
		switch {
		case c.err != nil:
			away = append(away, fmt.Sprintf("region %s: %v", c.region.Name, c.err))
		case c.copy == nil:
		case meta.IsStatusConditionTrue(c.copy.Status.Conditions, api.PropagationDiverged):
			return nil, fmt.Errorf("Propagation %s was edited on both sides of a cut: %s", name, meta.FindStatusCondition(c.copy.Status.Conditions, api.PropagationDiverged).Message)
		case c.copy.DeletionTimestamp != nil:
			return nil, fmt.Errorf("Propagation %s is being deleted", name)
		case found == nil:
			found = c
		}
	}
	if found == nil && len(away) > 0 {
		return nil, errors.New("no region that answers has the Propagation " + name.String() + ": " + strings.Join(away, "; "))
	}
	return found, nil
}

// edit changes the spec in one region.
func edit(ctx context.Context, c *copyAt, change func(*api.PropagationSpec)) error {
	ask, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	change(&c.copy.Spec)
	err := c.region.Kube.Update(ask, c.copy)
	if apierrors.IsConflict(err) {
		return fmt.Errorf("it was changed in the meantime: try it again: %w", err)
	}
	return err
}
