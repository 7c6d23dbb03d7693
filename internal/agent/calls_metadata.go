package agent

import (
	"context"

	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/version"
)

func (a *Agent) metadataRoutes() []route {
	return []route{
		{pattern: "GET /api/v0/metadata/endpoints", limit: quick, do: a.handleEndpoints},
		{pattern: "GET /api/v0/metadata/ownership", limit: quick, do: a.handleOwnership},
		{pattern: "GET /api/v0/metadata/localdc", limit: quick, do: a.handleDatacenter},
		{pattern: "GET /api/v0/metadata/versions/release", limit: quick, do: a.handleRelease},
		{pattern: "GET /api/v0/metadata/versions/features", limit: quick, do: a.handleFeatures},
		{pattern: "GET /api/v1/ops/node/schema/versions", limit: quick, do: a.handleSchemaVersions},
	}
}

func (a *Agent) handleEndpoints(ctx context.Context, _ *call) (int, any, error) {
	list, err := a.endpoints(ctx)
	return 200, map[string]any{"entity": list}, err
}

func (a *Agent) handleOwnership(ctx context.Context, q *call) (int, any, error) {
	keyspace, shares, err := a.ownership(ctx, q.FormValue("keyspace"))
	return 200, mgmtapi.Ownership{Keyspace: keyspace, Ownership: shares}, err
}

func (a *Agent) handleDatacenter(context.Context, *call) (int, any, error) {
	return 200, a.config.Input.DatacenterName, nil
}

func (a *Agent) handleRelease(ctx context.Context, _ *call) (int, any, error) {
	v, err := a.release(ctx)
	return 200, v, err
}

// handleFeatures names what there is in the management API's words. The features don't
// depend on a JVM that runs.
func (a *Agent) handleFeatures(ctx context.Context, _ *call) (int, any, error) {
	v, err := a.release(ctx)
	if err != nil {
		v = ""
	}
	return 200, map[string]any{"cassandra_version": v, "mgmt_version": "ringspan-agent " + version.Version, "features": features()}, nil
}

// features are those that cass-operator asks for before it makes a call.
func features() []string {
	return []string{
		"async_sstable_tasks", "async_upgrade_sstable_task", "async_compaction_task", "async_scrub_task", "async_gc_task", "async_flush_task",
		"rebuild", "async_move_task", "reload_internode_truststore", "full_query_logging",
	}
}

func (a *Agent) handleSchemaVersions(ctx context.Context, _ *call) (int, any, error) {
	v, err := a.schemaVersions(ctx)
	return 200, v, err
}
