package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/cli/takedown"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/words"
)

// collection are the flags of gc.
type collection struct {
	invocation.Account

	output      invocation.Output
	remove, all bool
}

func gcCommand(f *invocation.Fleet) *cobra.Command {
	var g collection
	cmd := &cobra.Command{
		Use: "gc", Short: "Find the fleets in AWS whose time is past, and delete them", Args: invocation.None,
		Long: `Gc finds the fleets of the account by their tags, in all regions, whoever made them
and wherever their files are, and lists those that are past their spec.expires; with
--all the others too. It changes nothing unless --delete is said: then it takes those
down that are past, as down does. One that can't go, because others have put
something into its network, is named at the end and keeps none of the others. Fleets
without an expiry are never touched. It may be ended at any moment and run again.`,
		Example: "  ringspan gc\n  ringspan gc --all -o json\n  ringspan gc --delete",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := g.output.Check(cmd); err != nil {
				return err
			}
			return g.run(cmd.Context(), f.Name, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	g.Flag(cmd)
	cmd.Flags().BoolVar(&g.remove, "delete", false, "take the fleets down whose time is past")
	cmd.Flags().BoolVar(&g.all, "all", false, "list also the fleets whose time isn't past; they aren't touched")
	g.output.Flag(cmd, "text", "json")
	return cmd
}

// collected is what `gc -o json` prints of a fleet.
type collected struct {
	provision.FoundFleet
	Past bool `json:"past"` // its time is over
}

// run lists fleets, and takes those down whose time is past; name "" means all.
func (g *collection) run(ctx context.Context, name string, out, news io.Writer) error {
	c, err := g.Open(ctx)
	if err != nil {
		return err
	}
	found, err := c.Fleets(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	fleets := []collected{}
	for _, e := range found {
		if name == "" || name == e.Name {
			fleets = append(fleets, collected{e, e.Past(now)})
		}
	}
	if err := g.print(out, fleets); err != nil || !g.remove {
		return err
	}
	var held []error
	for _, f := range fleets {
		if !f.Past {
			continue
		}
		if err := takedown.InAWS(ctx, c, f.Name, nil, news); err != nil {
			held = append(held, fmt.Errorf("fleet %s: %w", f.Name, err))
		}
		if ctx.Err() != nil {
			return errors.Join(held...)
		}
	}
	return errors.Join(held...)
}

// print lists those that are past, or all.
func (g *collection) print(out io.Writer, fleets []collected) error {
	shown := slices.Clone(fleets)
	if !g.all {
		shown = slices.DeleteFunc(shown, func(f collected) bool { return !f.Past })
	}
	if g.output.Format == "json" {
		return invocation.PrintJSON(out, shown)
	}
	if len(shown) > 0 {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "FLEET\tREGIONS\tRESOURCES\tEXPIRES")
		for _, f := range shown {
			fmt.Fprintf(w, "%s\t%d\t%d\t%s\n", f.Name, len(f.Regions), f.Resources, f.expires())
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if others := len(fleets) - len(shown); others > 0 || len(shown) == 0 {
		_, err := fmt.Fprintf(out, "%s whose time isn't past (listed with --all).\n", words.Count(others, "fleet"))
		return err
	}
	return nil
}

func (f collected) expires() string {
	switch {
	case f.Expires == "":
		return "never"
	case f.Deadline.IsZero():
		return f.Expires + " (no date: never)"
	case f.Past:
		return f.Expires + " (past)"
	}
	return f.Expires
}
