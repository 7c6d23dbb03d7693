package ring

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// News is one that an event tells of.
type News struct {
	Warning         bool
	Reason, Message string
}

// NewsOf is what has changed between two statuses of a ring.
func NewsOf(before, after api.K8ssandraClusterStatus) (all []News) {
	for _, c := range after.Conditions {
		old := before.Condition(c.Type)
		if old != nil && old.Status == c.Status && old.Message == c.Message {
			continue
		}
		turned := old == nil || old.Status != c.Status
		switch {
		case isBadNews(c, turned):
			all = append(all, News{true, c.Reason, c.Message})
		case c.Type == api.ClusterReady && c.Status == corev1.ConditionTrue && turned:
			all = append(all, News{false, "Ready", "all datacenters serve"})
		}
	}
	told := slices.ContainsFunc(all, func(n News) bool { return n.Message == after.Error })
	if after.Error != before.Error && after.Error != api.NoError && !told {
		all = append(all, News{true, "Error", after.Error})
	}
	return all
}

func isBadNews(c api.K8ssandraClusterCondition, turned bool) bool {
	switch c.Type {
	case api.ClusterFieldsNotActedOn, api.ClusterRegionLost, api.ClusterGrantMissing, api.ClusterDeleting:
		return true
	case api.ClusterDiverged:
		return c.Status == corev1.ConditionTrue
	case api.ClusterPeersReachable:
		return c.Status == corev1.ConditionFalse && turned
	}
	return false
}
