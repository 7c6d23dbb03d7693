package datacenter

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// OwnSets are those of some StatefulSets that are the datacenter's. Their labels are anybody's to write. One that is gone to be
// made anew is among them, as it was: its rack and its pods are there all the same.
func OwnSets(dc *api.CassandraDatacenter, sets []appsv1.StatefulSet) []appsv1.StatefulSet {
	own := slices.DeleteFunc(slices.Clone(sets), func(s appsv1.StatefulSet) bool { return !metav1.IsControlledBy(&s, dc) })
	was := remakingOf(dc)
	if was != nil && !slices.ContainsFunc(own, func(s appsv1.StatefulSet) bool { return s.Name == was.Set.Name }) {
		own = append(own, *was.Set)
	}
	return own
}

// OwnPods are those of some pods that a StatefulSet of the datacenter made. Only they are given tasks, and logins. Pods of a
// StatefulSet that is being made anew have no owner for a moment, and are known by their UIDs.
func OwnPods(dc *api.CassandraDatacenter, sets []appsv1.StatefulSet, pods []corev1.Pod) []corev1.Pod {
	own, was := OwnSets(dc, sets), remakingOf(dc)
	return slices.DeleteFunc(slices.Clone(pods), func(p corev1.Pod) bool {
		controlled := slices.ContainsFunc(own, func(s appsv1.StatefulSet) bool { return metav1.IsControlledBy(&p, &s) })
		return !controlled && !was.has(p.Name, p.UID)
	})
}
