package task

import (
	"fmt"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
)

// check says why a task can never be carried out, or nil.
func check(s *State) *Failure {
	if n := len(s.Task.Spec.Jobs); n != 1 {
		return &Failure{api.ReasonInvalidTask, fmt.Sprintf("spec.jobs: exactly one job is needed, there are %d", n)}
	}
	if s.Task.Spec.Datacenter.Name == "" {
		return &Failure{api.ReasonInvalidTask, "spec.datacenter.name: is needed"}
	}
	if ns := s.Task.Spec.Datacenter.Namespace; ns != "" && ns != s.Task.Namespace {
		return &Failure{api.ReasonInvalidTask, fmt.Sprintf("spec.datacenter.namespace: %q is not the task's own namespace", ns)}
	}
	job := s.job()
	switch job.Command {
	case api.CommandCleanup, api.CommandRestart:
	case api.CommandRebuild:
		if job.Arguments.SourceDatacenter == "" {
			return &Failure{api.ReasonInvalidTask, "spec.jobs[0].args.source_datacenter: rebuild needs to know where to stream from"}
		}
	default:
		return &Failure{api.ReasonCommandNotSupported, fmt.Sprintf("spec.jobs[0].command: %q is not supported yet; cleanup, rebuild and restart are", job.Command)}
	}
	return checkTarget(s)
}

// checkTarget refuses racks and pods that aren't there, once there are any.
func checkTarget(s *State) *Failure {
	args := s.job().Arguments
	if args.PodName != "" && s.job().Command == api.CommandRestart {
		return &Failure{api.ReasonInvalidTask, "spec.jobs[0].args.pod_name: restart goes by rack; delete the pod to restart one"}
	}
	if len(s.Pods) == 0 || len(s.targets()) > 0 {
		return nil
	}
	if args.PodName != "" {
		return &Failure{api.ReasonInvalidTask, fmt.Sprintf("spec.jobs[0].args: pod_name %q (rack %q) is no pod of the datacenter", args.PodName, args.RackName)}
	}
	return &Failure{api.ReasonInvalidTask, fmt.Sprintf("spec.jobs[0].args.rack: %q is no rack of the datacenter", args.RackName)}
}

// NotActedOn lists the arguments that are set and that the command does not read.
func NotActedOn(t *api.CassandraTask) []string {
	if len(t.Spec.Jobs) != 1 {
		return nil
	}
	job := t.Spec.Jobs[0]
	a := job.Arguments
	cleanup, restart := job.Command == api.CommandCleanup, job.Command == api.CommandRestart
	var names []string
	for _, arg := range []struct {
		name      string
		set, read bool
	}{
		{"keyspace_name", a.KeyspaceName != "", cleanup},
		{"source_datacenter", a.SourceDatacenter != "", job.Command == api.CommandRebuild},
		{"tables", len(a.Tables) > 0, cleanup},
		{"jobs", a.JobsCount != nil, cleanup},
		{"no_validate", a.NoValidate, false},
		{"no_snapshot", a.NoSnapshot, false},
		{"skip_corrupted", a.SkipCorrupted, false},
		{"split_output", a.SplitOutput, false},
		{"start_token", a.StartToken != "", false},
		{"end_token", a.EndToken != "", false},
		{"new_tokens", len(a.NewTokens) > 0, false},
		{"fast", a.Fast, restart},
		{"force", a.Force, restart},
	} {
		if arg.set && !arg.read {
			names = append(names, "spec.jobs[0].args."+arg.name)
		}
	}
	return names
}
