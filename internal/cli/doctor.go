package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/doctor"
	"github.com/ringspan/ringspan/internal/doctor/pods"
)

// doctorLimit bounds a whole run.
const doctorLimit = 60 * time.Second

func doctorCommand(o *options) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "doctor", Short: "Find out what is wrong with the network between regions", Args: none,
		Long: `Doctor puts a small pod into every zone of every region, lets all of them measure
how they reach each other, and takes them away: every port that regions need of
each other, in both directions; the address from which connections are seen; the
largest packet; round trips; clocks; DNS; the other regions' API servers. It may
run at any time, before the first boot too, and takes less than a minute.

One fault is one line, with the regions, the cause and the fix. The exit code is 0
when there is no fault, and 1 when there is one. Warnings say what works, and
would work better otherwise.`,
		Example: `  ringspan doctor
  ringspan doctor -o json | jq '.findings[] | {from, to, ports, cause}'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf(cmd, "-o", output, "text", "json"); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeoutCause(cmd.Context(), doctorLimit, fmt.Errorf("not done after %s", doctorLimit))
			defer cancel()
			c, all, err := o.running(ctx)
			if err != nil {
				return err
			}
			report, err := examine(ctx, all)
			if err != nil {
				return err
			}
			report.Fleet = c.Name()
			return showReport(cmd.OutOrStdout(), report, output == "json")
		},
	}
	outputFlag(cmd, &output, "text", "json")
	return cmd
}

func examine(ctx context.Context, all []region) (doctor.Report, error) {
	begin := time.Now()
	seen, err := pods.Examine(ctx, probed(all))
	report := doctor.Diagnose(seen)
	report.Seconds = time.Since(begin).Seconds()
	return report, err
}

func probed(all []region) (list []pods.Region) {
	for _, r := range all {
		list = append(list, pods.Region{Name: r.name, Config: r.config, Client: r.client})
	}
	return list
}

// showReport prints it; a fault makes the program fail.
func showReport(out io.Writer, r doctor.Report, asJSON bool) (err error) {
	if asJSON {
		err = printJSON(out, r)
	} else {
		err = doctor.Render(out, r)
	}
	if err == nil && !r.Healthy {
		return exitError(exitFailed)
	}
	return err
}
