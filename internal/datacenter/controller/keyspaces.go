package controller

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// schema is the users' keyspaces as of a version of the ring's schema.
type schema struct {
	version   string
	keyspaces map[string]map[string]string
}

// observeKeyspaces reads how the users' keyspaces are replicated, if the schema isn't the one that was read before.
func observeKeyspaces(ctx context.Context, s *datacenter.State, node mgmtapi.Keyspaces, m *memory) {
	if !s.ObservesKeyspaces() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 4*nodeTimeout) // a call for each keyspace
	defer cancel()
	version := ""
	if i := slices.IndexFunc(s.Ringview, func(e mgmtapi.Endpoint) bool { return e.Local }); i >= 0 {
		version = s.Ringview[i].Schema
	}
	if version == "" || version != m.schema.version {
		keyspaces, err := readKeyspaces(ctx, node)
		if err != nil {
			return // what can't be read is not absent
		}
		m.schema = schema{version, keyspaces}
	}
	s.Keyspaces = maps.Clone(m.schema.keyspaces)
}

func readKeyspaces(ctx context.Context, node mgmtapi.Keyspaces) (map[string]map[string]string, error) {
	names, err := node.Keyspaces(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]map[string]string{}
	for _, name := range names {
		if !datacenter.IsUsers(name) {
			continue
		}
		if all[name], err = node.Replication(ctx, name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// movesData tells whether a task goes on, or is about to, that a node which leaves the ring would disturb, or that would disturb it.
func movesData(t *control.CassandraTask, dc string, now time.Time) bool {
	due := t.Status.StartTime != nil || t.Spec.ScheduledTime == nil || !t.Spec.ScheduledTime.After(now)
	runs := t.Spec.Datacenter.Name == dc && due && t.Status.CompletionTime == nil && t.DeletionTimestamp.IsZero()
	return runs && has(t, control.CommandCleanup, control.CommandRebuild, control.CommandMove, control.CommandReplaceNode)
}

// has tells whether one of a task's jobs is one of some commands.
func has(t *control.CassandraTask, commands ...control.CassandraCommand) bool {
	return slices.ContainsFunc(t.Spec.Jobs, func(j control.CassandraJob) bool { return slices.Contains(commands, j.Command) })
}

// observeTasks finds the tasks that go on, the restarts among them, and the rebuilds that may have filled keyspaces without data.
func (r *Reconciler) observeTasks(ctx context.Context, s *datacenter.State) error {
	var tasks control.CassandraTaskList
	if err := r.Client.List(ctx, &tasks, client.InNamespace(s.DC.Namespace)); err != nil {
		return err
	}
	for i := range tasks.Items {
		if err := r.observeRestart(ctx, s, &tasks.Items[i]); err != nil {
			return err
		}
		if err := r.observeReplacement(ctx, s, &tasks.Items[i]); err != nil {
			return err
		}
		switch moves := movesData(&tasks.Items[i], s.DC.Name, s.Now); {
		case moves && tasks.Items[i].Status.StartTime != nil:
			s.Tasks = append(s.Tasks, tasks.Items[i].Name)
			if has(&tasks.Items[i], control.CommandRebuild) {
				s.RebuildTasks = append(s.RebuildTasks, tasks.Items[i].Name)
			}
		case moves:
			s.DueTasks = append(s.DueTasks, tasks.Items[i].Name)
		}
		if began := rebuilt(&tasks.Items[i], s.DC.Name); !began.IsZero() {
			s.Rebuilds = append(s.Rebuilds, began)
		}
	}
	return nil
}

// observeRestart notes a task that restarts nodes now, unless it has to wait for what other regions know of it.
func (r *Reconciler) observeRestart(ctx context.Context, s *datacenter.State, t *control.CassandraTask) error {
	restart := datacenter.RestartTaskOf(t, s.DC.Name)
	if restart == nil {
		return nil
	}
	if r.MayGoOn != nil {
		if why, err := r.MayGoOn(ctx, t); err != nil || why != "" {
			return err
		}
	}
	s.Restarts = append(s.Restarts, *restart)
	return nil
}

// observeReplacement notes what a task asks for that replaces nodes now, unless it has to wait for what other regions know of it.
func (r *Reconciler) observeReplacement(ctx context.Context, s *datacenter.State, t *control.CassandraTask) error {
	asks := datacenter.ReplaceRequestsOf(t, s.DC.Name)
	if len(asks) == 0 {
		return nil
	}
	if r.MayGoOn != nil {
		if why, err := r.MayGoOn(ctx, t); err != nil || why != "" {
			return err
		}
	}
	s.Replacements = append(s.Replacements, asks...)
	return nil
}

// rebuilt is when a task began that has rebuilt all nodes of a datacenter. One that failed has not, whatever else its
// conditions say, and neither has one whose spec was another when it began or ended: it may have done something else.
func rebuilt(t *control.CassandraTask, dc string) time.Time {
	complete := meta.FindStatusCondition(t.Status.Conditions, control.JobComplete)
	switch {
	case t.Spec.Datacenter.Name != dc || len(t.Spec.Jobs) != 1 || t.Status.StartTime == nil,
		complete == nil || complete.Status != metav1.ConditionTrue || complete.ObservedGeneration != t.Generation,
		meta.IsStatusConditionTrue(t.Status.Conditions, control.JobFailed), !begunAsIs(t):
		return time.Time{}
	}
	if job := t.Spec.Jobs[0]; job.Command != control.CommandRebuild || job.Arguments.RackName+job.Arguments.PodName != "" {
		return time.Time{}
	}
	return t.Status.StartTime.Time
}

// begunAsIs tells whether a task began with the spec that it has. Tasks of earlier versions don't say.
func begunAsIs(t *control.CassandraTask) bool {
	began := t.Annotations[control.BegunGenerationAnnotation]
	return began == "" || began == strconv.FormatInt(t.Generation, 10)
}
