package task

import (
	"fmt"
	"math/big"
	"slices"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// allReplicated is the management API's word for every keyspace whose replicas are spread.
const allReplicated = "NON_LOCAL_STRATEGY"

// namesKeyspace tells whether the arguments name one keyspace, and don't mean all.
func namesKeyspace(args api.JobArguments) bool {
	return args.KeyspaceName != "" && args.KeyspaceName != mgmtapi.AllKeyspaces && args.KeyspaceName != allReplicated
}

// tablesWithoutKeyspace says so, "" when there are none.
func tablesWithoutKeyspace(args api.JobArguments) string {
	if len(args.Tables) == 0 || namesKeyspace(args) {
		return ""
	}
	return "tables: they need the keyspace_name that they are of"
}

// tableOptions are the arguments that most commands about sstables have.
func tableOptions(args api.JobArguments) mgmtapi.TableOptions {
	o := mgmtapi.TableOptions{Keyspace: args.KeyspaceName, Tables: args.Tables}
	if args.JobsCount != nil {
		o.Jobs = *args.JobsCount
	}
	return o
}

// wrongTokens says what is wrong with the tokens of a range.
func wrongTokens(args api.JobArguments) string {
	if args.StartToken == "" && args.EndToken == "" {
		return ""
	}
	for _, token := range []struct{ name, value string }{{"start_token", args.StartToken}, {"end_token", args.EndToken}} {
		if token.value == "" {
			return token.name + ": a range needs both tokens"
		}
		if _, number := new(big.Int).SetString(token.value, 10); !number {
			return fmt.Sprintf("%s: %q is not a number", token.name, token.value)
		}
	}
	return ""
}

// Schema is what the nodes that are ready say of the keyspace that a task names.
type Schema struct {
	// Answered: a node has said which keyspaces there are.
	Answered bool
	// Keyspace: a node knows the keyspace. A node that was just away may not know yet what others do.
	Keyspace bool
	// Tables that a node knows in it.
	Tables []string
}

// AsksForSchema tells whether State.Schema must be filled, of a state that has everything but what nodes say: the task names a
// keyspace, and nothing else keeps it from beginning now.
func AsksForSchema(s *State) bool {
	c := commandOf(s.Task)
	return c != nil && s.Task.Status.StartTime == nil && slices.Contains(c.arguments, "keyspace_name") && namesKeyspace(s.job().Arguments) && !new(Plan).wait(s)
}

// checkSchema refuses a task whose keyspace or tables aren't there, and tells whether it has to wait for a node that knows.
func (p *Plan) checkSchema(s *State) (waits bool) {
	if !AsksForSchema(s) {
		return false
	}
	args := s.job().Arguments
	if !s.Schema.Answered {
		p.Waiting = fmt.Sprintf("a node of datacenter %q to be ready and to say whether there is a keyspace %q", s.Task.Spec.Datacenter.Name, args.KeyspaceName)
		p.Next = pollJobs
		return true
	}
	if !s.Schema.Keyspace {
		p.Failure = invalid("spec.jobs[0].args.keyspace_name: there is no keyspace %q", args.KeyspaceName)
		return false
	}
	for _, table := range args.Tables {
		if !slices.Contains(s.Schema.Tables, table) {
			p.Failure = invalid("spec.jobs[0].args.tables: keyspace %q has no table %q", args.KeyspaceName, table)
			return false
		}
	}
	return false
}
