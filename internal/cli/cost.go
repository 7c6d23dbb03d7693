package cli

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/cost"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

func costCommand(f *invocation.Fleet) *cobra.Command {
	var a invocation.Account
	var output invocation.Output
	var present bool
	cmd := &cobra.Command{
		Use: "cost FILE", Short: "Estimate what a fleet costs in AWS in a month", Args: invocation.One("FILE"),
		Long: `Cost estimates what the fleet of a file costs in a month, from list prices that are
part of this program and carry their date. Traffic, snapshots and the databases'
volumes come on top. With --present it reckons what is there now instead.`,
		Example:           "  ringspan cost fleet.yaml\n  ringspan cost fleet.yaml --present -o json",
		ValidArgsFunction: invocation.CompleteYAML,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			file, err := load(f, args[0])
			if err != nil {
				return err
			}
			c, err := a.Of(file).Open(cmd.Context())
			if err != nil {
				return err
			}
			estimate, err := reckon(cmd.Context(), c, file, present)
			if err != nil {
				return err
			}
			if output.Format == "json" {
				return invocation.PrintJSON(cmd.OutOrStdout(), estimate)
			}
			return printCost(cmd.OutOrStdout(), estimate)
		},
	}
	a.Flag(cmd)
	cmd.Flags().BoolVar(&present, "present", false, "reckon what is there now, not what the file asks for")
	output.Flag(cmd, "text", "json")
	return cmd
}

// load reads the file of a fleet in AWS; other fleets cost nothing.
func load(f *invocation.Fleet, path string) (*fleet.File, error) {
	file, err := f.Load(path)
	if err == nil && file.Fleet.Spec.Provider != fleetv1.ProviderAWS {
		err = fmt.Errorf("%s: spec.provider is %s, and cost is for aws: %s", path, file.Fleet.Spec.Provider, unpaid(file.Fleet.Spec.Provider))
	}
	return file, err
}

// unpaid says why a fleet of another provider than AWS costs nothing.
func unpaid(p fleetv1.Provider) string {
	if p == fleetv1.ProviderExisting {
		return "it makes nothing that costs"
	}
	return "on this machine a fleet costs nothing"
}

// reckon estimates what is there now, or what the file asks for.
func reckon(ctx context.Context, p provision.Provider, f *fleet.File, present bool) (cost.Estimate, error) {
	if present {
		seen, err := p.Observe(ctx, p.Question(f.Fleet.Name, &f.Fleet.Spec))
		if err != nil {
			return cost.Estimate{}, err
		}
		return cost.OfFound(seen.Found), nil
	}
	r, err := provision.Plan(ctx, p, provision.Request{Fleet: f.Fleet.Name, Spec: f.Fleet.Spec})
	if err != nil {
		return cost.Estimate{}, err
	}
	return cost.Of(r.Wanted), nil
}

func printCost(out io.Writer, e cost.Estimate) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "count\teach $/month\t$/month\t\t")
	for _, l := range e.Lines {
		where := l.Region
		if where != "" {
			where = " in " + where
		}
		fmt.Fprintf(w, "%d\t%.2f\t%.2f\t\t%s\n", l.Count, l.Each, l.Monthly, l.What+where)
	}
	fmt.Fprintf(w, "\t\t%.2f\t\tin all\n", e.Monthly)
	if err := w.Flush(); err != nil {
		return err
	}
	for _, u := range e.Unknown {
		fmt.Fprintf(out, "Not reckoned: %s\n", u)
	}
	for _, b := range e.Besides {
		fmt.Fprintf(out, "Besides: %s\n", b)
	}
	_, err := fmt.Fprintf(out, "Prices: %s\n", e.Source)
	return err
}
