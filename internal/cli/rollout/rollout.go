package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/invocation"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/ringview"
	"github.com/ringspan/ringspan/internal/rollback"
)

// call is one call of a part of rollout.
type call struct {
	fleet     *invocation.Fleet
	namespace string
}

// Command is the verb rollout.
func Command(f *invocation.Fleet) *cobra.Command {
	cmd := &cobra.Command{
		Use: "rollout", Short: "List a ring's former configurations, and go back to one",
		Long: `Rollout is about the configurations with which a ring was ready. In each region the
operator keeps the last ten: whenever it sees the whole ring ready with everything done
that the spec asks for. docs/guide/changes.md has the rest.`,
		Example: `  ringspan rollout history
  ringspan rollout undo                    # back to the last one that was good
  ringspan rollout undo demo --to-revision 7`,
		Args: invocation.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(undoCommand(&call{fleet: f}), historyCommand(&call{fleet: f}))
	return cmd
}

func (c *call) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&c.namespace, "namespace", "n", "", "`NAMESPACE` of the ring (default: any)")
	cmd.ValidArgsFunction = c.complete
}

// oneOrNone is the argument check of a part that takes a ring, or none when there is only one.
func oneOrNone(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("%s takes one RING, and there are %d: %s", cmd.CommandPath(), len(args), strings.Join(args, " "))
	}
	return nil
}

// place is a region that answers, with its copy of the ring.
type place struct {
	region.Region

	copy *k8ssandra.K8ssandraCluster
}

// found is a ring with what the regions say of it.
type found struct {
	fleet    inventory.Fleet
	key      client.ObjectKey
	places   []place         // that have a copy
	all      []region.Region // of the fleet
	answer   []region.Region // those that answer
	away     []string        // regions that don't answer, with the reason
	silent   []string        // their names
	kept     []rollback.Revision
	problems []string // why something that is kept can't be used
}

// find asks all regions for the ring of a name, or for the only one.
func (c *call) find(ctx context.Context, args []string) (*found, error) {
	f, regions, err := c.fleet.Running(ctx)
	if err != nil {
		return nil, err
	}
	snapshot := ringview.Read(ctx, regions, ringview.Question{})
	r := &found{fleet: f, all: regions}
	for _, s := range snapshot.Silent() {
		r.silent = append(r.silent, s.Name)
		r.away = append(r.away, fmt.Sprintf("region %s doesn't answer: %v", s.Name, s.Err))
	}
	if len(r.silent) == len(regions) {
		return nil, fmt.Errorf("no region answers: %s", strings.Join(r.away, "; "))
	}
	if r.key, err = c.choose(snapshot, args); err != nil {
		return nil, errors.Join(append([]error{err}, toErrors(r.away)...)...)
	}
	for i, s := range snapshot.Regions {
		if s.Err == nil {
			r.answer = append(r.answer, regions[i])
		}
		for j := range s.Rings {
			if client.ObjectKeyFromObject(&s.Rings[j]) == r.key {
				r.places = append(r.places, place{regions[i], &s.Rings[j]})
			}
		}
	}
	r.read(ctx)
	return r, nil
}

func toErrors(all []string) (errs []error) {
	for _, one := range all {
		errs = append(errs, errors.New(one))
	}
	return errs
}

// choose is the ring that is meant.
func (c *call) choose(s ringview.Snapshot, args []string) (client.ObjectKey, error) {
	name := ""
	if len(args) > 0 {
		name = args[0]
		if kind, rest, is := strings.Cut(name, "/"); is && slices.Contains([]string{"k8c", "ring", "k8ssandracluster"}, strings.ToLower(kind)) {
			name = rest // as kubectl writes it
		}
	}
	var fit []client.ObjectKey
	var all []string
	for _, key := range ringsOf(s) {
		all = append(all, key.String())
		if (name == "" || key.Name == name) && (c.namespace == "" || key.Namespace == c.namespace) {
			fit = append(fit, key)
		}
	}
	switch {
	case len(all) == 0:
		return client.ObjectKey{}, errors.New("no region has a ring")
	case len(fit) == 0:
		return client.ObjectKey{}, fmt.Errorf("no region has a ring %s; there are %s", name, strings.Join(all, ", "))
	case len(fit) > 1:
		return client.ObjectKey{}, fmt.Errorf("there are several rings (%s): name one, with -n if need be", strings.Join(all, ", "))
	}
	return fit[0], nil
}

func ringsOf(s ringview.Snapshot) (all []client.ObjectKey) {
	for _, r := range s.Regions {
		for i := range r.Rings {
			if key := client.ObjectKeyFromObject(&r.Rings[i]); !slices.Contains(all, key) {
				all = append(all, key)
			}
		}
	}
	slices.SortFunc(all, func(a, b client.ObjectKey) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// read collects what the regions keep.
func (r *found) read(ctx context.Context) {
	var all []rollback.Revision
	for _, p := range r.places {
		kept, err := p.kept(ctx)
		if err != nil {
			r.problems = append(r.problems, fmt.Sprintf("what region %s keeps can't be read: %v", p.Name, err))
			continue
		}
		for i := range kept {
			one, err := rollback.Read(p.Name, p.copy, &kept[i])
			if err != nil {
				r.problems = append(r.problems, fmt.Sprintf("ControllerRevision %s of region %s can't be used: %v", kept[i].Name, p.Name, err))
				continue
			}
			all = append(all, one)
		}
	}
	r.kept = rollback.Join(all)
}

func (p *place) kept(ctx context.Context) ([]appsv1.ControllerRevision, error) {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	var list appsv1.ControllerRevisionList
	err := p.Client.List(ctx, &list, client.InNamespace(p.copy.Namespace), client.MatchingLabels{k8ssandra.RevisionOfLabel: p.copy.Name})
	return list.Items, err
}

// completeTimeout bounds what a shell waits for when it completes a name.
const completeTimeout = 3 * time.Second

// complete names the rings.
func (c *call) complete(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completeTimeout)
	defer cancel()
	_, regions, err := c.fleet.Running(ctx)
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp // a completion can't tell of an error
	}
	var names []string
	for _, key := range ringsOf(ringview.Read(ctx, regions, ringview.Question{})) {
		if c.namespace == "" || c.namespace == key.Namespace {
			names = append(names, key.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
