package datacenter

import (
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/topology"
)

// A restart is asked for by the spec (rollingRestartRequested) or by a CassandraTask with the command restart, and is
// carried out here alone. The time at which it was asked for is written on the pod template of one rack after another, as
// the annotation control.k8ssandra.io/restartedAt, and planRoll recreates the pods of older templates.

// formerRestartAnnotation on a pod template is when the spec asked for a restart, as earlier versions wrote it. It counts
// as what those pods are made for, so that a restart that such a version began is continued. It is written too, wherever a
// template is written: such a version restarts pods without the time of the status.
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
func RestartedAt(template *corev1.PodTemplateSpec) time.Time {
	return restartedAt(template.Annotations)
}

// restartedAt reads it from the annotations of a template, or of a pod.
func restartedAt(annotations map[string]string) (at time.Time) {
	for _, name := range []string{control.RestartedAtAnnotation, formerRestartAnnotation} {
		if t, err := time.Parse(time.RFC3339, annotations[name]); err == nil && t.After(at) {
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

// restarts tells whether a restart of a rack was asked for that its template isn't made for yet, and that may begin. None begins
// while the spec has a request: that is recorded first, then taken back, and only then acted on, so that nothing that fails in
// between, and no edit, makes one request count twice.
func (s *State) restarts(rack string, have *appsv1.StatefulSet) bool {
	return s.restartDue(rack, have) && !s.DC.Spec.RollingRestartRequested
}

// restartDue also tells of a rack without a StatefulSet, whose pods will be new anyway, that none is.
func (s *State) restartDue(rack string, have *appsv1.StatefulSet) bool {
	return have != nil && s.inService() && RestartedAt(&have.Spec.Template).Before(s.restartMark(rack))
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
	return t != nil && t.Fast && !s.restartDue(rack, s.StatefulSets[rack])
}

// markRestart writes on a set's template for which restart its pods are made. The template's hash doesn't cover it.
func (s *State) markRestart(set *appsv1.StatefulSet, at time.Time) {
	if at.IsZero() {
		return
	}
	notes := map[string]string{control.RestartedAtAnnotation: at.UTC().Format(time.RFC3339)}
	if spec := s.DC.Status.LastRollingRestart; !spec.IsZero() && !at.Before(spec.Truncate(time.Second)) {
		notes[formerRestartAnnotation] = spec.UTC().Format(time.RFC3339)
	}
	set.Spec.Template.Annotations = merged(set.Spec.Template.Annotations, notes)
}

// restartAsked tells whether the spec asks for a restart that the status does not know of yet. Each status that is about the
// spec with the request knows of it: see Summarize. Times wouldn't tell, because the clocks of two operators of a region, of
// which one follows the other, may differ. While the restart of an earlier request goes on, another one is taken for the same.
func (s *State) restartAsked() bool {
	return s.DC.Spec.RollingRestartRequested && s.inService() && s.DC.Status.Seen() != s.DC.Generation && !s.restartGoesOn()
}

// restartGoesOn tells whether the restart of the spec's last request is still under way: it has yet to reach a rack, or one
// that it has reached isn't whole again. A rack that is sick later, for another reason, doesn't count.
func (s *State) restartGoesOn() bool {
	at := s.DC.Status.LastRollingRestart.Truncate(time.Second)
	if at.IsZero() {
		return false
	}
	return slices.ContainsFunc(s.RackNames(), func(rack string) bool {
		have := s.lastSet(rack) // one that is made anew has its restart before it
		if have == nil || RestartedAt(&have.Spec.Template).After(at) {
			return false
		}
		return RestartedAt(&have.Spec.Template).Before(at) || s.DC.Status.IsTrue(api.DatacenterRollingRestart) && !s.settled(rack)
	})
}

// restartStamp is the time of a request, after all that pods were made for, or none would be restarted for it.
func (s *State) restartStamp() metav1.Time {
	at := s.stampNow().Time
	later := func(than time.Time) {
		if than = than.Truncate(time.Second); !at.After(than) {
			at = than.Add(time.Second)
		}
	}
	later(s.DC.Status.LastRollingRestart.Time)
	for _, template := range s.podTemplates() {
		later(RestartedAt(template))
	}
	return metav1.NewTime(at)
}

// planRestartRequest clears the request once the status has its time, by which pods from
// before it are recognized, or when the restart of an earlier one serves it too.
func (s *State) planRestartRequest(p *Plan) {
	switch {
	case !s.DC.Spec.RollingRestartRequested:
	case !s.inService():
		p.add(Clear, "spec.rollingRestartRequested", "there is nothing to restart", Step{})
	case s.restartAsked():
		p.Wait("the request for a restart to be noted")
	case s.DC.Status.Seen() != s.DC.Generation:
		p.add(Clear, "spec.rollingRestartRequested", "the restart of an earlier request is under way, and restarts no rack twice", Step{})
	default:
		p.add(Clear, "spec.rollingRestartRequested", "it is on record, and the restart begins", Step{})
	}
}
