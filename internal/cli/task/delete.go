package task

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/task/client"
)

func (c *call) deleteCommand() *cobra.Command {
	var q client.Which
	cmd := &cobra.Command{
		Use: "delete TASK", Short: "Delete a task: nothing more of it begins", Args: invocation.One("TASK"),
		Long: `Delete takes a task away, in all regions. One that runs begins nothing more; what a
node has begun it ends (nodetool stop stops it).`,
		Example:           "  ringspan task delete cleanup-20261130-101500",
		ValidArgsFunction: c.completeTasks(),
		RunE: func(cmd *cobra.Command, args []string) error {
			regions, seen, err := c.look(cmd, client.About{Tasks: true})
			if err != nil {
				return err
			}
			q.Name = args[0]
			view, err := seen.Find(q)
			if err != nil {
				return err
			}
			where, err := client.Delete(cmd.Context(), regions, seen, &view)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), client.Text(&view, where))
			return err
		},
	}
	c.which(cmd, &q)
	return cmd
}
