package task

import (
	"context"
	"slices"
	"strings"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// command is what a task can ask for. Each has a file of its own, command_<name>.go, and a line in commands.
type command struct {
	name api.CassandraCommand
	// about says what it does, for people, as the end of "it can …".
	about string
	// arguments are the names of those that it reads. Every command also reads rack.
	arguments []string
	// refuse says what is wrong with the arguments, beginning with the name of one; "" when nothing is. It is nil for a command
	// that takes any.
	refuse func(api.JobArguments) string
	// lacks says what a datacenter hasn't got that the command is about, as the end of "datacenter dc1 …"; "" when it has it.
	// It is nil for a command that any datacenter can take.
	lacks func(*cass.CassandraDatacenter) string
	// proceed adds the next steps to the plan. Commands with a job on each node use onEachNode; others have their own order.
	proceed func(*Plan, *State)
	// only names the pods that the arguments are about, beside rack and pod_name. It is nil for a command about all of them.
	only func(api.JobArguments) []string
	// oneByOne: one node at a time does its job, whatever the task allows.
	oneByOne bool
	// call begins the command on one node and returns the id of the node's job. Its arguments name the node's pod. It is nil for a
	// command without jobs. Planning never uses it: the loop does, for a step StartJob.
	call func(context.Context, mgmtapi.Node, api.JobArguments) (string, error)
	// needs is what a node must be before its job begins. It is empty for a command without jobs.
	needs need
	// everyNode: pods that the datacenter is yet to get also get a job, and the task isn't over before. Those of its racks
	// that are being made anew every command waits for.
	everyNode bool
	// wholeRing: it moves or removes data of ranges, and begins when a node that leaves the ring is gone. Cassandra refuses a
	// cleanup meanwhile, and a rebuild may ask that node.
	wholeRing bool
	// withoutData: it runs in a datacenter that lacks its data. Every other command waits there until the data has come.
	withoutData bool
}

// commands are all that a task can ask for in this version, by name.
func commands() []command {
	return []command{
		cleanup(),
		compact(),
		flush(),
		garbageCollect(),
		move(),
		rebuild(),
		refresh(),
		replaceNode(),
		restart(),
		scrub(),
		truststoreReload(),
		upgradeSSTables(),
	}
}

// need is what a job waits for on its node.
type need struct {
	met func(Pod) bool
	// words say what is waited for, after the names of the pods: "to be ready".
	words string
}

var (
	// serving is a node that lets clients in.
	serving = need{func(p Pod) bool { return p.Ready }, "to be ready"}
	// membership is a node that is in the ring, whether it lets clients in or not.
	membership = need{func(p Pod) bool { return p.Ready || p.Member }, "to be in the ring"}
)

// commandNamed finds a command, nil when this version doesn't have it.
func commandNamed(name api.CassandraCommand) *command {
	all := commands()
	i := slices.IndexFunc(all, func(c command) bool { return c.name == name })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// commandOf is the command of a task's only job, nil when it has none or not one job.
func commandOf(t *api.CassandraTask) *command {
	if len(t.Spec.Jobs) != 1 {
		return nil
	}
	return commandNamed(t.Spec.Jobs[0].Command)
}

// supported lists the commands in words: "cleanup, rebuild and restart".
func supported() string {
	var names []string
	for _, c := range commands() {
		names = append(names, string(c.name))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// Call is what begins the task's command on the node of a pod; nil for a task whose command has no jobs on nodes.
func Call(t *api.CassandraTask) func(ctx context.Context, node mgmtapi.Node, pod string) (jobID string, err error) {
	c := commandOf(t)
	if c == nil || c.call == nil {
		return nil
	}
	return func(ctx context.Context, node mgmtapi.Node, pod string) (string, error) {
		args := t.Spec.Jobs[0].Arguments
		args.PodName = pod
		return c.call(ctx, node, args)
	}
}

// AsksForMembers tells whether State.Pods must say which nodes are members of the ring: the task's jobs also begin on members
// that aren't ready.
func AsksForMembers(t *api.CassandraTask) bool {
	c := commandOf(t)
	return c != nil && c.needs.met != nil && c.needs.met(Pod{Member: true})
}
