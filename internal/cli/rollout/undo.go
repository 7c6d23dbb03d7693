package rollout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/cli/terminal"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/preview"
	"github.com/ringspan/ringspan/internal/preview/live"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/rollback"
)

// undo is one call of `rollout undo`.
type undo struct {
	to          string
	timeout     time.Duration
	wait, yes   bool
	dryRun      bool
	json        bool
	in          io.Reader
	out, errOut io.Writer

	ring   *found
	home   place
	result result
}

// result is what `rollout undo -o json` prints.
type result struct {
	Ring      string             `json:"ring"`
	Namespace string             `json:"namespace"`
	Region    string             `json:"region"` // in which the ring is edited; the others take it over
	From      string             `json:"from"`   // the revision that is left
	To        *rollback.Revision `json:"to,omitempty"`
	// Already is set when the ring has that configuration, as far as it goes back.
	Already  bool             `json:"already,omitempty"`
	Changes  []preview.Change `json:"changes,omitempty"`
	Left     []preview.Change `json:"left,omitempty"` // what stays: Was is what it is, Is what it was then
	Plan     *live.Report     `json:"plan,omitempty"`
	Warnings []string         `json:"warnings,omitempty"`
	LeftOut  []string         `json:"leftOut,omitempty"` // regions that don't answer
	DryRun   bool             `json:"dryRun,omitempty"`
	Applied  bool             `json:"applied"`
	Done     bool             `json:"done"` // everything
	Seconds  float64          `json:"seconds"`
	Error    string           `json:"error,omitempty"`
}

func undoCommand(c *call) *cobra.Command {
	u := &undo{}
	var output invocation.Output
	cmd := &cobra.Command{
		Use: "undo [RING]", Short: "Go back to the last configuration with which a ring was ready", Args: oneOrNone,
		Long: `Undo gives a ring the newest configuration other than the present one with which all
of it was ready, or that of --to-revision. It says first what that changes and what it
does to the nodes, as ringspan plan does; asks where the ring asks for consent; edits
the ring in one region, from which the others take it over; and waits until everything
is done.

Only configuration goes back: cassandra.yaml and JVM options, images and versions that
don't become lower, resources, containers, volumes without data, placement. What has to
do with data, members or logins (size, racks, datacenters, storage, replication, users,
tokens, formats, encryption) stays as it is now, and is named.

While a roll-back is under way, a second one only waits for it. Where a region doesn't
answer, the others go on without it, it is named, and the exit code is 3. RING may be
left out when there is only one.`,
		Example: `  ringspan rollout undo
  ringspan rollout undo demo --to-revision 7
  ringspan rollout undo --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := output.Check(cmd); err != nil {
				return err
			}
			u.json, u.in, u.out, u.errOut = output.Format == "json", cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
			began := time.Now()
			err := u.run(cmd.Context(), c, args)
			u.result.Seconds = time.Since(began).Seconds()
			return u.end(err)
		},
	}
	c.flags(cmd)
	cmd.Flags().StringVar(&u.to, "to-revision", "", "go back to this `REVISION` of ringspan rollout history (default: the newest other configuration)")
	cmd.Flags().BoolVar(&u.dryRun, "dry-run", false, "say what would be done, and change nothing")
	cmd.Flags().BoolVar(&u.wait, "wait", true, "wait until everything is done; --wait=false returns when the ring is edited")
	cmd.Flags().DurationVar(&u.timeout, "timeout", 15*time.Minute, "give up waiting after `TIME`, such as 90s or 10m; what is under way goes on")
	cmd.Flags().BoolVar(&u.yes, "yes", false, "don't ask: consent to what a ring asks for")
	output.Flag(cmd, "text", "json")
	return cmd
}

// end prints the result for programs, and makes the exit code.
func (u *undo) end(err error) error {
	if u.json && u.result.Ring != "" {
		if err != nil {
			u.result.Error = err.Error()
		}
		err = errors.Join(err, invocation.PrintJSON(u.out, u.result))
	}
	if err == nil && len(u.result.LeftOut) > 0 {
		return invocation.Exit(invocation.ExitLeftOut)
	}
	return err
}

// say prints for people.
func (u *undo) say(format string, args ...any) {
	if !u.json {
		fmt.Fprintf(u.out, format+"\n", args...)
	}
}

// warn notes a warning that comes up late.
func (u *undo) warn(text string) {
	u.result.Warnings = append(u.result.Warnings, text)
	u.say("Warning: %s", text)
}

func (u *undo) run(ctx context.Context, c *call, args []string) error {
	var err error
	if u.ring, err = c.settled(ctx, args); err != nil {
		return err
	}
	u.home = u.ring.home()
	k := u.home.copy
	u.result = result{Ring: k.Name, Namespace: k.Namespace, Region: u.home.Name, From: revisionOf(k), DryRun: u.dryRun, LeftOut: u.ring.silent, Warnings: append(u.ring.away, u.ring.problems...)}
	choice, err := rollback.Choose(&k.Spec, k.Status.SeenGeneration != 0 && k.Status.ObservedGeneration == k.Generation, u.ring.kept, u.to)
	if err != nil {
		return errors.Join(append([]error{fmt.Errorf("ring %s: nothing was changed: %w", u.ring.key, err)}, toErrors(u.result.Warnings)...)...)
	}
	u.result.To, u.result.Already = &choice.To, choice.Already
	u.result.Changes, u.result.Left = preview.Edits(k.Spec, *choice.Spec), rollback.Left(choice.Spec, &choice.To.Spec)
	u.result.Warnings = append(u.result.Warnings, keepers(k)...)
	u.sayChoice(choice)
	if choice.Already {
		return u.already(ctx, k)
	}
	edit, err := u.edit(ctx, choice)
	if err != nil {
		return err
	}
	if u.result.Plan, err = live.Foretell(ctx, u.ring.all, live.Edit{Object: edit}); err != nil {
		return err
	}
	if !u.json {
		live.Render(u.out, u.result.Plan, live.Source{})
		u.say("")
	}
	if u.result.Plan.Rejected {
		return fmt.Errorf("nothing was changed: the API server refuses it: %s", strings.Join(u.result.Plan.Refused, "; "))
	}
	if u.dryRun {
		u.say("Nothing was changed (--dry-run).")
		return nil
	}
	return u.apply(ctx, edit, choice)
}

// sayChoice says what goes back and what stays.
func (u *undo) sayChoice(c rollback.Choice) {
	since := c.To.Since.UTC().Format(time.RFC3339)
	switch {
	case c.Already:
		u.say("Ring %s has the configuration of revision %d, good since %s, already: nothing is changed.", u.ring.key, c.To.Number, since)
	default:
		u.say("Ring %s goes back from revision %s to the configuration of revision %d, good since %s.", u.ring.key, u.result.From, c.To.Number, since)
	}
	if c.To.Cause != "" {
		u.say("Revision %d was: %s", c.To.Number, c.To.Cause)
	}
	if len(u.result.Left) > 0 {
		u.say("What has to do with data, members or logins stays as it is (in revision %d it was what is right of the arrow):", c.To.Number)
		for _, l := range u.result.Left {
			u.say("  spec.%s", l)
		}
	}
	for _, w := range u.result.Warnings {
		u.say("Warning: %s", w)
	}
	u.say("Of Secrets and ConfigMaps only the names are kept: what is in them is what is there now.")
}

// edit is the ring as it is stored, with the configuration of the choice.
func (u *undo) edit(ctx context.Context, c rollback.Choice) (*unstructured.Unstructured, error) {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	stored, err := u.stored(ctx)
	if err != nil {
		return nil, err
	}
	if stored.GetUID() != u.home.copy.UID || stored.GetGeneration() != u.home.copy.Generation {
		return nil, errEdited
	}
	spec, _ := stored.Object["spec"].(map[string]any)
	rollback.Write(spec, &u.home.copy.Spec, c.Spec)
	return stored, nil
}

// stored is the ring as it is stored, with the fields that this program doesn't know.
func (u *undo) stored(ctx context.Context) (*unstructured.Unstructured, error) {
	stored := &unstructured.Unstructured{}
	stored.SetGroupVersionKind(k8ssandra.GroupVersion.WithKind("K8ssandraCluster"))
	return stored, u.home.Client.Get(ctx, u.ring.key, stored)
}

// Why a ring wasn't written: somebody has edited it, or others, such as its operator, write it all the while.
var (
	errEdited = errors.New("nothing was changed: the ring was edited by somebody else meanwhile; look at it, and run this again")
	errBusy   = errors.New("somebody else wrote the ring each time before this could, as its operator does when it notes something: run this again")
)

// already waits for what an earlier call has begun, and does what that may have left undone when it ended as soon as the ring was edited.
func (u *undo) already(ctx context.Context, k *k8ssandra.K8ssandraCluster) error {
	if u.dryRun {
		return nil
	}
	u.ownWritten(ctx, nil)
	return u.follow(ctx, k)
}

// apply asks for consent where the ring wants it, edits the ring in one region, and waits.
func (u *undo) apply(ctx context.Context, edit *unstructured.Unstructured, c rollback.Choice) error {
	if len(u.result.Plan.Waiting()) > 0 {
		if err := u.askConsent(ctx); err != nil {
			return err
		}
		if err := live.Consent(ctx, u.ring.answer, u.result.Plan); err != nil {
			return err
		}
	}
	edit, err := u.write(ctx, edit, c)
	if err != nil {
		return err
	}
	u.result.Applied = true
	u.ownWritten(ctx, edit)
	u.say("Edited in %s; the other regions take it over.", u.home.Name)
	u.say("Do the same in the file or repository that the ring is applied from: the next apply of what is there now brings the edit back.")
	written := &k8ssandra.K8ssandraCluster{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(edit.Object, written); err != nil {
		return err
	}
	return u.follow(ctx, written)
}

// write edits the ring. Its operator writes its status all the while, which makes another version of the object: then it is read
// again, and written if its spec is still the one that is gone back from.
func (u *undo) write(ctx context.Context, edit *unstructured.Unstructured, c rollback.Choice) (*unstructured.Unstructured, error) {
	first := true
	err := retry.RetryOnConflict(writeAgain, func() (err error) {
		if !first {
			if edit, err = u.edit(ctx, c); err != nil {
				return err
			}
		}
		first = false
		within, cancel := context.WithTimeout(ctx, region.AnswerLimit)
		defer cancel()
		return u.home.Client.Update(within, edit, lifecycle.FieldOwner)
	})
	switch {
	case apierrors.IsConflict(err):
		return nil, fmt.Errorf("nothing was changed: %w", errBusy)
	case errors.Is(err, errEdited):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("editing ring %s in region %s: %w", u.ring.key, u.home.Name, err)
	}
	return edit, nil
}

var errNobodyToAsk = errors.New("nothing was changed: the ring asks for consent to changes that restart or remove nodes, and there is no terminal to ask on: say --yes if that is meant")

func (u *undo) askConsent(ctx context.Context) error {
	if u.yes {
		return nil
	}
	if !terminal.Is(u.in) || !terminal.Is(u.errOut) {
		return errNobodyToAsk
	}
	name := u.ring.key.Name
	if err := terminal.Ask(ctx, u.in, u.errOut, fmt.Sprintf("Type the ring's name, %s, to let that happen: ", name), name); err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	return nil
}

// revisionOf is a copy's.
func revisionOf(k client.Object) string { return k.GetAnnotations()[k8ssandra.RevisionAnnotation] }
