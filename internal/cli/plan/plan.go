package plan

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/cost"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/fleet/local"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// Exit codes of plan: there is something to do; there is nothing as far as regions answer, and one doesn't.
const (
	exitChanges = 2
	exitUnknown = 3
)

// Command is the verb plan.
func Command(f *invocation.Fleet) *cobra.Command {
	var a invocation.Account
	var output invocation.Output
	var network, prune bool
	cmd := &cobra.Command{
		Use: "plan FILE", Short: "Say what up would make, change and remove", Args: invocation.One("FILE"),
		Long: `Plan compares the fleet of a file with what the account holds, and says what up
would do: every step, by region, in an order that can be kept; the quotas that the
steps need; and what the whole fleet costs in a month. It changes nothing.

Of each ring that runs it says what the edit does, before it does: which pods are
restarted, in which order and why, which nodes join and leave, which volumes grow,
what is refused. It asks the operators' own planner, with what every region says now.
A file without a Fleet may hold K8ssandraClusters and CassandraDatacenters, as kubectl
applies them, of a fleet that runs.

The exit code is 0 when there is nothing to do, 2 when there is, 3 when there is
nothing as far as regions answer and one doesn't, and 1 when up would refuse, or when
the account can't be looked at.`,
		Example: `  ringspan plan fleet.yaml
  ringspan plan ring.yaml                          # a K8ssandraCluster or CassandraDatacenter
  ringspan plan fleet.yaml -o json | jq '.rings[].datacenters[].events'`,
		ValidArgsFunction: invocation.CompleteYAML,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			alone, err := fleet.Manifests(args[0])
			if err != nil {
				return err
			}
			if len(alone) > 0 {
				return planManifests(cmd, f, output, args[0], alone)
			}
			file, err := f.Load(args[0])
			if err != nil {
				return err
			}
			r, err := compare(cmd.Context(), a, file, lifecycle.Scope{Network: network, Prune: prune})
			if err != nil {
				return err
			}
			if !network {
				if r.Rings, err = ringsOf(cmd.Context(), file); err != nil {
					return err
				}
			}
			return r.show(cmd, output)
		},
	}
	a.Flag(cmd)
	cmd.Flags().BoolVar(&network, "network-only", false, "plan networks and what connects them, no clusters")
	cmd.Flags().BoolVar(&prune, "prune", false, "plan to delete what is no longer in the file, with the data in it")
	output.Flag(cmd, "text", "json")
	return cmd
}

// show prints the plan, and makes the exit code of it.
func (r planned) show(cmd *cobra.Command, output invocation.Output) error {
	var err error
	if output.Format == "json" {
		err = invocation.PrintJSON(cmd.OutOrStdout(), r)
	} else if err = r.print(cmd.OutOrStdout()); err == nil {
		printRings(cmd.OutOrStdout(), r.Rings)
	}
	switch {
	case err != nil:
		return err
	case len(r.Refused) > 0:
		return invocation.Exit(invocation.ExitFailed)
	case len(r.Steps) > 0:
		return invocation.Exit(exitChanges)
	}
	return exitOf(r.Rings)
}

// planManifests is for a file that kubectl would apply.
func planManifests(cmd *cobra.Command, f *invocation.Fleet, output invocation.Output, path string, all []fleet.Manifest) error {
	rings, err := manifests(cmd.Context(), f, path, all)
	switch {
	case err != nil:
		return err
	case output.Format == "json":
		err = invocation.PrintJSON(cmd.OutOrStdout(), struct {
			Rings []ring `json:"rings"`
		}{rings})
	default:
		printRings(cmd.OutOrStdout(), rings)
	}
	if err != nil {
		return err
	}
	return exitOf(rings)
}

// costOf is nil where the provider has no prices.
func costOf(c provision.Provider, wanted *infra.Desired) (*cost.Estimate, error) {
	estimate, err := c.Cost(wanted)
	if provision.IsNotSupported(err) {
		return nil, nil //nolint:nilnil // a plan without costs is no error
	}
	return &estimate, err
}

// compare compares a file with its account. A fleet on this machine that isn't there
// yet has an empty one.
func compare(ctx context.Context, a invocation.Account, f *fleet.File, s lifecycle.Scope) (planned, error) {
	c, spec, err := a.Reach(ctx, f)
	request := provision.Request{Fleet: f.Fleet.Name, Spec: spec, NetworkOnly: s.Network, Prune: s.Pruned()}
	var d *provision.Round
	var estimate *cost.Estimate
	calls := 0
	switch {
	case errors.Is(err, inventory.ErrNotRunning):
		d, err = local.Blank(request)
	case err == nil:
		d, err = provision.Plan(ctx, c, request)
		calls = c.CallCount()
		if err == nil {
			estimate, err = costOf(c, d.Wanted)
		}
	}
	if err != nil {
		return planned{}, err
	}
	r := newPlanned(f.Fleet.Name, d)
	r.Calls, r.Cost, r.existing = calls, estimate, f.Fleet.Spec.Provider == fleetv1.ProviderExisting
	if f.Fleet.Spec.Provider != fleetv1.ProviderAWS {
		r.Quotas = nil // this machine's own limits are no account's
	}
	return r, nil
}
