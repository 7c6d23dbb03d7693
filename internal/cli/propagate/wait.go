package propagate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	kube "sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/propagation/client"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/report"
)

// askAgain is how often the regions are asked.
const askAgain = 500 * time.Millisecond

// everywhere waits until the copy of each region shows a deletion policy, and tells who is
// waited for. The error names the regions that don't show it.
func everywhere(ctx context.Context, regions []client.Region, name kube.ObjectKey, policy api.DeletionPolicy, to report.Reporter) error {
	tick := time.NewTicker(askAgain)
	defer tick.Stop()
	shown := make([]bool, len(regions))
	var behind []string
	for {
		now, open := lookAt(ctx, regions, name, policy), []string{}
		for i, why := range now {
			who := report.Subject{Region: regions[i].Name}
			if why != "" {
				open = append(open, fmt.Sprintf("region %s: %s", regions[i].Name, why))
				shown[i] = false
				to.Wait(who, why)
			} else if !shown[i] {
				shown[i] = true
				to.Line(who, "its copy shows it")
			}
		}
		if len(open) == 0 {
			return nil
		}
		if ctx.Err() == nil || behind == nil { // a look that was cut short says less than the one before
			behind = open
		}
		select {
		case <-ctx.Done():
			return errors.New(strings.Join(behind, "\n"))
		case <-tick.C:
		}
	}
}

// lookAt asks all regions at once, why each doesn't show the policy; "" if it does.
func lookAt(ctx context.Context, regions []client.Region, name kube.ObjectKey, policy api.DeletionPolicy) []string {
	whys := make([]string, len(regions))
	var group sync.WaitGroup
	for i, r := range regions {
		group.Go(func() {
			ask, cancel := context.WithTimeout(ctx, region.AnswerLimit)
			defer cancel()
			p := &api.Propagation{}
			err := r.Kube.Get(ask, name, p)
			whys[i] = whyNot(p, err, policy)
		})
	}
	group.Wait()
	return whys
}

// whyNot says why a copy, or the error in place of one, doesn't show the policy; "" if it
// does.
func whyNot(p *api.Propagation, err error, policy api.DeletionPolicy) string {
	var refused apierrors.APIStatus
	switch {
	case apierrors.IsNotFound(err):
		return "it has no copy of the Propagation"
	case errors.As(err, &refused):
		return "it refuses to show its copy: " + err.Error()
	case err != nil:
		return "it does not answer: " + err.Error()
	}
	is := p.Spec.DeletionPolicy
	if is == "" {
		is = api.DeletionDelete
	}
	if is == policy {
		return ""
	}
	if c := meta.FindStatusCondition(p.Status.Conditions, api.PropagationDiverged); c != nil && meta.IsStatusConditionTrue(p.Status.Conditions, api.PropagationDiverged) {
		return "its copy was edited on both sides of a cut: " + c.Message
	}
	return fmt.Sprintf("its copy still says %s", is)
}
