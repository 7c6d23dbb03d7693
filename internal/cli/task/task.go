package task

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/task/client"
)

// call is one call of a verb of `task`.
type call struct {
	fleet *invocation.Fleet
}

// Command is the verb task.
func Command(f *invocation.Fleet) *cobra.Command {
	c := &call{fleet: f}
	cmd := &cobra.Command{
		Use: "task", Short: "Run operations such as cleanup or restart over a ring's nodes",
		Long: `Task works on tasks: one command, such as cleanup or restart, over the nodes of a
datacenter (a CassandraTask) or of several (a K8ssandraTask). The operators carry it
out, whether this program runs or not. docs/guide/tasks.md has the rest.`,
		Example: `  ringspan task commands
  ringspan task run cleanup --keyspace shop
  ringspan task status cleanup-20261130-101500`,
		Args: invocation.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.runCommand(), c.listCommand(), c.statusCommand(), c.deleteCommand(), commandsCommand())
	return cmd
}

// look asks the fleet's regions, and names those that don't answer on standard error.
func (c *call) look(cmd *cobra.Command, about client.About) ([]region.Region, client.Seen, error) {
	_, regions, err := c.fleet.Running(cmd.Context())
	if err != nil {
		return nil, nil, err
	}
	seen, err := client.Look(cmd.Context(), regions, about)
	for _, away := range seen.Away() {
		fmt.Fprintln(cmd.ErrOrStderr(), away)
	}
	return regions, seen, err
}

// completeTimeout bounds what a shell waits for when it completes a name.
const completeTimeout = 3 * time.Second

// complete asks the regions for names; those that don't answer are left out.
func (c *call) complete(about client.About, names func(client.Seen) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), completeTimeout)
		defer cancel()
		_, regions, err := c.fleet.Running(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp // a completion can't tell of an error
		}
		seen, err := client.Look(ctx, regions, about)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(seen), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeTasks names the tasks, for a verb that takes one.
func (c *call) completeTasks() cobra.CompletionFunc {
	named := c.complete(client.About{Tasks: true}, func(s client.Seen) (names []string) {
		for _, v := range s.Views() {
			names = append(names, v.Name)
		}
		return names
	})
	return func(cmd *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return named(cmd, args, start)
	}
}

// which are the flags that choose among tasks.
func (c *call) which(cmd *cobra.Command, q *client.Which) {
	cmd.Flags().StringVarP(&q.Namespace, "namespace", "n", "", "`NAMESPACE` of the task (default: any)")
	cmd.Flags().StringVar(&q.Region, "region", "", "`REGION` of a task of one datacenter (default: any)")
	_ = cmd.RegisterFlagCompletionFunc("region", invocation.CompleteRegions(c.fleet))
}
