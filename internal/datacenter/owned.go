package datacenter

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// OwnSets are those of some StatefulSets that are the datacenter's. Their labels are anybody's to write.
func OwnSets(dc *api.CassandraDatacenter, sets []appsv1.StatefulSet) []appsv1.StatefulSet {
	return slices.DeleteFunc(slices.Clone(sets), func(s appsv1.StatefulSet) bool { return !metav1.IsControlledBy(&s, dc) })
}

// OwnPods are those of some pods that a StatefulSet of the datacenter made. Only they are given tasks, and logins.
func OwnPods(dc *api.CassandraDatacenter, sets []appsv1.StatefulSet, pods []corev1.Pod) []corev1.Pod {
	own := OwnSets(dc, sets)
	return slices.DeleteFunc(slices.Clone(pods), func(p corev1.Pod) bool {
		return !slices.ContainsFunc(own, func(s appsv1.StatefulSet) bool { return metav1.IsControlledBy(&p, &s) })
	})
}
