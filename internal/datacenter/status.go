package datacenter

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

// Summarize makes the status of a pass, from nothing but the conditions' times
// and what can't be seen again: host ids of nodes that are away.
func Summarize(s *State, p Plan, err error) api.CassandraDatacenterStatus {
	before := s.DC.Status
	out := api.CassandraDatacenterStatus{
		ObservedGeneration: s.DC.Generation, DatacenterName: ptr.To(s.name()), MetadataVersion: 1,
		UsersUpserted: before.UsersUpserted, SuperUserUpserted: before.SuperUserUpserted, LastServerNodeStarted: before.LastServerNodeStarted,
		LastRollingRestart: before.LastRollingRestart, TrackedTasks: before.TrackedTasks,
		NodeStatuses: s.nodeStatuses(), SchemaVersions: int32(s.Schemas), CassandraOperatorProgress: api.ProgressUpdating,
	}
	if p.Done {
		out.CassandraOperatorProgress = api.ProgressReady
	}
	if seeds, all := s.ownSeeds(); all || s.initialized() {
		out.Seeds = seeds
	}
	out.Ownership = s.ownership()
	if out.Ownership == nil {
		out.Ownership = before.Ownership
	}
	for _, pod := range s.Pods {
		if pod.broken() != "" {
			out.FailedStarts = append(out.FailedStarts, pod.Name)
		}
	}
	for _, c := range s.conditions(p, err) {
		out.Conditions = append(out.Conditions, s.timed(c))
	}
	return out
}

// timed keeps the time of a condition that says the same as before.
func (s *State) timed(c api.DatacenterCondition) api.DatacenterCondition {
	if old := s.DC.Status.Condition(c.Type); old != nil && old.Status == c.Status {
		c.LastTransitionTime = old.LastTransitionTime
	} else {
		c.LastTransitionTime = metav1.NewTime(s.Now.Truncate(1e9))
	}
	return c
}

func condition(kind api.DatacenterConditionType, is bool, reason, message string) api.DatacenterCondition {
	status := corev1.ConditionFalse
	if is {
		status = corev1.ConditionTrue
	}
	return api.DatacenterCondition{Type: kind, Status: status, Reason: reason, Message: message}
}

func (s *State) conditions(p Plan, err error) []api.DatacenterCondition {
	reason, doing := s.headline(p, err)
	ready := s.allReady()
	all := []api.DatacenterCondition{
		condition(api.DatacenterValid, p.Invalid == "", pick(p.Invalid == "", api.ReasonReconciled, api.ReasonInvalidSpec), p.Invalid),
		condition(api.DatacenterInitialized, s.initialized() || p.InitComplete, pick(p.InitComplete, api.ReasonReconciled, reason), pick(p.InitComplete, "", doing)),
		condition(api.DatacenterReady, (s.initialized() || p.InitComplete) && (ready || p.Updating != "" && len(p.Trouble) == 0) && !p.Stopped, pick(ready, api.ReasonNodesReady, reason), pick(ready && p.Done, "", doing)),
		condition(api.DatacenterHealthy, ready && s.Schemas == 1 && len(p.Trouble) == 0, pick(len(p.Trouble) == 0 && ready, api.ReasonNodesReady, reason), pick(ready && len(p.Trouble) == 0, "", doing)),
		condition(api.DatacenterUpdating, p.Updating != "", pick(p.Updating != "", reason, api.ReasonReconciled), pick(p.Updating != "", doing, "")),
		condition(api.DatacenterStopped, p.Stopped, api.ReasonReconciled, ""),
		condition(api.DatacenterRequiresUpdate, p.NeedsUpdate, api.ReasonReconciled, pick(p.NeedsUpdate,
			"this version would make other pods; set the annotation "+api.UpdateAllowedAnnotation+" to let it", "")),
	}
	if fields := NotActedOn(s.DC); len(fields) > 0 {
		all = append(all, condition(api.DatacenterFieldsNotActedOn, true, api.ReasonNotActedOn, "not acted on: "+strings.Join(fields, ", ")))
	}
	return all
}

// headline is the one sentence about what goes on.
func (s *State) headline(p Plan, err error) (reason, message string) {
	switch {
	case p.Invalid != "":
		return api.ReasonInvalidSpec, p.Invalid
	case len(p.Trouble) > 0 && s.refused():
		return api.ReasonConfigRefused, strings.Join(p.Trouble, "; ")
	case len(p.Trouble) > 0:
		return api.ReasonNodeFailed, strings.Join(p.Trouble, "; ")
	case err != nil:
		return api.ReasonWaiting, err.Error()
	case len(p.Waits) > 0:
		return api.ReasonWaiting, "waiting for " + strings.Join(clipped(p.Waits, 3), "; ")
	case len(p.Steps) > 0:
		return api.ReasonWaiting, fmt.Sprint(p.Steps[0])
	}
	return api.ReasonReconciled, ""
}

func clipped(list []string, n int) []string {
	if len(list) <= n {
		return list
	}
	return append(slices.Clone(list[:n]), fmt.Sprintf("and %d more", len(list)-n))
}

// refused tells whether a node fails because of its configuration.
func (s *State) refused() bool {
	return slices.ContainsFunc(s.Pods, func(p Pod) bool {
		why := p.broken()
		return strings.Contains(why, "properties") || strings.Contains(why, "onfiguration") || strings.Contains(why, "yaml") || strings.Contains(why, "CONFIG_FILE_DATA") || strings.Contains(why, "JVM option")
	})
}

func (s *State) allReady() bool {
	if len(s.Pods) != int(s.DC.Spec.Size) || s.DC.Spec.Stopped {
		return false
	}
	return !slices.ContainsFunc(s.Pods, func(p Pod) bool { return !p.Ready || p.Deleting })
}

// nodeStatuses are the members by pod; one that can't be seen keeps its host id.
func (s *State) nodeStatuses() api.CassandraStatusMap {
	out := api.CassandraStatusMap{}
	ids := map[string]string{}
	for _, e := range s.Ringview {
		ids[e.Address] = e.HostID
	}
	for _, pod := range s.Pods {
		n := s.DC.Status.NodeStatuses[pod.Name]
		n.Rack = pod.Position.Rack
		if pod.IP != "" {
			n.IP = pod.IP
		}
		if id := ids[pod.IP]; id != "" && pod.running() {
			n.HostID = id
		}
		out[pod.Name] = n
	}
	for name, n := range s.DC.Status.NodeStatuses { // a pod that is being made anew
		if _, there := out[name]; !there && n.HostID != "" && s.expected(name) {
			out[name] = n
		}
	}
	return out
}

func (s *State) expected(pod string) bool {
	sizes := s.own().RackSizes()
	for i, rack := range racks(s.DC) {
		prefix := s.names().StatefulSet(rack) + "-"
		for ordinal := range sizes[i] {
			if pod == fmt.Sprintf("%s%d", prefix, ordinal) {
				return true
			}
		}
	}
	return false
}

func (s *State) ownership() map[string]string {
	if len(s.Ownership) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, pod := range s.Pods {
		if share, ok := s.Ownership[pod.IP]; ok {
			out[pod.Name] = fmt.Sprintf("%.1f%%", share*100)
		}
	}
	return out
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// NotActedOn lists the fields that are set and have no effect in this version.
func NotActedOn(dc *api.CassandraDatacenter) []string {
	spec, set := dc.Spec, map[string]bool{}
	set["spec.configSecret"] = spec.ConfigSecret != ""
	set["spec.managementApiAuth.manual"] = spec.ManagementApiAuth.Manual != nil
	set["spec.replaceNodes"] = len(spec.ReplaceNodes) > 0
	set["spec.canaryUpgrade"] = spec.CanaryUpgrade
	set["spec.canaryUpgradeCount"] = spec.CanaryUpgradeCount != 0
	set["spec.rollingRestartRequested"] = spec.RollingRestartRequested
	set["spec.forceUpgradeRacks"] = len(spec.ForceUpgradeRacks) > 0
	set["spec.dseWorkloads"] = spec.DseWorkloads != nil
	set["spec.cdc"] = spec.CDC != nil
	set["spec.maxUnavailable"] = spec.MaxUnavailable != nil
	set["spec.dockerImageRunsAsCassandra"] = spec.DockerImageRunsAsCassandra != nil
	set["annotation "+api.DecommissionOnDeleteAnnotation] = hasKey(dc.Annotations, api.DecommissionOnDeleteAnnotation)
	if size := len(dc.Status.NodeStatuses); dc.Status.IsTrue(api.DatacenterInitialized) && int(spec.Size) < size {
		set["spec.size (scaling down)"] = true
	}
	maps.DeleteFunc(set, func(_ string, is bool) bool { return !is })
	return slices.Sorted(maps.Keys(set))
}

func hasKey(m map[string]string, key string) bool {
	_, ok := m[key]
	return ok
}
