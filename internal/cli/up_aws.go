package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/aws"
)

// awsUp is a run of up for a fleet in AWS: networks, what connects them, and
// clusters. Operators and rings don't come there yet.
type awsUp struct {
	account
	infrastructure, networkOnly, prune bool
}

func (u awsUp) run(ctx context.Context, out io.Writer, file *fleet.File, timeout time.Duration) error {
	if len(file.Rings) > 0 && !u.infrastructure && !u.networkOnly {
		return errors.New("nothing was made: provider aws brings up networks and clusters, and no rings yet in this version; say --infrastructure-only (or --network-only) to have those")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("not done after %s (--timeout); run up again: it goes on from what is there", timeout))
	defer cancel()
	c, err := u.open(ctx, globalRegion)
	if err != nil {
		return err
	}
	wish := aws.Wish{Fleet: file.Fleet.Name, Spec: file.Fleet.Spec, NetworkOnly: u.networkOnly, Prune: u.prune}
	first, err := c.Plan(ctx, wish)
	if err != nil {
		return err
	}
	if len(first.Plan.Refused) > 0 {
		return fmt.Errorf("nothing was made:\n  %s", strings.Join(first.Plan.Refused, "\n  "))
	}
	report := infraReporter(out, "ringspan up: fleet "+file.Fleet.Name, &file.Fleet.Spec)
	report.Phase("infrastructure as the file says")
	_, err = c.Up(ctx, wish, time.Now(), func(d *aws.Draft) {
		if len(d.Plan.Steps) > 0 {
			report.Line(progress.Subject{}, fmt.Sprintf("%d steps to do", len(d.Plan.Steps)))
		}
	}, infraNews(report))
	phases := report.Close()
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
			err = fmt.Errorf("%w\n%w", err, cause)
		}
		return err
	}
	_, err = fmt.Fprintf(out, "\nFleet %s is as the file says: %.1f s, %d calls of AWS's API.\n", file.Fleet.Name, sum(phases), c.Calls.Total())
	return err
}

// downAWS deletes a fleet in AWS, and shows that nothing is left. spec may be nil.
func downAWS(ctx context.Context, c *aws.Cloud, name string, spec *fleetv1.FleetSpec, out io.Writer) error {
	report := infraReporter(out, "ringspan down: fleet "+name, spec)
	report.Phase("deleted")
	_, err := c.Down(ctx, name, spec, time.Now(), func(d *aws.Draft) {
		report.Line(progress.Subject{}, fmt.Sprintf("%d steps to do", len(d.Plan.Steps)))
	}, infraNews(report))
	report.Close()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Fleet %s is down: nothing with its tag is left in any region of account %s.\n", name, c.Account)
	return err
}
