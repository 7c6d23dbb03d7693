package inventory

import (
	"context"

	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/ringstatus"
	"github.com/ringspan/ringspan/internal/ringview"
)

// Rings asks all regions of a fleet, and their nodes, for the status of every ring,
// and the fleet for its faults. An empty keyspace lets the nodes choose one. Nobody
// answering at all is an error.
func Rings(ctx context.Context, f Fleet, all []region.Region, keyspace string) ([]ringstatus.Status, error) {
	read := make(chan ringview.Snapshot, 1)
	go func() { read <- ringview.Read(ctx, all, ringview.Question{Nodes: true, Keyspace: keyspace}) }()
	_, faults, cloudErr := f.Running(ctx)
	snapshot := <-read
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if cloudErr != nil {
		return nil, cloudErr
	}
	statuses, err := snapshot.Statuses(keyspace)
	for i := range statuses {
		statuses[i].Fleet, statuses[i].Faults = f.Name(), faults
	}
	return statuses, err
}
