package down

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ringspan/ringspan/internal/cli/terminal"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
)

// inKnown takes a fleet that this machine knows out of the clusters of others.
func (c choices) inKnown(ctx context.Context, f inventory.Existing, asked bool) error {
	if !asked {
		return fmt.Errorf("nothing was deleted: fleet %s is in clusters of %s; say `ringspan down --fleet %s`, or -f FILE", f.Name(), f.Account, f.Name())
	}
	d, err := lifecycle.DownOfKnown(f)
	if err != nil {
		return err
	}
	return c.inExisting(ctx, d)
}

// inExisting takes a fleet out of clusters that stay.
func (c choices) inExisting(ctx context.Context, d *lifecycle.ExistingDown) error {
	if c.keep {
		return errors.New("nothing was deleted: --keep-data is for a fleet on this machine; in clusters that stay, a ring's data is kept by not deleting the ring")
	}
	d.LeaveVolumes, d.Tell = c.leave, func(line string) { fmt.Fprintln(c.out, line) }
	d.Agree = func(ctx context.Context, g lifecycle.Going) error { return c.agree(ctx, d.Fleet.Name(), g) }
	return d.Run(ctx)
}

// agree asks for the fleet's name before anything is deleted in clusters of which this
// machine has no record, or any Propagation. It lists what would go.
func (c choices) agree(ctx context.Context, name string, g lifecycle.Going) error {
	if c.yes {
		return nil
	}
	var why []string
	if len(g.Unrecorded) > 0 {
		why = append(why, "this machine has no record of the cluster of "+strings.Join(g.Unrecorded, ", "))
	}
	if len(g.Propagations) > 0 {
		why = append(why, "without operators nobody could end Propagation "+strings.Join(g.Propagations, ", "))
	}
	list := fmt.Sprintf("%s. With fleet %s would go, with all data:\n  %s\n", strings.Join(why, ", and "), name, strings.Join(g.Lines, "\n  "))
	if !terminal.Is(c.in) || !terminal.Is(c.errOut) {
		return fmt.Errorf("%sThere is no terminal to ask on: say --yes if that is meant", list)
	}
	return terminal.Ask(ctx, c.in, c.errOut, list+"Type the fleet's name, "+name+", to delete that: ", name)
}
