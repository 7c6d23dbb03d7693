package task

import (
	"context"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// garbageCollect writes the sstables of each node anew without rows that were deleted or overwritten since.
func garbageCollect() command {
	return command{
		name:      api.CommandGarbageCollect,
		about:     "write sstables anew without rows that were deleted or overwritten",
		arguments: []string{"pod_name", "keyspace_name", "tables", "jobs"},
		refuse:    tablesWithoutKeyspace,
		proceed:   (*Plan).onEachNode,
		needs:     serving,
		call: func(ctx context.Context, node mgmtapi.Node, args api.JobArguments) (string, error) {
			return node.GarbageCollect(ctx, tableOptions(args))
		},
	}
}
