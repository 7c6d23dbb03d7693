package doctor

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/doctor"
)

// limit bounds a whole run.
const limit = 60 * time.Second

// Command is the verb doctor.
func Command(f *invocation.Fleet) *cobra.Command {
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
			ctx, cancel := context.WithTimeoutCause(cmd.Context(), limit, fmt.Errorf("not done after %s", limit))
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
