package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/fleet/local"
)

func downCommand(o *options) *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use: "down", Short: "Take the fleet down, with everything in it", Args: cobra.NoArgs,
		Long: `Down stops every node, cluster and network of the fleet and removes its data.
With --keep-data the data stays, and "ringspan up" brings the same ring back.
A fleet that is down already is no error.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			names, err := local.Names()
			if err != nil {
				return err
			}
			if o.fleet == "" && len(names) == 0 {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "No fleet is on this machine: nothing to take down.")
				return err
			}
			c, err := o.cloud()
			if err != nil {
				return err
			}
			if _, err := os.Stat(c.State); os.IsNotExist(err) {
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "Fleet %s is not on this machine: nothing to take down.\n", filepath.Base(c.State))
				return err
			}
			unlock, err := c.Lock()
			if err != nil {
				return err
			}
			defer unlock()
			if err := c.Down(cmd.Context(), !keep); err != nil {
				return err
			}
			return reportDown(cmd, c, keep)
		},
	}
	cmd.Flags().BoolVar(&keep, "keep-data", false, "keep the data, so that `ringspan up` brings the same ring back")
	return cmd
}

// reportDown proves what is left: no process, and no data unless asked for.
func reportDown(cmd *cobra.Command, c *local.Cloud, keep bool) error {
	name := filepath.Base(c.State)
	if keep {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "Fleet %s is down: no process of it runs. Its data is kept in %s.\n", name, c.State)
		return err
	}
	if _, err := os.Stat(c.State); err == nil {
		return fmt.Errorf("%s is still there", c.State)
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "Fleet %s is down: no process of it runs, and its data is gone.\n", name)
	return err
}
