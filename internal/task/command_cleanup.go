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
		arguments: []string{"pod_name", "keyspace_name", "tables", "jobs"},
		proceed:   (*Plan).onEachNode,
		needs:     serving,
		call: func(ctx context.Context, node mgmtapi.Node, args api.JobArguments) (string, error) {
			return node.Cleanup(ctx, cleanupOptions(args))
		},
	}
}

// allKeyspaces is the management API's word for every keyspace whose replicas are spread.
const allKeyspaces = "NON_LOCAL_STRATEGY"

func cleanupOptions(args api.JobArguments) mgmtapi.CleanupOptions {
	o := mgmtapi.CleanupOptions{Keyspace: args.KeyspaceName, Tables: args.Tables}
	if o.Keyspace == "" {
		o.Keyspace = allKeyspaces
	}
	if args.JobsCount != nil {
		o.Jobs = *args.JobsCount
	}
	return o
}
