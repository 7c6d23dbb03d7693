package datacenter

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/utils/ptr"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// minReady is for how long a node that was away has to serve before another one is taken down. Unlike in the StatefulSets, where
// 5 s is the default, it is nothing unless it is asked for: that a node serves is known from the ring, and not from a probe alone.
func (s *State) minReady() time.Duration {
	return time.Duration(ptr.Deref(s.DC.Spec.MinReadySeconds, 0)) * time.Second
}

// isYoung tells whether a pod serves, and hasn't for as long as the spec asks for. Since when is read from the pod, so that an
// operator that begins meanwhile waits as long.
func (s *State) isYoung(pod *Pod) bool {
	return s.minReady() > 0 && pod.Ready && s.Now.Sub(pod.ReadySince) < s.minReady()
}

// youngBlocker names a pod that has yet to serve for long enough, "" if it has.
func (s *State) youngBlocker(pod *Pod) string {
	if !s.isYoung(pod) {
		return ""
	}
	return fmt.Sprintf("node %s to have been ready for %s (spec.minReadySeconds)", pod.Name, s.minReady())
}

// startsOneByOne tells whether no two nodes of the datacenter are to start at the same time.
func (s *State) startsOneByOne() bool {
	return s.DC.Annotations[api.AllowParallelStartsAnnotation] == "false"
}

// startOrder are the pods in the order in which their nodes are started: where one starts after another, those that fail are last.
func (s *State) startOrder() (all []*Pod) {
	for i := range s.Pods {
		all = append(all, &s.Pods[i])
	}
	if s.startsOneByOne() {
		slices.SortStableFunc(all, func(a, b *Pod) int { return compareBools(b.broken() != "", a.broken() != "") })
	}
	return all
}

// startBlocker names a node that starts, where one starts after another; "" if there is none. A member doesn't wait for one that
// joins: that takes hours, and it may be the one that it streams from.
func (s *State) startBlocker(p *Plan, pod *Pod) string {
	if !s.startsOneByOne() {
		return ""
	}
	for i := range s.Pods {
		other := &s.Pods[i]
		starts := other.starting() && !other.Deleting || slices.ContainsFunc(p.Steps, func(x Step) bool { return x.Verb == Start && x.Pod.Name == other.Name })
		if other.Name != pod.Name && starts && (s.isMember(other) || !s.isMember(pod)) {
			return fmt.Sprintf("node %s to have started (annotation %s)", other.Name, api.AllowParallelStartsAnnotation)
		}
	}
	return ""
}
