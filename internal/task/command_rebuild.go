package task

import (
	"context"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// rebuild streams to each node, from another datacenter, the rows that it holds replicas of. It is for nodes that lack
// them, so it goes before every other command and doesn't wait until they let clients in; and it waits for pods that
// are just being made anew, because these come back without the rows.
func rebuild() command {
	return command{
		name:      api.CommandRebuild,
		about:     "stream to each node, from another datacenter, the rows that it holds replicas of",
		arguments: []string{"pod_name", "source_datacenter"},
		refuse: func(args api.JobArguments) string {
			if args.SourceDatacenter == "" {
				return "source_datacenter: rebuild needs to know where to stream from"
			}
			return ""
		},
		proceed:     (*Plan).onEachNode,
		needs:       membership,
		everyNode:   true,
		wholeRing:   true,
		withoutData: true,
		call: func(ctx context.Context, node mgmtapi.Node, args api.JobArguments) (string, error) {
			return node.Rebuild(ctx, args.SourceDatacenter)
		},
	}
}
