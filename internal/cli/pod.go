package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// target is one Cassandra pod.
type target struct {
	region region
	dc     cassandra.CassandraDatacenter
	pod    corev1.Pod
}

// pick finds a Cassandra pod: the named one, or the first that is ready, in the
// named region or in any.
func pick(ctx context.Context, all []region, regionName, podName string) (target, error) {
	if regionName != "" && !slices.ContainsFunc(all, func(r region) bool { return r.name == regionName }) {
		return target{}, fmt.Errorf("--region %s: the fleet's regions are %s", regionName, names(all))
	}
	var seen []string
	var failed []error
	var fallback *target
	for _, r := range all {
		if regionName != "" && r.name != regionName {
			continue
		}
		var dcs cassandra.CassandraDatacenterList
		if err := r.client.List(ctx, &dcs); err != nil {
			failed = append(failed, fmt.Errorf("region %s: %w", r.name, err))
			continue
		}
		for _, dc := range dcs.Items {
			var pods corev1.PodList
			if err := r.client.List(ctx, &pods, client.InNamespace(dc.Namespace), client.MatchingLabels{cassandra.DatacenterLabel: dc.Name}); err != nil {
				failed = append(failed, err)
				continue
			}
			for _, p := range pods.Items {
				seen = append(seen, p.Name)
				t := target{r, dc, p}
				switch {
				case podName == p.Name, podName == "" && ready(p):
					return t, nil
				case podName == "" && fallback == nil && p.Status.Phase == corev1.PodRunning:
					fallback = &t
				}
			}
		}
	}
	if fallback != nil {
		return *fallback, nil
	}
	if podName != "" && len(seen) > 0 {
		return target{}, fmt.Errorf("--node %s: there is no such pod; there are %s", podName, strings.Join(seen, ", "))
	}
	return target{}, errors.Join(append(failed, errors.New("no Cassandra node runs"))...)
}

func ready(p corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func names(all []region) string {
	var list []string
	for _, r := range all {
		list = append(list, r.name)
	}
	return strings.Join(list, ", ")
}
