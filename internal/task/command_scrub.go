package task

import (
	"context"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// scrub writes the sstables of each node anew, without what can't be read. It takes a snapshot of them before.
func scrub() command {
	return command{
		name:      api.CommandScrub,
		about:     "write sstables anew and check their rows",
		arguments: []string{"pod_name", "keyspace_name", "tables", "jobs", "no_validate", "no_snapshot", "skip_corrupted"},
		refuse:    tablesWithoutKeyspace,
		proceed:   (*Plan).onEachNode,
		needs:     serving,
		call: func(ctx context.Context, node mgmtapi.Node, args api.JobArguments) (string, error) {
			return node.Scrub(ctx, mgmtapi.ScrubOptions{
				TableOptions: tableOptions(args), DisableSnapshot: args.NoSnapshot, SkipCorrupted: args.SkipCorrupted, CheckData: new(!args.NoValidate),
			})
		},
	}
}
