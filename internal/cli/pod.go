package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
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
		if n.region != "" && r.name != n.region {
			continue
		}
		targets, _ := targetsIn(ctx, r)
		for _, t := range targets {
			names = append(names, t.pod.Name)
		}
	}
	return names
}

// target is one Cassandra pod.
type target struct {
	region region
	dc     cassandra.CassandraDatacenter
	pod    corev1.Pod
}

// pick finds a Cassandra pod: the named one, or the first that is ready, else
// the first that runs.
func pick(ctx context.Context, all []region, n nodeFlags) (target, error) {
	if n.region != "" && !slices.ContainsFunc(all, func(r region) bool { return r.name == n.region }) {
		return target{}, fmt.Errorf("--region %s: the fleet's regions are %s", n.region, regionNames(all))
	}
	var seen []string
	var best *target
	var failed []error
	for _, r := range all {
		if n.region != "" && r.name != n.region {
			continue
		}
		targets, err := targetsIn(ctx, r)
		if err != nil {
			failed = append(failed, fmt.Errorf("region %s: %w", r.name, err))
		}
		for i := range targets {
			t := &targets[i]
			seen = append(seen, t.pod.Name)
			switch {
			case t.pod.Name == n.pod:
				return *t, nil
			case n.pod == "" && (best == nil || order(t.pod) < order(best.pod)):
				best = t
			}
		}
	}
	switch {
	case best != nil && order(best.pod) < 2:
		return *best, nil
	case n.pod != "" && len(seen) > 0:
		return target{}, fmt.Errorf("--node %s: there is no such pod; there are %s", n.pod, strings.Join(seen, ", "))
	}
	return target{}, errors.Join(append(failed, errors.New("no Cassandra node runs"))...)
}

// targetsIn are all Cassandra pods of a region.
func targetsIn(ctx context.Context, r region) (all []target, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var dcs cassandra.CassandraDatacenterList
	if err := r.client.List(ctx, &dcs); err != nil {
		return nil, err
	}
	for i := range dcs.Items {
		pods, err := cassandraPods(ctx, r, &dcs.Items[i])
		if err != nil {
			return all, err
		}
		for _, p := range pods {
			all = append(all, target{r, dcs.Items[i], p})
		}
	}
	return all, nil
}

func ready(p corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
