package task

import (
	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/task/client"
)

func (c *call) statusCommand() *cobra.Command {
	var output invocation.Output
	var q client.Which
	cmd := &cobra.Command{
		Use: "status TASK", Short: "Show how far a task is, and what it waits for", Args: invocation.One("TASK"),
		Long: `Status shows a task with its datacenters and pods: how far each is, and what the
operators say that is waited for. Of a region that doesn't answer is shown what the
others have last seen.`,
		Example:           "  ringspan task status cleanup-20261130-101500\n  ringspan task status nightly -n shop -o json",
		ValidArgsFunction: c.completeTasks(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			_, seen, err := c.look(cmd, client.About{Rings: true, Tasks: true})
			if err != nil {
				return err
			}
			q.Name = args[0]
			view, err := seen.Find(q)
			if err != nil {
				return err
			}
			if output.Format == "json" {
				return invocation.PrintJSON(cmd.OutOrStdout(), view)
			}
			return client.Render(cmd.OutOrStdout(), &view)
		},
	}
	c.which(cmd, &q)
	output.Flag(cmd, "text", "json")
	return cmd
}
