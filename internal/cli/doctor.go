package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/doctor"
	"github.com/ringspan/ringspan/internal/doctor/pods"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/network"
	"github.com/ringspan/ringspan/internal/region"
)

// doctorLimit bounds a whole run.
const doctorLimit = 60 * time.Second

func doctorCommand(f *invocation.Fleet) *cobra.Command {
	var output invocation.Output
	var path string
	var a invocation.Account
	cmd := &cobra.Command{
		Use: "doctor", Short: "Find out what is wrong with the network between regions", Args: invocation.None,
		Long: `Doctor puts a small pod into every zone of every region, lets all of them measure
how they reach each other, and takes them away: every port that regions need of
each other, in both directions; the address from which connections are seen; the
largest packet; round trips; clocks; DNS; the other regions' API servers. It may
run at any time, before the first boot too, and takes less than a minute.

From AWS's API, or the embedded cloud's, it also reads what decides over packets: routes,
security groups, network ACLs, peerings, the settings of the network plugin; a fault that
explains what was measured is told in its place. With -f FILE it does only that: nothing
runs in the clusters, which need not answer.

One fault is one line, with the regions, the cause and the fix. The exit code is 0
when there is no fault, and 1 when there is one. Warnings say what works, and
would work better otherwise.`,
		Example: `  ringspan doctor
  ringspan doctor -f examples/aws.yaml    # from AWS's API alone
  ringspan doctor -o json | jq '.findings[] | {from, to, ports, cause}'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeoutCause(cmd.Context(), doctorLimit, fmt.Errorf("not done after %s", doctorLimit))
			defer cancel()
			if path != "" {
				report, err := examineFile(ctx, a, f, path)
				if err != nil {
					return err
				}
				return showReport(cmd.OutOrStdout(), report, output.Format == "json")
			}
			c, all, err := f.Running(ctx)
			if err != nil {
				return err
			}
			report, err := examine(ctx, c, all)
			if err != nil {
				return err
			}
			report.Fleet = c.Name()
			return showReport(cmd.OutOrStdout(), report, output.Format == "json")
		},
	}
	output.Flag(cmd, "text", "json")
	cmd.Flags().StringVarP(&path, "file", "f", "", "look at the fleet that this `FILE` describes from AWS's API alone")
	_ = cmd.RegisterFlagCompletionFunc("file", invocation.CompleteYAML)
	a.Flag(cmd)
	return cmd
}

// examine measures, and explains what it finds by what the cloud says of itself.
func examine(ctx context.Context, p inventory.Fleet, all []region.Region) (doctor.Report, error) {
	begin := time.Now()
	said := make(chan func() ([]network.Finding, error), 1)
	go func() {
		findings, err := causes(ctx, p, all)
		said <- func() ([]network.Finding, error) { return findings, err }
	}()
	seen, err := pods.Examine(ctx, pods.Of(all))
	report := doctor.Diagnose(seen)
	known, asked := (<-said)()
	if asked != nil {
		known = []network.Finding{unasked(p.Name(), asked)}
	}
	report.Findings = network.Explain(known, report.Findings)
	report.Healthy = len(report.Faults()) == 0
	report.Seconds = time.Since(begin).Seconds()
	return report, err
}

// causes are what AWS's API shows to be wrong with a fleet.
func causes(ctx context.Context, p inventory.Fleet, all []region.Region) ([]network.Finding, error) {
	c, err := p.OpenProvider(ctx)
	if err != nil {
		return nil, err
	}
	var spec fleetv1.FleetSpec
	for _, r := range all {
		spec.Regions = append(spec.Regions, fleetv1.Region{Name: r.Name})
	}
	found, err := apiView(ctx, c, p.Name(), &spec)
	if provision.IsNotSupported(err) {
		return nil, nil // what was measured stands by itself
	}
	return found, err
}

// apiView is what the API shows to be wrong.
func apiView(ctx context.Context, c provision.Provider, fleet string, spec *fleetv1.FleetSpec) ([]network.Finding, error) {
	cloud, missing, err := c.Describe(ctx, fleet, spec)
	if err != nil {
		return nil, err
	}
	found := network.Check(cloud)
	for _, name := range missing {
		found = append(found, network.Finding{Severity: network.Fault, Check: network.Probe, From: name, Cause: "it has no cluster with nodes yet", Fix: "`ringspan up` makes it"})
	}
	network.Sort(found)
	return found, nil
}

// unasked: what was measured stands by itself.
func unasked(fleet string, err error) network.Finding {
	return network.Finding{Severity: network.Warning, Check: network.Probe, From: fleet, Cause: "AWS's API can't be asked for causes: " + err.Error(), Fix: "look at your credentials; what was measured stands without it"}
}

// examineFile looks at the fleet of a file from the API alone.
func examineFile(ctx context.Context, a invocation.Account, f *invocation.Fleet, path string) (doctor.Report, error) {
	begin := time.Now()
	file, err := f.Load(path)
	if err != nil {
		return doctor.Report{}, err
	}
	c, spec, err := a.Reach(ctx, file)
	if err != nil {
		return doctor.Report{}, err
	}
	found, err := apiView(ctx, c, file.Fleet.Name, &spec)
	if provision.IsNotSupported(err) {
		err = fmt.Errorf("%s: %w; run doctor without -f, which measures them", path, err)
	}
	if err != nil {
		return doctor.Report{}, err
	}
	r := doctor.Report{Fleet: file.Fleet.Name, Findings: found, Probes: []doctor.Probe{}, Pairs: []doctor.Pair{}, Seconds: time.Since(begin).Seconds()}
	if r.Findings == nil {
		r.Findings = []network.Finding{}
	}
	r.Healthy = len(r.Faults()) == 0
	return r, nil
}

// showReport prints it; a fault makes the program fail.
func showReport(out io.Writer, r doctor.Report, asJSON bool) (err error) {
	if asJSON {
		err = invocation.PrintJSON(out, r)
	} else {
		err = doctor.Render(out, r)
	}
	if err == nil && !r.Healthy {
		return invocation.Exit(invocation.ExitFailed)
	}
	return err
}
