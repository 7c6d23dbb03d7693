package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// rollPatience bounds how long the pods of one node may take to serve again at
// their new addresses: a database replays its log.
const rollPatience = 4 * time.Minute

// rollAddresses restarts every pod of a region with another address, as a
// rolling reboot of its machines does: the next node's turn comes when all pods
// of the one before are ready again. It returns when the last ones are; with the
// context it ends before the next node.
func (s *supervisor) rollAddresses(ctx context.Context, args []string) error {
	all := s.clusters()
	i := slices.IndexFunc(all, func(c *cluster) bool { return len(args) == 1 && c.name == args[0] })
	if i < 0 {
		return fmt.Errorf("roll-addresses takes one of the regions, not %q", strings.Join(args, " "))
	}
	c := all[i]
	for _, n := range c.runningNodes() {
		if err := c.roll(ctx, n); err != nil {
			return fmt.Errorf("roll-addresses %s: node %s: %w; the nodes after it were not touched", c.name, n.name, err)
		}
		s.events.say("fault", c.name, "pods of node %s have new addresses", n.name)
	}
	return nil
}

// roll ends the pods of one node and waits until those that served do so again,
// each at another address.
func (c *cluster) roll(ctx context.Context, n *runningNode) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	before, err := c.podsOn(ctx, n.name)
	if err != nil {
		return err
	}
	n.runtime.KillAll()
	return until(rollPatience, "its pods", func() error {
		if err := ctx.Err(); err != nil {
			return nil //nolint:nilerr // nobody waits any more: the next node's turn never comes
		}
		now, err := c.podsOn(ctx, n.name)
		if err != nil {
			return err
		}
		return notRolled(before, now)
	})
}

func (c *cluster) podsOn(ctx context.Context, node string) ([]corev1.Pod, error) {
	list, err := c.client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("spec.nodeName", node).String()})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// notRolled names the first pod that served before and does not yet serve at
// another address; nil when there is none. One that was deleted meanwhile, or
// that shares its machine's address, isn't waited for.
func notRolled(before, now []corev1.Pod) error {
	for i := range before {
		old := &before[i]
		if old.Spec.HostNetwork || !podReady(old) {
			continue
		}
		at := slices.IndexFunc(now, func(p corev1.Pod) bool { return p.Namespace == old.Namespace && p.Name == old.Name })
		if at < 0 {
			continue
		}
		pod := &now[at]
		if !podReady(pod) || pod.Status.PodIP == old.Status.PodIP {
			return fmt.Errorf("pod %s/%s is not ready at another address than %s", pod.Namespace, pod.Name, old.Status.PodIP)
		}
	}
	return nil
}

func podReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
