package takedown

import (
	"context"
	"fmt"
	"io"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// InAWS deletes a fleet in AWS, shows that nothing is left, and forgets it. spec may be
// nil.
func InAWS(ctx context.Context, c provision.Provider, name string, spec *fleetv1.FleetSpec, out io.Writer) error {
	TellProtected(ctx, out, name)
	report := progress.New(progress.Options{Out: out, Title: "ringspan down: fleet " + name, Regions: regions(spec)})
	err := lifecycle.DownInAWS(ctx, c, name, spec, report)
	report.Close()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "Fleet %s is down: nothing with its tag is left in any region of account %s.\n", name, c.Account()); err != nil {
		return err
	}
	return lifecycle.Forget(name)
}

func regions(spec *fleetv1.FleetSpec) (names []string) {
	if spec == nil {
		return nil
	}
	for _, r := range spec.Regions {
		names = append(names, r.Name)
	}
	return names
}

// TellProtected names the rings that are protected from deletion and go with their
// fleet.
func TellProtected(ctx context.Context, out io.Writer, fleet string) {
	for _, name := range lifecycle.ProtectedRings(ctx, fleet) {
		fmt.Fprintf(out, "Ring %s is protected from deletion; it goes with its fleet.\n", name)
	}
}
