package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/cli/terminal"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// statusRun is one call of `status`.
type statusRun struct {
	fleet    *invocation.Fleet
	output   invocation.Output
	keyspace string
	out      io.Writer
}

func statusCommand(f *invocation.Fleet) *cobra.Command {
	s := &statusRun{fleet: f}
	var watch bool
	cmd := &cobra.Command{
		Use: "status", Short: "Show the fleet's rings, like nodetool status", Args: invocation.None,
		Long: `Status asks the operators and the nodes of every region and shows each ring: its
nodes with state, load, tokens and effective ownership. A region that can't be
reached is named, with the time since when its peers have missed it; of its nodes
is shown what the others see. Above the rings are the networks, clusters and peerings
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

// watch shows the status again and again, on a terminal in the same place; what
// can't be asked now is told and tried again.
func (s *statusRun) watch(ctx context.Context) error {
	var redraw *terminal.Screen
	if s.output.Format == "table" {
		redraw = terminal.NewScreen(s.out)
	}
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		var text bytes.Buffer
		if err := s.show(ctx, &text); err != nil && ctx.Err() == nil {
			fmt.Fprintln(&text, err)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err := s.display(redraw, text.String()); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (s *statusRun) display(redraw *terminal.Screen, text string) error {
	if redraw == nil {
		_, err := io.WriteString(s.out, text)
		return err
	}
	return redraw.Show(time.Now().Format("15:04:05") + "  every 2 s; Ctrl-C ends\n\n" + text)
}

func (s *statusRun) show(ctx context.Context, out io.Writer) error {
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

func (s *statusRun) print(out io.Writer, i int, one ringstatus.Status) error {
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

// infrastructureOf asks AWS's API what a fleet stands on. What can't be asked is said, and
// hides nothing of the rings.
func infrastructureOf(ctx context.Context, p inventory.Fleet, all []region.Region) *ringstatus.Infrastructure {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	c, err := p.OpenProvider(ctx)
	if err != nil {
		return &ringstatus.Infrastructure{Message: err.Error()}
	}
	q := c.Question(p.Name(), nil)
	for _, r := range all {
		q.Regions = append(q.Regions, r.Name)
	}
	runs := make(chan map[string]string, 1)
	go func() { runs <- versions(all) }()
	seen, err := c.Observe(ctx, q)
	versions := <-runs
	if err != nil {
		return &ringstatus.Infrastructure{Account: c.Account(), Message: err.Error()}
	}
	i := ringstatus.NewInfrastructure(c.Account(), seen.Found)
	for n := range i.Sites {
		i.Sites[n].Runs = versions[i.Sites[n].Name]
	}
	return i
}

// versions of Kubernetes that the regions run, of those that answer.
func versions(all []region.Region) map[string]string {
	answers := make([]string, len(all))
	var group sync.WaitGroup
	for i, r := range all {
		group.Go(func() { answers[i], _ = r.Version() }) // that it doesn't answer is told of the rings
	}
	group.Wait()
	byRegion := map[string]string{}
	for i, r := range all {
		byRegion[r.Name] = answers[i]
	}
	return byRegion
}
