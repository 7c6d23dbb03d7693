package task

import (
	"context"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// upgradeSSTables writes anew, on each node, the sstables that an earlier version of Cassandra has written.
func upgradeSSTables() command {
	return command{
		name:      api.CommandUpgradeSSTables,
		about:     "write anew what an earlier version of Cassandra has written",
		arguments: []string{"pod_name", "keyspace_name", "tables", "jobs"},
		refuse:    tablesWithoutKeyspace,
		proceed:   (*Plan).onEachNode,
		needs:     serving,
		call: func(ctx context.Context, node mgmtapi.Node, args api.JobArguments) (string, error) {
			return node.UpgradeSSTables(ctx, tableOptions(args))
		},
	}
}
