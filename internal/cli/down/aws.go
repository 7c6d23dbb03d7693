package down

import (
	"context"
	"fmt"
	"io"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/cli/takedown"
	"github.com/ringspan/ringspan/internal/fleet/remote"
)

// inAWS deletes a fleet in AWS; spec may be nil.
func inAWS(ctx context.Context, a invocation.Account, name string, spec *fleetv1.FleetSpec, out io.Writer) error {
	c, err := a.Open(ctx)
	if err != nil {
		return err
	}
	return takedown.InAWS(ctx, c, name, spec, out)
}

// inAWSNamed deletes a fleet in AWS that this machine knows, by its tags.
func inAWSNamed(ctx context.Context, a invocation.Account, f *remote.Fleet, asked bool, out io.Writer) error {
	if !asked {
		return fmt.Errorf("nothing was deleted: fleet %s is in AWS, in account %s; say `ringspan down --fleet %s`, or -f FILE", f.Name(), f.Account, f.Name())
	}
	if a.Endpoint == "" {
		a.Endpoint = f.Endpoint
	}
	return inAWS(ctx, a, f.Name(), nil, out)
}
