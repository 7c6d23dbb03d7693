package rollout

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/rollback"
)

// history is what `rollout history -o json` prints.
type history struct {
	Ring      string              `json:"ring"`
	Namespace string              `json:"namespace"`
	Present   map[string]string   `json:"present"` // the revision that each region holds
	Revisions []rollback.Revision `json:"revisions"`
	Problems  []string            `json:"problems,omitempty"`
}

func historyCommand(c *call) *cobra.Command {
	var output invocation.Output
	var revision string
	cmd := &cobra.Command{
		Use: "history [RING]", Short: "List the configurations with which a ring was ready", Args: oneOrNone,
		Long: `History lists the revisions of a ring's spec that regions keep: those with which the
whole ring was ready with everything done. The newest is the first. An edit that never
came so far is in no list. With --revision it prints the spec of one.

RING may be left out when there is only one.`,
		Example: "  ringspan rollout history\n  ringspan rollout history demo --revision 7",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			r, err := c.find(cmd.Context(), args)
			if err != nil {
				return err
			}
			for _, why := range append(r.away, r.problems...) {
				fmt.Fprintln(cmd.ErrOrStderr(), why)
			}
			if revision != "" {
				return r.printSpec(cmd.OutOrStdout(), output, revision)
			}
			if output.Format == "json" {
				return invocation.PrintJSON(cmd.OutOrStdout(), r.history())
			}
			return r.printHistory(cmd.OutOrStdout())
		},
	}
	c.flags(cmd)
	cmd.Flags().StringVar(&revision, "revision", "", "print the spec of this `REVISION`")
	output.Flag(cmd, "table", "json")
	return cmd
}

func (r *found) history() history {
	h := history{Ring: r.key.Name, Namespace: r.key.Namespace, Present: map[string]string{}, Revisions: r.kept, Problems: append(r.away, r.problems...)}
	for _, p := range r.places {
		h.Present[p.Name] = revisionOf(p.copy)
	}
	if h.Revisions == nil {
		h.Revisions = []rollback.Revision{}
	}
	return h
}

func (r *found) printHistory(out io.Writer) error {
	fmt.Fprintf(out, "Ring %s\n", r.key)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "REVISION\tGOOD SINCE\tREGIONS\tCHANGE-CAUSE")
	present := false
	for _, one := range r.kept {
		number, cause := strconv.FormatUint(one.Number, 10), one.Cause
		if one.Present {
			present, number = true, number+" (present)"
		}
		if cause == "" {
			cause = "<none>"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", number, one.Since.UTC().Format(time.RFC3339), strings.Join(one.Regions, ","), cause)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(r.kept) == 0 {
		fmt.Fprintf(out, "Nothing is kept: %v.\n", rollback.ErrNone)
	}
	if !present {
		for _, p := range r.places {
			fmt.Fprintf(out, "Region %s has revision %s, with which the ring hasn't been ready so far.\n", p.Name, revisionOf(p.copy))
		}
	}
	return nil
}

// printSpec prints what is kept of one revision.
func (r *found) printSpec(out io.Writer, output invocation.Output, asked string) error {
	one, err := rollback.Find(r.kept, asked)
	if err != nil {
		return err
	}
	if output.Format == "json" {
		return invocation.PrintJSON(out, struct {
			rollback.Revision

			Spec any `json:"spec"`
		}{one, one.Spec})
	}
	data, err := yaml.Marshal(one.Spec)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "# Ring %s, revision %s, good since %s\n%s", r.key, one.Name, one.Since.UTC().Format(time.RFC3339), data)
	return err
}
