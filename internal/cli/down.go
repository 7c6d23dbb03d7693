package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/local"
	"github.com/ringspan/ringspan/internal/fleet/remote"
)

func downCommand(o *options) *cobra.Command {
	var keep bool
	var a account
	var path string
	cmd := &cobra.Command{
		Use: "down", Short: "Take the fleet down, with everything in it", Args: none,
		Long: `Down stops every node, cluster and network of the fleet, removes its data, and
shows that nothing is left. With --keep-data the data stays, and ` + "`ringspan up`" + `
brings the same ring back. A fleet that is down already is no error.

A fleet in AWS is taken down by its file (-f) or its name (--fleet): everything with the
fleet's tag is deleted, in all regions, workloads' leftovers first and networks last,
until nothing with the tag is left. What others have put into its networks stops that, by
name.

Rings that are protected from deletion go with their fleet; they are named first.

Of a fleet in clusters that were there before it (provider existing), the rings that up
has made and the operators are removed; the clusters, and all else in them, stay. A ring
that is protected, or that up hasn't made, stops that before anything is deleted.`,
		Example: "  ringspan down\n  ringspan down --keep-data\n  ringspan down -f examples/aws.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if path != "" {
				return a.down(cmd.Context(), o, path, keep, cmd.OutOrStdout())
			}
			p, err := o.deleted()
			if err != nil {
				return err
			}
			switch p := p.(type) {
			case inventory.Local:
				return downHere(cmd.Context(), p.Cloud, keep, cmd.OutOrStdout())
			case inventory.AWS:
				return a.downNamed(cmd.Context(), p.Fleet, o.fleet != "", cmd.OutOrStdout())
			case inventory.Existing:
				return downExistingNamed(cmd.Context(), p, o.fleet != "", keep, cmd.OutOrStdout())
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "Nothing to take down: there is no such fleet on this machine.")
			return err
		},
	}
	cmd.Flags().BoolVar(&keep, "keep-data", false, "keep the data, so that up brings the same ring back")
	cmd.Flags().StringVarP(&path, "file", "f", "", "take down the fleet that this `FILE` describes")
	a.flags(cmd)
	return cmd
}

// downHere ends a fleet on this machine.
func downHere(ctx context.Context, c *local.Cloud, keep bool, out io.Writer) error {
	unlock, err := c.Lock()
	if _, ok := errors.AsType[local.Busy](err); ok {
		return fmt.Errorf("%w: end that first, or wait for it", err)
	}
	if err != nil {
		return err
	}
	defer unlock()
	before, err := c.Leftovers()
	if err != nil {
		return err
	}
	if !keep {
		tellProtected(ctx, out, c.Name())
	}
	if err := c.Down(ctx, !keep); err != nil {
		return err
	}
	return proveDown(ctx, out, c, keep, len(before.Processes))
}

func (a account) down(ctx context.Context, o *options, path string, keep bool, out io.Writer) error {
	file, err := load(o, path)
	if err != nil {
		return err
	}
	if file.Fleet.Spec.Provider == fleetv1.ProviderLocal {
		c, err := local.New(file.Fleet.Name)
		if err != nil {
			return err
		}
		return downHere(ctx, c, keep, out)
	}
	if file.Fleet.Spec.Provider == fleetv1.ProviderExisting {
		return downExistingFile(ctx, file, keep, out)
	}
	a.Account = a.Of(file)
	return a.downFleet(ctx, file.Fleet.Name, &file.Fleet.Spec, out)
}

// downFleet deletes a fleet in AWS; spec may be nil.
func (a account) downFleet(ctx context.Context, name string, spec *fleetv1.FleetSpec, out io.Writer) error {
	c, err := a.Open(ctx)
	if err != nil {
		return err
	}
	tellProtected(ctx, out, name)
	if err := downAWS(ctx, c, name, spec, out); err != nil {
		return err
	}
	home, err := remote.New(name, remote.Record{})
	if err != nil {
		return err
	}
	return home.Forget()
}

// downNamed deletes a fleet in AWS that this machine knows, by its tags.
func (a account) downNamed(ctx context.Context, f *remote.Fleet, asked bool, out io.Writer) error {
	if !asked {
		return fmt.Errorf("nothing was deleted: fleet %s is in AWS, in account %s; say `ringspan down --fleet %s`, or -f FILE", f.Name(), f.Account, f.Name())
	}
	if a.Endpoint == "" {
		a.Endpoint = f.Endpoint
	}
	return a.downFleet(ctx, f.Name(), nil, out)
}

// deleted is the fleet to take down; nil when there is none of that name.
func (o *options) deleted() (inventory.Fleet, error) {
	all, err := inventory.Names()
	if err != nil {
		return nil, err
	}
	if o.fleet == "" && len(all) == 0 || o.fleet != "" && !slices.Contains(all, o.fleet) {
		return nil, nil //nolint:nilnil // no fleet is no error here
	}
	return o.known()
}

// endTimeout is how long the kernel may take to end killed processes.
const endTimeout = 20 * time.Second

// proveDown looks for what could be left, and tells.
func proveDown(ctx context.Context, out io.Writer, c *local.Cloud, keep bool, processes int) error {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		left, err := c.Leftovers()
		if err != nil {
			return err
		}
		if len(left.Processes) == 0 && len(left.Mounts) == 0 && (keep || !left.Data) {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("something of fleet %s is left: %s", c.Name(), left)
		case <-tick.C:
		}
	}
	fmt.Fprintf(out, "Fleet %s is down.\n  processes  0 (%d before)\n  mounts     0\n  networks   0: they lived in the processes' own namespaces\n", c.Name(), processes)
	if keep {
		_, err := fmt.Fprintf(out, "  data       kept in %s\n", c.State)
		return err
	}
	_, err := fmt.Fprintf(out, "  data       gone: %s\n", c.State)
	return err
}
