package datacenter

import (
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/topology"
)

// A restart is asked for by the spec (rollingRestartRequested) or by a CassandraTask with the command restart, and is
// carried out here alone. The time at which it was asked for is written on the pod template of one rack after another, as
// the annotation control.k8ssandra.io/restartedAt, and planRoll recreates the pods of older templates.

// formerRestartAnnotation on a pod template is when the spec asked for a restart, as earlier versions wrote it. It counts
// as what those pods are made for, so that a restart that such a version began is continued.
const formerRestartAnnotation = "ringspan.io/restarted-at"

// RestartTask is a CassandraTask with the command restart that has begun and isn't over.
type RestartTask struct {
	At   time.Time // when it began
	Rack string    // the only one that it is for; all when empty
	// Fast: the pods of a rack are restarted together. Force: other racks may have nodes that are down.
	Fast, Force bool
}

// covers tells whether the task is for a rack. It names racks as their pods' labels do.
func (t RestartTask) covers(rack string) bool {
	return t.Rack == "" || t.Rack == topology.CleanLabel(rack)
}

// RestartTaskOf is what a task asks of a datacenter's pods now, nil when that is no restart.
func RestartTaskOf(t *control.CassandraTask, datacenter string) *RestartTask {
	running := t.Status.StartTime != nil && t.Status.CompletionTime == nil && t.DeletionTimestamp.IsZero()
	if !running || t.Spec.Datacenter.Name != datacenter || len(t.Spec.Jobs) != 1 || t.Spec.Jobs[0].Command != control.CommandRestart {
		return nil
	}
	args := t.Spec.Jobs[0].Arguments
	return &RestartTask{At: t.Status.StartTime.Time, Rack: args.RackName, Fast: args.Fast, Force: args.Force}
}

// RestartedAt is the beginning of the restart that a template's pods are made for, zero when there was none.
func RestartedAt(template *corev1.PodTemplateSpec) (at time.Time) {
	for _, name := range []string{control.RestartedAtAnnotation, formerRestartAnnotation} {
		if t, err := time.Parse(time.RFC3339, template.Annotations[name]); err == nil && t.After(at) {
			at = t
		}
	}
	return at
}

// restartMark is when a restart of a rack was last asked for, zero for never.
func (s *State) restartMark(rack string) time.Time {
	at := s.DC.Status.LastRollingRestart.Time
	for _, t := range s.Restarts {
		if t.covers(rack) && t.At.After(at) {
			at = t.At
		}
	}
	return at.Truncate(time.Second) // as the API server keeps it
}

// restarts tells whether a restart of a rack was asked for that its template isn't made for yet.
func (s *State) restarts(rack string, have *appsv1.StatefulSet) bool {
	return s.inService() && RestartedAt(&have.Spec.Template).Before(s.restartMark(rack))
}

// restartTask is the task whose restart a rack is or would be restarted for, nil when it is the spec's.
func (s *State) restartTask(rack string) *RestartTask {
	i := slices.IndexFunc(s.Restarts, func(t RestartTask) bool {
		return t.covers(rack) && t.At.Truncate(time.Second).Equal(s.restartMark(rack))
	})
	if i < 0 {
		return nil
	}
	return &s.Restarts[i]
}

// forcesRestart tells whether a rack's restart doesn't wait for other racks.
func (s *State) forcesRestart(rack string) bool {
	t := s.restartTask(rack)
	return t != nil && t.Force
}

// fastRestart tells whether the pods of a rack are restarted together: the restart of a task that asks for it has reached them.
func (s *State) fastRestart(rack string) bool {
	t := s.restartTask(rack)
	return t != nil && t.Fast && !s.restarts(rack, s.StatefulSets[rack])
}

// markRestart writes on a set's template for which restart its pods are made. The template's hash doesn't cover it.
func markRestart(set *appsv1.StatefulSet, at time.Time) {
	if !at.IsZero() {
		set.Spec.Template.Annotations = merged(set.Spec.Template.Annotations, map[string]string{control.RestartedAtAnnotation: at.UTC().Format(time.RFC3339)})
	}
}

// restartAsked tells whether the spec asks for a restart that the status does not know of yet. One that it knows of began
// no earlier than the condition RollingRestart became true; a task's restart, which makes that true as well, is not in the
// status.
func (s *State) restartAsked() bool {
	if !s.DC.Spec.RollingRestartRequested || !s.inService() {
		return false
	}
	c := s.DC.Status.Condition(api.DatacenterRollingRestart)
	noted := c != nil && c.Status == corev1.ConditionTrue && !s.DC.Status.LastRollingRestart.Before(&c.LastTransitionTime)
	return !noted
}

// planRestartRequest clears the request once the status has its time, by which pods from
// before it are recognized.
func (s *State) planRestartRequest(p *Plan) {
	switch {
	case !s.DC.Spec.RollingRestartRequested:
	case !s.inService():
		p.add(Clear, "spec.rollingRestartRequested", "there is nothing to restart", Step{})
	case s.restartAsked():
		p.Wait("the request for a restart to be noted")
	default:
		p.add(Clear, "spec.rollingRestartRequested", "the restart is under way", Step{})
	}
}
