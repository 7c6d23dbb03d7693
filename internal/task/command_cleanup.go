package task

import (
	"context"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// cleanup removes from each node the rows of ranges that are another node's by now.
func cleanup() command {
	return command{
		name:      api.CommandCleanup,
		about:     "remove rows of ranges that are other nodes' by now",
		arguments: []string{"pod_name", "keyspace_name", "tables", "jobs"},
		refuse:    tablesWithoutKeyspace,
		proceed:   (*Plan).onEachNode,
		needs:     serving,
		wholeRing: true,
		call: func(ctx context.Context, node mgmtapi.Node, args api.JobArguments) (string, error) {
			o := mgmtapi.CleanupOptions(tableOptions(args))
			if o.Keyspace == "" {
				o.Keyspace = allReplicated
			}
			return node.Cleanup(ctx, o)
		},
	}
}
