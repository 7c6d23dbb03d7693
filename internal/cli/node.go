package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringspan/ringspan/internal/region"
)

// nodeFlags choose a Cassandra node.
type nodeFlags struct {
	region, pod string
}

func (n *nodeFlags) add(cmd *cobra.Command, o *options) {
	o.regionFlag(cmd, &n.region, "choose a node in `REGION` (default: any)")
	cmd.Flags().StringVar(&n.pod, "node", "", "choose the node in `POD` (default: the first that is ready)")
	_ = cmd.RegisterFlagCompletionFunc("node", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return n.complete(cmd.Context(), o), cobra.ShellCompDirectiveNoFileComp
	})
}

// completeTimeout bounds what a shell waits for when it completes a name.
const completeTimeout = 3 * time.Second

// complete names the Cassandra pods, of one region when that is given; regions
// that don't answer are left out.
func (n *nodeFlags) complete(ctx context.Context, o *options) (names []string) {
	ctx, cancel := context.WithTimeout(ctx, completeTimeout)
	defer cancel()
	_, all, err := o.running(ctx)
	if err != nil {
		return nil // a completion can't tell of an error
	}
	for _, r := range all {
		if n.region != "" && r.Name != n.region {
			continue
		}
		targets, _ := r.Nodes(ctx)
		for _, t := range targets {
			names = append(names, t.Pod.Name)
		}
	}
	return names
}

// pick finds a Cassandra pod: the named one, or the first that is ready, else
// the first that runs.
func pick(ctx context.Context, all []region.Region, n nodeFlags) (region.Node, error) {
	if n.region != "" && !slices.ContainsFunc(all, func(r region.Region) bool { return r.Name == n.region }) {
		return region.Node{}, fmt.Errorf("--region %s: the fleet's regions are %s", n.region, region.Names(all))
	}
	var seen []string
	var best *region.Node
	var failed []error
	for _, r := range all {
		if n.region != "" && r.Name != n.region {
			continue
		}
		targets, err := r.Nodes(ctx)
		if err != nil {
			failed = append(failed, fmt.Errorf("region %s: %w", r.Name, err))
		}
		for i := range targets {
			t := &targets[i]
			seen = append(seen, t.Pod.Name)
			switch {
			case t.Pod.Name == n.pod:
				return *t, nil
			case n.pod == "" && (best == nil || region.OrderOf(t.Pod) < region.OrderOf(best.Pod)):
				best = t
			}
		}
	}
	switch {
	case best != nil && region.OrderOf(best.Pod) < region.Down:
		return *best, nil
	case n.pod != "" && len(seen) > 0:
		return region.Node{}, fmt.Errorf("--node %s: there is no such pod; there are %s", n.pod, strings.Join(seen, ", "))
	}
	return region.Node{}, errors.Join(append(failed, errors.New("no Cassandra node runs"))...)
}
