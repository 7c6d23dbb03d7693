package task

import (
	"cmp"
	"context"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// compact merges the sstables of each node: all of a table, or those with rows between two tokens.
func compact() command {
	return command{
		name:      api.CommandCompaction,
		about:     "merge the sstables of each table, or those with rows between two tokens",
		arguments: []string{"pod_name", "keyspace_name", "tables", "split_output", "start_token", "end_token"},
		refuse: func(args api.JobArguments) string {
			return cmp.Or(tablesWithoutKeyspace(args), wrongTokens(args), splitRange(args))
		},
		proceed: (*Plan).onEachNode,
		needs:   serving,
		call: func(ctx context.Context, node mgmtapi.Node, args api.JobArguments) (string, error) {
			return node.Compact(ctx, mgmtapi.CompactOptions{
				Keyspace: args.KeyspaceName, Tables: args.Tables, SplitOutput: args.SplitOutput, StartToken: args.StartToken, EndToken: args.EndToken,
			})
		},
	}
}

// splitRange says that Cassandra splits what a whole table is merged into, and not what a range is.
func splitRange(args api.JobArguments) string {
	if args.SplitOutput && args.StartToken != "" {
		return "split_output: it does not go with start_token and end_token"
	}
	return ""
}
