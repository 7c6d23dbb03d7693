package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func gcCommand() *cobra.Command {
	var a account
	var output string
	var remove bool
	cmd := &cobra.Command{
		Use: "gc", Short: "Find the fleets in AWS whose time is past, and delete them", Args: none,
		Long: `Gc finds every fleet of the account by its tags, in all regions, and says which are
past their spec.expires. With --delete it takes those down, as down does. Fleets
without an expiry are never touched.`,
		Example: "  ringspan gc\n  ringspan gc --delete",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf(cmd, "-o", output, "text", "json"); err != nil {
				return err
			}
			c, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			all, err := c.Fleets(cmd.Context())
			if err != nil {
				return err
			}
			if output == "json" {
				if err := printJSON(cmd.OutOrStdout(), all); err != nil {
					return err
				}
			} else {
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "FLEET\tREGIONS\tRESOURCES\tEXPIRES")
				for _, f := range all {
					expires := f.Expires
					switch {
					case expires == "":
						expires = "never"
					case !f.Deadline.IsZero() && f.Deadline.Before(time.Now()):
						expires += " (past)"
					}
					fmt.Fprintf(w, "%s\t%d\t%d\t%s\n", f.Name, len(f.Regions), f.Resources, expires)
				}
				if err := w.Flush(); err != nil {
					return err
				}
			}
			if !remove {
				return nil
			}
			for _, f := range all {
				if f.Deadline.IsZero() || f.Deadline.After(time.Now()) {
					continue
				}
				if err := downAWS(cmd.Context(), c, f.Name, nil, cmd.ErrOrStderr()); err != nil {
					return fmt.Errorf("fleet %s: %w", f.Name, err)
				}
			}
			return nil
		},
	}
	a.flags(cmd)
	cmd.Flags().BoolVar(&remove, "delete", false, "take the fleets down whose time is past")
	outputFlag(cmd, &output, "text", "json")
	return cmd
}
