package region

import (
	"cmp"
	"context"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
)

// Node is one Cassandra pod.
type Node struct {
	Region     Region
	Datacenter cassandra.CassandraDatacenter
	Pod        corev1.Pod
}

// Nodes are all Cassandra pods of a region.
func (r Region) Nodes(ctx context.Context) (all []Node, err error) {
	ctx, cancel := context.WithTimeout(ctx, AnswerLimit)
	defer cancel()
	var dcs cassandra.CassandraDatacenterList
	if err := r.Client.List(ctx, &dcs); err != nil {
		return nil, err
	}
	for i := range dcs.Items {
		pods, err := r.Pods(ctx, &dcs.Items[i])
		if err != nil {
			return all, err
		}
		for _, p := range pods {
			all = append(all, Node{r, dcs.Items[i], p})
		}
	}
	return all, nil
}

// Pods are a datacenter's, those that are ready first. Only those that its StatefulSets made: others can have the labels, and
// would be given a login.
func (r Region) Pods(ctx context.Context, dc *cassandra.CassandraDatacenter) ([]corev1.Pod, error) {
	labels := client.MatchingLabels(datacenter.Selector(dc))
	var sets appsv1.StatefulSetList
	if err := r.Client.List(ctx, &sets, client.InNamespace(dc.Namespace), labels); err != nil {
		return nil, err
	}
	var list corev1.PodList
	if err := r.Client.List(ctx, &list, client.InNamespace(dc.Namespace), labels); err != nil {
		return nil, err
	}
	pods := datacenter.OwnPods(dc, sets.Items, list.Items)
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int {
		return cmp.Or(cmp.Compare(OrderOf(a), OrderOf(b)), cmp.Compare(a.Name, b.Name))
	})
	return pods, nil
}

// Order is in which order pods are asked.
type Order int

// Pods that are ready are asked first, then those that run.
const (
	Ready Order = iota
	Running
	Down
)

// OrderOf a pod.
func OrderOf(p corev1.Pod) Order {
	switch {
	case slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	}):
		return Ready
	case p.Status.Phase == corev1.PodRunning:
		return Running
	}
	return Down
}
