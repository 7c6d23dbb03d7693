package task

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
)

// CheckSpec says why a task can be carried out on no datacenter, or nil.
func CheckSpec(t *api.CassandraTask) *Failure {
	if n := len(t.Spec.Jobs); n != 1 {
		return invalid("spec.jobs: exactly one job is needed, there are %d", n)
	}
	if t.Spec.Datacenter.Name == "" {
		return invalid("spec.datacenter.name: is needed")
	}
	if ns := t.Spec.Datacenter.Namespace; ns != "" && ns != t.Namespace {
		return invalid("spec.datacenter.namespace: %q is not the task's own namespace", ns)
	}
	c := commandOf(t)
	if c == nil {
		return &Failure{api.ReasonCommandNotSupported, fmt.Sprintf("spec.jobs[0].command: %q is not supported yet; %s are", t.Spec.Jobs[0].Command, supported())}
	}
	if c.refuse != nil {
		if why := c.refuse(t.Spec.Jobs[0].Arguments); why != "" {
			return invalid("spec.jobs[0].args.%s", why)
		}
	}
	return nil
}

// check says why a task can never be carried out, or nil.
func check(s *State) *Failure {
	if failure := CheckSpec(s.Task); failure != nil {
		return failure
	}
	c := s.command()
	if c.lacks != nil && s.Datacenter != nil {
		if what := c.lacks(s.Datacenter); what != "" {
			return &Failure{api.ReasonInvalidTask, fmt.Sprintf("spec.jobs[0].command: %s: datacenter %q %s", c.name, s.Task.Spec.Datacenter.Name, what)}
		}
	}
	if s.madeAnew() {
		return &Failure{api.ReasonDatacenterNotFound, fmt.Sprintf("CassandraDatacenter %q was deleted and made anew after the task began", s.Task.Spec.Datacenter.Name)}
	}
	return checkTarget(s)
}

// madeAnew tells whether the datacenter is not the one that the task began with, but a later one of its name. Tasks that an
// earlier version began don't say which one that was.
func (s *State) madeAnew() bool {
	began := s.Task.Annotations[api.DatacenterUIDAnnotation]
	return s.Task.Status.StartTime != nil && began != "" && s.Datacenter != nil && began != string(s.Datacenter.UID)
}

func invalid(format string, args ...any) *Failure {
	return &Failure{api.ReasonInvalidTask, fmt.Sprintf(format, args...)}
}

// checkTarget refuses a task that has not begun for racks and pods that the datacenter doesn't have, once its StatefulSets are
// there. One that has begun is refused in windDown.
func checkTarget(s *State) *Failure {
	if s.Task.Status.StartTime != nil || s.Datacenter == nil || len(s.Racks) == 0 {
		return nil
	}
	return s.misdirected()
}

// misdirected says that the datacenter has no rack or pod of the name that the task's arguments give. Its spec counts: a
// StatefulSet or pod that is being made anew is not there for a moment, and is the datacenter's all the same.
func (s *State) misdirected() *Failure {
	args := s.job().Arguments
	switch {
	case args.RackName != "" && !s.hasRack(args.RackName):
		return invalid("spec.jobs[0].args.rack: %q is no rack of the datacenter", args.RackName)
	case args.PodName != "" && !s.hasPod(args):
		return invalid("spec.jobs[0].args: pod_name %q (rack %q) is no pod of the datacenter", args.PodName, args.RackName)
	}
	if c := s.command(); c.only != nil {
		for _, pod := range c.only(args) {
			if !s.hasPod(api.JobArguments{PodName: pod}) {
				return invalid("spec.jobs[0].args.%s: %q is no pod of the datacenter", c.arguments[0], pod)
			}
		}
	}
	return nil
}

// windDown refuses a task that an edit has made wrong after it began. It begins nothing more, and ends when all has ended that
// it has begun on nodes.
func (p *Plan) windDown(s *State, why *Failure) {
	if s.job().Command == api.CommandReplaceNode {
		p.untilReplaced(s)
		p.Done = false
	} else {
		p.readAnswers(s)
	}
	if begun := p.begun(s); len(begun) > 0 {
		p.Waiting, p.Next = fmt.Sprintf("%s on %s to end, and is refused then: %s", s.job().Command, strings.Join(begun, ", "), why.Message), pollJobs
		return
	}
	p.Failure = why
}

// begun names the pods on which a job runs, or the racks that a restart has reached and that aren't whole again.
func (p *Plan) begun(s *State) (names []string) {
	if s.job().Command == api.CommandRestart {
		reached := slices.DeleteFunc(slices.Clone(s.Racks), func(r Rack) bool { return !s.reached(r) })
		p.restartPods(s, reached)
		for _, r := range reached {
			if !s.settled(r) {
				names = append(names, "rack "+r.Name)
			}
		}
		return names
	}
	for _, name := range slices.Sorted(maps.Keys(p.Pods)) {
		if p.Pods[name].Status == api.PodTaskRunning {
			names = append(names, name)
		}
	}
	return names
}

// NotActedOn lists the arguments that are set and that the command does not read.
func NotActedOn(t *api.CassandraTask) (names []string) {
	if len(t.Spec.Jobs) != 1 {
		return nil
	}
	var read []string
	if c := commandOf(t); c != nil {
		read = c.arguments
	}
	for _, name := range given(t.Spec.Jobs[0].Arguments) {
		if !slices.Contains(read, name) {
			names = append(names, "spec.jobs[0].args."+name)
		}
	}
	return names
}

// given names the arguments that are set, but for rack and pod_name: these choose the pods, and no command ignores them.
func given(a api.JobArguments) (names []string) {
	for _, arg := range []struct {
		name string
		set  bool
	}{
		{"keyspace_name", a.KeyspaceName != ""},
		{"source_datacenter", a.SourceDatacenter != ""},
		{"tables", len(a.Tables) > 0},
		{"jobs", a.JobsCount != nil},
		{"no_validate", a.NoValidate},
		{"no_snapshot", a.NoSnapshot},
		{"skip_corrupted", a.SkipCorrupted},
		{"split_output", a.SplitOutput},
		{"start_token", a.StartToken != ""},
		{"end_token", a.EndToken != ""},
		{"new_tokens", len(a.NewTokens) > 0},
		{"fast", a.Fast},
		{"force", a.Force},
	} {
		if arg.set {
			names = append(names, arg.name)
		}
	}
	return names
}
