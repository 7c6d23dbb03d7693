package controller

import (
	"context"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
)

// Look is what a pass of a process that has just begun would observe of a datacenter, which may differ from the one that is there:
// what a changed spec needs to know is read too. Nothing is written. Only Client, Live, Node, Now, MayGoOn and Agent are used.
func (r *Reconciler) Look(ctx context.Context, dc *api.CassandraDatacenter) (*datacenter.State, error) {
	return r.observe(ctx, dc, newMemory())
}
