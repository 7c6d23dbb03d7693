package plan

import (
	"context"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/preview/live"
	"github.com/ringspan/ringspan/internal/region"
)

// ring is what up, or kubectl apply, does to a ring or a datacenter.
type ring struct {
	*live.Report

	line func(field string) int
	path string
}

// manifests are the foretold effects of a file without a Fleet, on the fleet that runs.
func manifests(ctx context.Context, f *invocation.Fleet, path string, all []fleet.Manifest) ([]ring, error) {
	_, regions, err := f.Running(ctx)
	if err != nil {
		return nil, err
	}
	var rings []ring
	for i := range all {
		r, err := foretold(ctx, regions, all[i].Object, "")
		if err != nil {
			return nil, err
		}
		rings = append(rings, ring{r, all[i].Line, path})
	}
	return rings, nil
}

// ringsOf are the foretold effects of a fleet's file on the rings that run.
func ringsOf(ctx context.Context, f *fleet.File) ([]ring, error) {
	regions, err := inventory.RunningRegions(ctx, f.Fleet.Name)
	if err != nil {
		return nil, err
	}
	var rings []ring
	for i := range f.Rings {
		k := &f.Rings[i]
		r, err := foretold(ctx, regions, k.Object, lifecycle.FieldOwner)
		if err != nil {
			return nil, err
		}
		rings = append(rings, ring{r, k.Line, f.Path})
	}
	return rings, nil
}

func foretold(ctx context.Context, regions []region.Region, o *unstructured.Unstructured, owner client.FieldOwner) (*live.Report, error) {
	return live.Foretell(ctx, regions, live.Edit{Object: o, Owner: owner})
}

// printRings says what happens to each.
func printRings(out io.Writer, rings []ring) {
	for _, r := range rings {
		live.Render(out, r.Report, live.Source{Path: r.path, Line: r.line})
	}
}

// exitOf is the exit code of what was foretold.
func exitOf(rings []ring) error {
	refused, changes, unknown := false, false, false
	for _, r := range rings {
		refused = refused || r.Rejected
		changes = changes || r.Changes()
		unknown = unknown || len(r.Unknown) > 0
	}
	switch {
	case refused:
		return invocation.Exit(invocation.ExitFailed)
	case changes:
		return invocation.Exit(exitChanges)
	case unknown:
		return invocation.Exit(exitUnknown)
	}
	return nil
}
