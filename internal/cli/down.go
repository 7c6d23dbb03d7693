package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/cli/takedown"
	"github.com/ringspan/ringspan/internal/cli/terminal"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/fleet/local"
	"github.com/ringspan/ringspan/internal/fleet/remote"
)

func downCommand(f *invocation.Fleet) *cobra.Command {
	var c downChoices
	var a invocation.Account
	var path string
	cmd := &cobra.Command{
		Use: "down", Short: "Take the fleet down, with everything in it", Args: invocation.None,
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
that is protected, or that up hasn't made, stops that before anything is deleted; so does
a cluster that is another one than up found, and volumes that are kept. Of a cluster that
this machine knows nothing about it lists what would go, and asks for the fleet's name.`,
		Example: "  ringspan down\n  ringspan down --keep-data\n  ringspan down -f examples/aws.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.in, c.out, c.errOut = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
			if path != "" {
				return downFile(cmd.Context(), f, a, path, c)
			}
			p, err := deleted(f)
			if err != nil {
				return err
			}
			switch p := p.(type) {
			case inventory.Local:
				return downLocal(cmd.Context(), p.Cloud, c.keep, c.out)
			case inventory.AWS:
				return downNamed(cmd.Context(), a, p.Fleet, f.Name != "", cmd.OutOrStdout())
			case inventory.Existing:
				return c.downKnown(cmd.Context(), p, f.Name != "")
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "Nothing to take down: there is no such fleet on this machine.")
			return err
		},
	}
	cmd.Flags().BoolVar(&c.keep, "keep-data", false, "keep the data, so that up brings the same ring back")
	cmd.Flags().BoolVar(&c.leave, "leave-volumes", false, "remove the operators though volumes are kept that they would look after")
	cmd.Flags().BoolVar(&c.yes, "yes", false, "don't ask for the fleet's name")
	cmd.Flags().StringVarP(&path, "file", "f", "", "take down the fleet that this `FILE` describes")
	a.Flag(cmd)
	return cmd
}

// downChoices are what a person says with down, and where they are asked.
type downChoices struct {
	keep        bool // the data
	yes         bool // nobody is asked
	leave       bool // kept volumes, in clusters that stay
	in          io.Reader
	out, errOut io.Writer
}

// downLocal ends a fleet on this machine.
func downLocal(ctx context.Context, c *local.Cloud, keep bool, out io.Writer) error {
	d := lifecycle.LocalDown{Cloud: c, Keep: keep}
	if !keep {
		d.Begin = func(ctx context.Context) { takedown.TellProtected(ctx, out, c.Name()) }
	}
	processes, err := d.Run(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Fleet %s is down.\n  processes  0 (%d before)\n  mounts     0\n  networks   0: they lived in the processes' own namespaces\n", c.Name(), processes)
	if keep {
		_, err = fmt.Fprintf(out, "  data       kept in %s\n", c.State)
		return err
	}
	_, err = fmt.Fprintf(out, "  data       gone: %s\n", c.State)
	return err
}

// downFile takes the fleet of a file down.
func downFile(ctx context.Context, f *invocation.Fleet, a invocation.Account, path string, choices downChoices) error {
	file, err := f.Load(path)
	if err != nil {
		return err
	}
	if file.Fleet.Spec.Provider == fleetv1.ProviderLocal {
		c, err := local.New(file.Fleet.Name)
		if err != nil {
			return err
		}
		return downLocal(ctx, c, choices.keep, choices.out)
	}
	if file.Fleet.Spec.Provider == fleetv1.ProviderExisting {
		d, err := lifecycle.DownOfFile(ctx, file)
		if err != nil {
			return err
		}
		return choices.downExisting(ctx, d)
	}
	a.Account = a.Of(file)
	return downFleet(ctx, a, file.Fleet.Name, &file.Fleet.Spec, choices.out)
}

// downFleet deletes a fleet in AWS; spec may be nil.
func downFleet(ctx context.Context, a invocation.Account, name string, spec *fleetv1.FleetSpec, out io.Writer) error {
	c, err := a.Open(ctx)
	if err != nil {
		return err
	}
	return takedown.InAWS(ctx, c, name, spec, out)
}

// downNamed deletes a fleet in AWS that this machine knows, by its tags.
func downNamed(ctx context.Context, a invocation.Account, f *remote.Fleet, asked bool, out io.Writer) error {
	if !asked {
		return fmt.Errorf("nothing was deleted: fleet %s is in AWS, in account %s; say `ringspan down --fleet %s`, or -f FILE", f.Name(), f.Account, f.Name())
	}
	if a.Endpoint == "" {
		a.Endpoint = f.Endpoint
	}
	return downFleet(ctx, a, f.Name(), nil, out)
}

// deleted is the fleet to take down; nil when there is none of that name.
func deleted(f *invocation.Fleet) (inventory.Fleet, error) {
	all, err := inventory.Names()
	if err != nil {
		return nil, err
	}
	if f.Name == "" && len(all) == 0 || f.Name != "" && !slices.Contains(all, f.Name) {
		return nil, nil //nolint:nilnil // no fleet is no error here
	}
	return f.Known()
}

// downKnown takes a fleet that this machine knows out of the clusters of others.
func (c downChoices) downKnown(ctx context.Context, f inventory.Existing, asked bool) error {
	if !asked {
		return fmt.Errorf("nothing was deleted: fleet %s is in clusters of %s; say `ringspan down --fleet %s`, or -f FILE", f.Name(), f.Account, f.Name())
	}
	d, err := lifecycle.DownOfKnown(f)
	if err != nil {
		return err
	}
	return c.downExisting(ctx, d)
}

// downExisting takes a fleet out of clusters that stay.
func (c downChoices) downExisting(ctx context.Context, d *lifecycle.ExistingDown) error {
	if c.keep {
		return errors.New("nothing was deleted: --keep-data is for a fleet on this machine; in clusters that stay, a ring's data is kept by not deleting the ring")
	}
	d.LeaveVolumes, d.Tell = c.leave, func(line string) { fmt.Fprintln(c.out, line) }
	d.Agree = func(ctx context.Context, u lifecycle.Unrecorded) error { return c.agree(ctx, d.Fleet.Name(), u) }
	return d.Run(ctx)
}

// agree asks for the fleet's name before anything is deleted in clusters of which this
// machine has no record. It lists what would go.
func (c downChoices) agree(ctx context.Context, name string, u lifecycle.Unrecorded) error {
	if c.yes {
		return nil
	}
	list := fmt.Sprintf("this machine has no record of the cluster of %s. With fleet %s would go, with all data:\n  %s\n", strings.Join(u.Regions, ", "), name, strings.Join(u.Lines, "\n  "))
	if !terminal.Is(c.in) || !terminal.Is(c.errOut) {
		return fmt.Errorf("%sThere is no terminal to ask on: say --yes if that is meant", list)
	}
	return terminal.Ask(ctx, c.in, c.errOut, list+"Type the fleet's name, "+name+", to delete that: ", name)
}
