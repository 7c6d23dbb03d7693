package agent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

func (a *Agent) operationRoutes() []route {
	return []route{
		{"POST /api/v0/ops/seeds/reload", quick, a.handleReloadSeeds},
		{"POST /api/v0/ops/node/drain", longestCall, a.handleDrain},
		{"POST /api/v0/ops/node/native", slow, a.handleNativeTransport},
		{"POST /api/v0/ops/keyspace/cleanup", quick, a.handleCleanup},
		{"POST /api/v1/ops/keyspace/cleanup", quick, a.handleCleanup},
		{"POST /api/v1/ops/node/rebuild", quick, a.handleRebuild},
		{"POST /api/v0/ops/node/repair", quick, a.handleRepair(false)},
		{"POST /api/v1/ops/node/repair", quick, a.handleRepair(true)},
		{"GET /api/v0/ops/executor/job", quick, a.handleJob},
	}
}

func (a *Agent) handleReloadSeeds(ctx context.Context, q *http.Request) (int, any, error) {
	var body struct{ Seeds []string }
	if err := decodeOptional(q, &body); err != nil {
		return 400, nil, err
	}
	list, err := a.reloadSeeds(ctx, body.Seeds)
	return 200, list, err
}

func (a *Agent) handleDrain(ctx context.Context, _ *http.Request) (int, any, error) {
	return 200, "OK", a.drain(ctx)
}

func (a *Agent) handleNativeTransport(ctx context.Context, q *http.Request) (int, any, error) {
	on, err := strconv.ParseBool(q.FormValue("enabled"))
	if err != nil {
		return 400, nil, fmt.Errorf("enabled: %w", err)
	}
	if on {
		return 200, "OK", a.openNative(ctx)
	}
	return 200, "OK", a.closeNative(ctx)
}

func (a *Agent) handleCleanup(_ context.Context, q *http.Request) (int, any, error) {
	var o mgmtapi.CleanupOptions
	if err := decodeOptional(q, &o); err != nil {
		return 400, nil, err
	}
	return 202, a.jobs.submit("cleanup", func(ctx context.Context) error { return a.cleanup(ctx, o.Keyspace, o.Tables, o.Jobs) }), nil
}

func (a *Agent) handleRebuild(_ context.Context, q *http.Request) (int, any, error) {
	source := q.FormValue("src_dc")
	return 202, a.jobs.submit("rebuild", func(ctx context.Context) error { return a.rebuild(ctx, source) }), nil
}

// handleRepair starts a repair. Cassandra runs it beside other jobs, as the stock
// management API lets it.
func (a *Agent) handleRepair(job bool) handler {
	return func(ctx context.Context, q *http.Request) (int, any, error) {
		var o repairOptions
		if err := decodeBody(q, &o); err != nil {
			return 400, nil, err
		}
		if o.Keyspace == "" {
			return 400, nil, errors.New("keyspace_name is needed")
		}
		command, err := a.repair(ctx, o)
		if err != nil || !job {
			return 200, "OK", err
		}
		return 202, a.jobs.beside("repair", func(ctx context.Context) error { return a.followRepair(ctx, o.Keyspace, command) }), nil
	}
}

func (a *Agent) handleJob(_ context.Context, q *http.Request) (int, any, error) {
	if job, ok := a.jobs.get(q.FormValue("job_id")); ok {
		return 200, job, nil
	}
	return 404, map[string]string{}, nil
}
