package task

import (
	"context"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// flush writes what each node has in memory into sstables.
func flush() command {
	return command{
		name:      api.CommandFlush,
		about:     "write what is in memory into sstables",
		arguments: []string{"pod_name", "keyspace_name", "tables"},
		refuse:    tablesWithoutKeyspace,
		proceed:   (*Plan).onEachNode,
		needs:     serving,
		call: func(ctx context.Context, node mgmtapi.Node, args api.JobArguments) (string, error) {
			return node.Flush(ctx, tableOptions(args))
		},
	}
}
