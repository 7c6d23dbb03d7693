package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
)

func (a *Agent) keyspaceRoutes() []route {
	return []route{
		{pattern: "GET /api/v0/ops/keyspace", limit: quick, do: a.handleKeyspaces},
		{pattern: "GET /api/v0/ops/keyspace/replication", limit: quick, do: a.handleReplication},
		{pattern: "GET /api/v0/ops/tables", limit: quick, do: a.handleTables},
		{pattern: "POST /api/v0/ops/keyspace/create", limit: slow, do: a.handlePutKeyspace("CREATE KEYSPACE IF NOT EXISTS")},
		{pattern: "POST /api/v0/ops/keyspace/alter", limit: slow, do: a.handlePutKeyspace("ALTER KEYSPACE")},
	}
}

func (a *Agent) handleKeyspaces(ctx context.Context, q *call) (int, any, error) {
	list, err := a.keyspaces(ctx)
	if name := q.FormValue("keyspaceName"); name != "" {
		list = slices.DeleteFunc(list, func(k string) bool { return k != name })
	}
	return 200, list, err
}

func (a *Agent) handleReplication(ctx context.Context, q *call) (int, any, error) {
	name := q.FormValue("keyspaceName")
	r, err := a.replication(ctx, name)
	if err == nil && r == nil {
		return 404, nil, fmt.Errorf("keyspace %q does not exist", name)
	}
	return 200, r, err
}

func (a *Agent) handleTables(ctx context.Context, q *call) (int, any, error) {
	list, err := a.tables(ctx, q.FormValue("keyspaceName"))
	return 200, list, err
}

// handlePutKeyspace makes or alters a keyspace, by what its CQL statement begins with.
func (a *Agent) handlePutKeyspace(statement string) handler {
	return func(ctx context.Context, q *call) (int, any, error) {
		var body struct {
			Name     string `json:"keyspace_name"`
			Settings []struct {
				DC     string `json:"dc_name"`
				Factor int    `json:"replication_factor"`
			} `json:"replication_settings"`
		}
		if err := decodeBody(q, &body); err != nil {
			return 400, nil, err
		}
		if body.Name == "" || len(body.Settings) == 0 {
			return 400, nil, errors.New("keyspace_name and replication_settings are needed")
		}
		factors := map[string]int{}
		for _, s := range body.Settings {
			factors[s.DC] = s.Factor
		}
		q.note(slog.String("keyspace", body.Name), slog.Any("replication", factors))
		return 200, "OK", a.putKeyspace(ctx, statement, body.Name, factors)
	}
}
