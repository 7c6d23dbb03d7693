package down

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/fleet/local"
)

// Command is the verb down.
func Command(f *invocation.Fleet) *cobra.Command {
	var c choices
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
this machine knows nothing about it lists what would go, and asks for the fleet's name.

Propagations and K8ssandraTasks, which only operators can end, are deleted before the
rings. Each object of a Propagation is deleted or stays as that says (with
spec.deletionPolicy: Orphan it stays); what becomes of each is listed, and the fleet's
name asked for, before anything is deleted. With --yes it is listed and not asked: that
agrees to the deletion of these objects too, in all regions. If what would go changes
while it is asked, nothing is deleted.`,
		Example: "  ringspan down\n  ringspan down --keep-data\n  ringspan down -f examples/aws.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.in, c.out, c.errOut = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
			if path != "" {
				return byFile(cmd.Context(), f, a, path, c)
			}
			p, err := deleted(f)
			if err != nil {
				return err
			}
			switch p := p.(type) {
			case inventory.Local:
				return inLocal(cmd.Context(), p.Cloud, c.keep, c.out)
			case inventory.AWS:
				return inAWSNamed(cmd.Context(), a, p.Fleet, f.Name != "", cmd.OutOrStdout())
			case inventory.Existing:
				return c.inKnown(cmd.Context(), p, f.Name != "")
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "Nothing to take down: there is no such fleet on this machine.")
			return err
		},
	}
	cmd.Flags().BoolVar(&c.keep, "keep-data", false, "keep the data, so that up brings the same ring back")
	cmd.Flags().BoolVar(&c.leave, "leave-volumes", false, "remove the operators though volumes are kept that they would look after")
	cmd.Flags().BoolVar(&c.yes, "yes", false, "don't ask for the fleet's name: agree to all that goes, Propagations' objects too")
	cmd.Flags().StringVarP(&path, "file", "f", "", "take down the fleet that this `FILE` describes")
	a.Flag(cmd)
	return cmd
}

// choices are what a person says with down, and where they are asked.
type choices struct {
	keep        bool // the data
	yes         bool // nobody is asked
	leave       bool // kept volumes, in clusters that stay
	in          io.Reader
	out, errOut io.Writer
}

// byFile takes the fleet of a file down.
func byFile(ctx context.Context, f *invocation.Fleet, a invocation.Account, path string, c choices) error {
	file, err := f.Load(path)
	if err != nil {
		return err
	}
	if file.Fleet.Spec.Provider == fleetv1.ProviderLocal {
		cloud, err := local.New(file.Fleet.Name)
		if err != nil {
			return err
		}
		return inLocal(ctx, cloud, c.keep, c.out)
	}
	if file.Fleet.Spec.Provider == fleetv1.ProviderExisting {
		d, err := lifecycle.DownOfFile(ctx, file)
		if err != nil {
			return err
		}
		return c.inExisting(ctx, d)
	}
	a.Account = a.Of(file)
	return inAWS(ctx, a, file.Fleet.Name, &file.Fleet.Spec, c.out)
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
