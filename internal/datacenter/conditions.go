package datacenter

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// conditions are for people. Those that are False give the headline as the reason.
func (s *State) conditions(p Plan, err error) []api.DatacenterCondition {
	reason, doing := s.headline(p, err)
	done := func(is bool, kind api.DatacenterConditionType, yes string) api.DatacenterCondition {
		return condition(kind, is, pick(is, yes, reason), pick(is, "", doing))
	}
	active := func(is bool, kind api.DatacenterConditionType) api.DatacenterCondition {
		return condition(kind, is, pick(is, reason, api.ReasonReconciled), pick(is, doing, ""))
	}
	booted, whole := s.initialized() || p.InitComplete, s.allReady()
	changing := s.inProgress(p.Updating, api.DatacenterUpdating)
	restarting := s.inProgress(p.Restarting || s.restartAsked(), api.DatacenterRollingRestart)
	scaling := p.Scaling || s.DC.Status.IsTrue(api.DatacenterScalingUp) && (!p.Scaled || err != nil)
	resuming := !whole && !s.DC.Spec.Stopped && (s.DC.Status.IsTrue(api.DatacenterStopped) || s.DC.Status.IsTrue(api.DatacenterResuming))
	serving := (whole || (changing || restarting || s.leaver() != nil) && s.restartsSafely()) && len(p.Trouble) == 0
	all := []api.DatacenterCondition{
		s.valid(p),
		done(booted, api.DatacenterInitialized, api.ReasonReconciled),
		done(booted && serving && s.owes() == "" && !(p.Removing && s.members() == 0) && !p.Thin && !s.DC.Spec.Stopped, api.DatacenterReady, api.ReasonNodesReady),
		done(whole && s.Schemas == 1 && len(p.Trouble) == 0, api.DatacenterHealthy, api.ReasonNodesReady),
		active(changing, api.DatacenterUpdating),
		active(restarting, api.DatacenterRollingRestart),
		active(scaling, api.DatacenterScalingUp),
		s.scalingDown(p, reason, doing),
		s.replacingNodes(p, active),
		s.removing(p, reason, doing),
		condition(api.DatacenterStopped, p.Stopped, api.ReasonReconciled, ""),
		active(resuming, api.DatacenterResuming),
		s.resizingVolumes(),
		condition(api.DatacenterRequiresUpdate, p.NeedsUpdate, api.ReasonReconciled, pick(p.NeedsUpdate,
			"this version would make other pods; set the annotation "+api.UpdateAllowedAnnotation+" to let it", "")),
	}
	if p.Consent != "" {
		all = append(all, condition(api.DatacenterRequiresConsent, true, api.ReasonConsentRequired, s.consentMessage(&p)))
	}
	if p.Turn != nil {
		all = append(all, s.ringBudget(p))
	}
	if why := s.exposed(); why != "" {
		all = append(all, condition(api.DatacenterInsecure, true, api.ReasonManagementAPIOpen, why))
	}
	if login := s.loginCondition(p); login != nil {
		all = append(all, *login)
	}
	if other := s.mayMerge(); other != "" && p.Invalid != other {
		all = append(all, condition(api.DatacenterMayMerge, true, api.ReasonSameName, other))
	}
	if owed := s.owedKeyspacesMessage(); owed != "" {
		for i := range all {
			if c := &all[i]; c.Type == api.DatacenterReady && c.Status == corev1.ConditionTrue {
				*c = condition(api.DatacenterReady, false, api.ReasonWaiting, owed)
			}
		}
	}
	if fields := s.notActedOn(); len(fields) > 0 {
		all = append(all, condition(api.DatacenterFieldsNotActedOn, true, api.ReasonNotActedOn, "not acted on: "+strings.Join(fields, ", ")))
	}
	return all
}

// replacingNodes says which node is replaced, because its data is lost or because somebody asked for it, and how far that is.
func (s *State) replacingNodes(p Plan, active func(bool, api.DatacenterConditionType) api.DatacenterCondition) api.DatacenterCondition {
	if p.Replacing == "" || p.DataLost {
		return active(p.DataLost, api.DatacenterReplacingNodes)
	}
	return condition(api.DatacenterReplacingNodes, true, api.ReasonWaiting, fmt.Sprintf("node %s is replaced, as was asked for: %s", p.Replacing, p.ReplaceStory))
}

// scalingDown says which node leaves, and how far it is.
func (s *State) scalingDown(p Plan, reason, doing string) api.DatacenterCondition {
	if missed := s.racksMissed(); len(s.removedRacks()) > 0 {
		doing = strings.TrimPrefix(doing+missed, "; ")
		if p.Leaving != "" {
			p.Leaving += missed
		}
	}
	switch {
	case !p.ScalingDown:
		return condition(api.DatacenterScalingDown, false, api.ReasonReconciled, "")
	case p.LeaveFailed:
		return condition(api.DatacenterScalingDown, true, api.ReasonDecommissionFailed, "waiting for "+p.Leaving)
	case p.Leaving != "":
		return condition(api.DatacenterScalingDown, true, api.ReasonWaiting, "waiting for "+p.Leaving)
	}
	return condition(api.DatacenterScalingDown, true, reason, doing)
}

// removing says how far a datacenter is that leaves its ring.
func (s *State) removing(p Plan, reason, doing string) api.DatacenterCondition {
	switch {
	case !p.Removing: // who waits until it is over finds it
		return condition(api.DatacenterDecommission, false, api.ReasonReconciled, "")
	case p.Gone:
		return condition(api.DatacenterDecommission, true, api.ReasonNodesLeft, "all nodes of datacenter "+s.name()+" have left the ring")
	case p.TooSmall != nil:
		return condition(api.DatacenterDecommission, true, p.TooSmall.Reason, p.TooSmall.Message)
	case !s.removalHeld() && len(s.toWithdraw()) > 0:
		return condition(api.DatacenterDecommission, true, api.ReasonWithdrawing, doing)
	case p.Consent != "":
		return condition(api.DatacenterDecommission, true, api.ReasonConsentRequired, s.consentMessage(&p))
	case p.LeaveFailed:
		return condition(api.DatacenterDecommission, true, api.ReasonDecommissionFailed, "waiting for "+p.Leaving)
	case s.removalHeld():
		return condition(api.DatacenterDecommission, true, api.ReasonWaiting, "no further node leaves: whether the datacenter is to leave the ring isn't agreed on at the moment")
	}
	return condition(api.DatacenterDecommission, true, reason, doing)
}

// inProgress tells whether an action goes on: it began, and ends only when its pods are
// known and all serve.
func (s *State) inProgress(now bool, kind api.DatacenterConditionType) bool {
	on := s.inService() || kind == api.DatacenterUpdating && !s.DC.Spec.Stopped // a change can come during the first boot
	return on && (now || s.DC.Status.IsTrue(kind) && (!s.allReady() || s.templateUnobserved()))
}

// templateUnobserved tells whether a set has a template that its controller has not seen
// yet, so that nobody can tell which pods are old.
func (s *State) templateUnobserved() bool {
	for _, set := range s.StatefulSets {
		if set.Status.ObservedGeneration < set.Generation {
			return true
		}
	}
	return slices.ContainsFunc(s.RackNames(), s.setMissing)
}

func (s *State) valid(p Plan) api.DatacenterCondition {
	switch {
	case p.Invalid != "":
		return condition(api.DatacenterValid, false, api.ReasonInvalidSpec, p.Invalid)
	case p.Volumes != "":
		return condition(api.DatacenterValid, false, api.ReasonInvalidSpec, p.Volumes)
	case p.Refused != "":
		return condition(api.DatacenterValid, false, s.refusedReason(p), p.Refused)
	case p.Secret != "":
		return condition(api.DatacenterValid, false, api.ReasonSecretMissing, p.Secret)
	case p.TooSmall != nil && !p.Removing: // Decommission says it
		return condition(api.DatacenterValid, false, p.TooSmall.Reason, p.TooSmall.Message)
	case p.QueryLog != "":
		return condition(api.DatacenterValid, false, api.ReasonInvalidSpec, p.QueryLog)
	case p.notReplaced() != "":
		return condition(api.DatacenterValid, false, api.ReasonReplacementRefused, p.notReplaced())
	}
	return condition(api.DatacenterValid, true, api.ReasonReconciled, s.refusesEphemeral())
}

// refusedReason is why a change of the configuration isn't made, in one word.
func (s *State) refusedReason(p Plan) string {
	return pick(p.Refused == s.configSecretError(), api.ReasonSecretMissing, api.ReasonInvalidSpec)
}

// headline is the one sentence about what goes on.
func (s *State) headline(p Plan, err error) (reason, message string) {
	switch {
	case p.Invalid != "":
		return api.ReasonInvalidSpec, p.Invalid
	case p.DataLost:
		return api.ReasonDataLost, s.troubleMessage(p)
	case len(p.Trouble) > 0 && s.refused():
		return api.ReasonConfigRefused, s.troubleMessage(p)
	case len(p.Trouble) > 0:
		return api.ReasonNodeFailed, s.troubleMessage(p)
	case p.Refused != "":
		return s.refusedReason(p), p.Refused
	case p.Secret != "":
		return api.ReasonSecretMissing, p.Secret
	case err != nil && !(onlyUnavailable(err) && len(p.Waits) > 0):
		return api.ReasonWaiting, err.Error()
	case len(p.Waits) > 0:
		return api.ReasonWaiting, "waiting for " + s.waitMessage(p)
	case p.Volumes != "":
		return api.ReasonInvalidSpec, p.Volumes
	case len(p.Steps) > 0:
		return api.ReasonWaiting, fmt.Sprint(p.Steps[0])
	}
	return api.ReasonReconciled, ""
}

// onlyUnavailable tells whether an error is only that nodes don't answer, as those that
// start don't: then the reason for waiting says more. err is of errors.Join.
func onlyUnavailable(err error) bool {
	all, joined := err.(interface{ Unwrap() []error })
	return joined && !slices.ContainsFunc(all.Unwrap(), func(e error) bool { return !errors.Is(e, mgmtapi.ErrUnavailable) })
}

func clipped(list []string, n int) []string {
	if len(list) <= n {
		return list
	}
	return append(slices.Clone(list[:n]), fmt.Sprintf("and %d more", len(list)-n))
}

// refused tells whether a node fails because of its configuration: the messages of Cassandra
// and of the agent then name where they read it from.
func (s *State) refused() bool {
	return slices.ContainsFunc(s.Pods, func(p Pod) bool {
		return slices.ContainsFunc([]string{"properties", "onfiguration", "yaml", "CONFIG_FILE_DATA", "JVM option"}, func(word string) bool {
			return strings.Contains(p.broken(), word)
		})
	})
}

// notActedOn lists the fields that are set and have no effect in this version.
func (s *State) notActedOn() []string {
	spec := s.DC.Spec
	set := map[string]bool{
		"spec.dseWorkloads":                                  spec.DseWorkloads != nil,
		"spec.cdc":                                           spec.CDC != nil,
		"spec.dockerImageRunsAsCassandra":                    spec.DockerImageRunsAsCassandra != nil,
		"spec.users (authentication is off)":                 len(spec.Users) > 0 && !s.auth(),
		"spec.storageConfig (" + s.volumesNotActedOn() + ")": s.volumesNotActedOn() != "",
		"annotation " + api.TrackCleanupTasksAnnotation:      hasKey(s.DC.Annotations, api.TrackCleanupTasksAnnotation),
		"spec.configBuilderImage":                            spec.ConfigBuilderImage != "",
	}
	for _, name := range slices.Concat(s.configNotActedOn(), s.portsNotActedOn(), s.annotationsNotActedOn(), s.templateNotActedOn(), s.perNodeNotActedOn()) {
		set[name] = true
	}
	maps.DeleteFunc(set, func(_ string, is bool) bool { return !is })
	return slices.Sorted(maps.Keys(set))
}

// volumesNotActedOn says why volumes that are smaller than the spec asks for are left so, "" if none is.
func (s *State) volumesNotActedOn() string {
	for _, set := range s.StatefulSets {
		if s.DC.Spec.Stopped && s.smallerTemplate(set) {
			return "volumes grow when the datacenter isn't stopped any more"
		}
	}
	refused, _ := s.volumesRefused() // says it itself
	if refused == "" && !s.mayGrow() && slices.ContainsFunc(s.nodeVolumes(), func(v volume) bool { return !v.asked() }) {
		return "volumes that are smaller grow with the annotation " + api.AllowStorageChangesAnnotation
	}
	return ""
}

// resizingVolumes is the condition of volumes that grow.
func (s *State) resizingVolumes() api.DatacenterCondition {
	words, fails := s.resizing()
	if len(words) == 0 {
		return condition(api.DatacenterResizingVolumes, false, api.ReasonReconciled, "")
	}
	return condition(api.DatacenterResizingVolumes, true, pick(fails, api.ReasonResizeFailed, api.ReasonWaiting), "waiting for "+strings.Join(clipped(words, 3), "; "))
}

func hasKey(m map[string]string, key string) bool {
	_, ok := m[key]
	return ok
}
