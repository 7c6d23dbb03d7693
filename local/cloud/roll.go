package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// rollPatience bounds how long pods may take to serve, before a node's turn and
// after it: a database replays its log.
const rollPatience = 4 * time.Minute

// rollAddresses restarts every pod of a region with another address, as a
// rolling reboot of its machines does: a node's turn comes when all pods of the
// region are ready. It returns when the last node's are ready again; with the
// context it ends before the next node.
func (s *supervisor) rollAddresses(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("roll-addresses takes REGION")
	}
	c, err := named(s.clusters.list(), args[0])
	if err != nil {
		return fmt.Errorf("roll-addresses: %w", err)
	}
	for _, n := range c.runningNodes() {
		if err := c.roll(ctx, n); err != nil {
			return fmt.Errorf("roll-addresses %s: node %s: %w; the nodes after it were not touched", args[0], n.name, err)
		}
		c.say("fault", "pods of node %s have new addresses", n.name)
	}
	return nil
}

// roll waits until all pods of the region serve, ends those of one node, and
// waits until they serve at other addresses.
func (c *cluster) roll(ctx context.Context, n *runningNode) error {
	var before []corev1.Pod
	err := c.awaitPods(ctx, "it waits for others first", func(all []corev1.Pod) error {
		before = slices.DeleteFunc(slices.Clone(all), func(p corev1.Pod) bool { return p.Spec.NodeName != n.name })
		return unready(all)
	})
	if err != nil {
		return err
	}
	n.runtime.KillAll()
	return c.awaitPods(ctx, "its pods", func(all []corev1.Pod) error { return notRolled(before, all) })
}

func (c *cluster) awaitPods(ctx context.Context, what string, done func([]corev1.Pod) error) error {
	err := until(rollPatience, what, func() error {
		if ctx.Err() != nil {
			return nil
		}
		list, err := c.client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		return done(list.Items)
	})
	return errors.Join(err, ctx.Err())
}

// unready names the first pod on a node that should serve and doesn't; nil when
// there is none.
func unready(all []corev1.Pod) error {
	for i := range all {
		if p := &all[i]; p.Spec.NodeName != "" && !ended(p) && !podReady(p) {
			return fmt.Errorf("pod %s/%s is not ready", p.Namespace, p.Name)
		}
	}
	return nil
}

// ended tells whether a pod has done its work, as a Job's do.
func ended(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
}

// notRolled names the first pod that does not yet serve at another address than
// before; nil when there is none. One that shares its machine's address isn't
// waited for, nor one that was deleted meanwhile, unless it is made again by the
// same name.
func notRolled(before, now []corev1.Pod) error {
	for i := range before {
		old := &before[i]
		if old.Spec.HostNetwork || ended(old) {
			continue
		}
		at := slices.IndexFunc(now, func(p corev1.Pod) bool { return p.Namespace == old.Namespace && p.Name == old.Name })
		if owner := metav1.GetControllerOf(old); at < 0 && owner != nil && owner.Kind == "StatefulSet" {
			return fmt.Errorf("pod %s/%s is being made again", old.Namespace, old.Name)
		}
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
