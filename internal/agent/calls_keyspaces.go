package agent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

func (a *Agent) keyspaceRoutes() []route {
	return []route{
		{"GET /api/v0/ops/keyspace", quick, a.handleKeyspaces},
		{"GET /api/v0/ops/keyspace/replication", quick, a.handleReplication},
		{"GET /api/v0/ops/tables", quick, a.handleTables},
		{"POST /api/v0/ops/keyspace/create", slow, a.handlePutKeyspace("CREATE KEYSPACE IF NOT EXISTS")},
		{"POST /api/v0/ops/keyspace/alter", slow, a.handlePutKeyspace("ALTER KEYSPACE")},
	}
}

func (a *Agent) handleKeyspaces(ctx context.Context, q *http.Request) (int, any, error) {
	list, err := a.keyspaces(ctx)
	if name := q.FormValue("keyspaceName"); name != "" {
		list = slices.DeleteFunc(list, func(k string) bool { return k != name })
	}
	return 200, list, err
}

func (a *Agent) handleReplication(ctx context.Context, q *http.Request) (int, any, error) {
	name := q.FormValue("keyspaceName")
	r, err := a.replication(ctx, name)
	if err == nil && r == nil {
		return 404, nil, fmt.Errorf("keyspace %q does not exist", name)
	}
	return 200, r, err
}

func (a *Agent) handleTables(ctx context.Context, q *http.Request) (int, any, error) {
	list, err := a.tables(ctx, q.FormValue("keyspaceName"))
	return 200, list, err
}

// handlePutKeyspace makes or alters a keyspace, by what its CQL statement begins with.
func (a *Agent) handlePutKeyspace(statement string) handler {
	return func(ctx context.Context, q *http.Request) (int, any, error) {
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
		return 200, "OK", a.putKeyspace(ctx, statement, body.Name, factors)
	}
}
