package status

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// run is one call of `status`.
type run struct {
	fleet    *invocation.Fleet
	output   invocation.Output
	keyspace string
	out      io.Writer
}

// Command is the verb status.
func Command(f *invocation.Fleet) *cobra.Command {
	s := &run{fleet: f}
	var watch bool
	cmd := &cobra.Command{
		Use: "status", Short: "Show the fleet's rings, like nodetool status", Args: invocation.None,
		Long: `Status asks the operators and the nodes of every region and shows each ring: its
nodes with state, load, tokens and effective ownership. A region that can't be
reached is named, with the time since when its peers have missed it; of its nodes
is shown what the others see. Where all datacenters of a ring have one disruption
budget, it says which node waits for which. Above the rings are the networks, clusters and peerings
that they stand on.

-o json and -o yaml print one document per ring, in a stable shape that
docs/reference/status-json.md describes.`,
		Example: `  ringspan status
  ringspan status --watch
  ringspan status --keyspace shop
  ringspan status -o json | jq '.nodes[] | {pod, state, ownsEffective}'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.output.Check(cmd); err != nil {
				return err
			}
			s.out = cmd.OutOrStdout()
			if watch {
				return s.watch(cmd.Context())
			}
			return s.show(cmd.Context(), s.out)
		},
	}
	s.output.Flag(cmd, "table", "json", "yaml")
	cmd.Flags().StringVar(&s.keyspace, "keyspace", "", "show the ownership of `KEYSPACE` (default: the first one of a user, else system_auth)")
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "show it again every two seconds, until interrupted")
	return cmd
}

func (s *run) show(ctx context.Context, out io.Writer) error {
	c, all, err := s.fleet.Running(ctx)
	if err != nil {
		return err
	}
	statuses, err := inventory.Rings(ctx, c, all, s.keyspace)
	var base *ringstatus.Infrastructure
	if _, near := c.(inventory.Local); !near || s.output.Format == "table" { // programs ask often, and this machine has better things to do
		base = infrastructureOf(ctx, c, all)
	}
	if base != nil && s.output.Format == "table" {
		if err := ringstatus.RenderInfrastructure(out, base); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	if len(statuses) == 0 {
		return fmt.Errorf("no ring is in fleet %s", c.Name())
	}
	for i, one := range statuses {
		one.Infrastructure = base
		if err := s.print(out, i, one); err != nil {
			return err
		}
	}
	return nil
}

func (s *run) print(out io.Writer, i int, one ringstatus.Status) error {
	switch s.output.Format {
	case "json":
		return invocation.PrintJSON(out, one)
	case "yaml":
		data, err := yaml.Marshal(one)
		if err != nil {
			return err
		}
		if i > 0 {
			data = append([]byte("---\n"), data...)
		}
		_, err = out.Write(data)
		return err
	}
	return ringstatus.Render(out, one)
}
