package invocation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/ringspan/ringspan/internal/region"
)

// Node is the Cassandra node that a verb is about.
type Node struct {
	Region string // "" for any
	Pod    string // "" for the first that is ready
}

// Flags adds --region and --node.
func (n *Node) Flags(cmd *cobra.Command, f *Fleet) {
	cmd.Flags().StringVar(&n.Region, "region", "", "choose a node in `REGION` (default: any)")
	_ = cmd.RegisterFlagCompletionFunc("region", CompleteRegions(f))
	cmd.Flags().StringVar(&n.Pod, "node", "", "choose the node in `POD` (default: the first that is ready)")
	_ = cmd.RegisterFlagCompletionFunc("node", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return n.complete(cmd.Context(), f), cobra.ShellCompDirectiveNoFileComp
	})
}

// completeRegions names the fleet's regions, without asking them.
func completeRegions(f *Fleet) []string {
	known, err := f.Known()
	if err != nil {
		return nil // a completion can't tell of an error
	}
	file, err := clientcmd.LoadFromFile(known.Kubeconfig())
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(file.Contexts))
}

// completeTimeout bounds what a shell waits for when it completes a name.
const completeTimeout = 3 * time.Second

// complete names the Cassandra pods, of one region when that is given; regions
// that don't answer are left out.
func (n *Node) complete(ctx context.Context, f *Fleet) (names []string) {
	ctx, cancel := context.WithTimeout(ctx, completeTimeout)
	defer cancel()
	_, all, err := f.Running(ctx)
	if err != nil {
		return nil // a completion can't tell of an error
	}
	for _, r := range all {
		if n.Region != "" && r.Name != n.Region {
			continue
		}
		targets, _ := r.Nodes(ctx)
		for _, t := range targets {
			names = append(names, t.Pod.Name)
		}
	}
	return names
}

// Pick finds the node's pod: the named one, or the first that is ready, else the first that
// runs.
func (n *Node) Pick(ctx context.Context, all []region.Region) (region.Node, error) {
	if n.Region != "" && !slices.ContainsFunc(all, func(r region.Region) bool { return r.Name == n.Region }) {
		return region.Node{}, fmt.Errorf("--region %s: the fleet's regions are %s", n.Region, region.Names(all))
	}
	var seen []string
	var best *region.Node
	var failed []error
	for _, r := range all {
		if n.Region != "" && r.Name != n.Region {
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
			case t.Pod.Name == n.Pod:
				return *t, nil
			case n.Pod == "" && (best == nil || region.OrderOf(t.Pod) < region.OrderOf(best.Pod)):
				best = t
			}
		}
	}
	switch {
	case best != nil && region.OrderOf(best.Pod) < region.Down:
		return *best, nil
	case n.Pod != "" && len(seen) > 0:
		return region.Node{}, fmt.Errorf("--node %s: there is no such pod; there are %s", n.Pod, strings.Join(seen, ", "))
	}
	return region.Node{}, errors.Join(append(failed, errors.New("no Cassandra node runs"))...)
}
