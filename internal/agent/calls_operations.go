package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

func (a *Agent) operationRoutes() []route {
	return []route{
		{pattern: "POST /api/v0/ops/seeds/reload", limit: quick, do: a.handleReloadSeeds},
		{pattern: "POST /api/v0/ops/node/drain", limit: longestCall, do: a.handleDrain},
		{pattern: "POST /api/v0/ops/node/native", limit: slow, do: a.handleNativeTransport},
		{pattern: "POST /api/v0/ops/keyspace/cleanup", limit: quick, do: a.handleCleanup},
		{pattern: "POST /api/v1/ops/keyspace/cleanup", limit: quick, do: a.handleCleanup},
		{pattern: "POST /api/v1/ops/node/rebuild", limit: quick, do: a.handleRebuild},
		{pattern: "POST /api/v0/ops/node/repair", limit: quick, do: a.handleRepair(false)},
		{pattern: "POST /api/v1/ops/node/repair", limit: quick, do: a.handleRepair(true)},
		{pattern: "POST /api/v0/ops/node/encryption/internode/truststore/reload", limit: longestCall, do: a.handleReloadTruststore(false)},
		{pattern: "POST /api/v1/ops/node/encryption/internode/truststore/reload", limit: quick, do: a.handleReloadTruststore(true)},
		{pattern: "POST /api/v0/ops/node/decommission", limit: quick, do: a.handleDecommission},
		{pattern: "POST /api/v1/ops/node/decommission", limit: quick, do: a.handleDecommission},
		{pattern: "POST /api/v0/ops/node/move", limit: quick, do: a.handleMove},
		{pattern: "GET /api/v0/ops/node/streaminfo", limit: quick, do: a.handleStreams},
		{pattern: "GET /api/v0/ops/executor/job", limit: quick, do: a.handleJob},
	}
}

func (a *Agent) handleReloadSeeds(ctx context.Context, q *call) (int, any, error) {
	var body struct{ Seeds []string }
	if err := decodeOptional(q, &body); err != nil {
		return 400, nil, err
	}
	q.note(slog.Any("seeds", body.Seeds))
	list, err := a.reloadSeeds(ctx, body.Seeds)
	return 200, list, err
}

func (a *Agent) handleDrain(ctx context.Context, _ *call) (int, any, error) {
	return 200, "OK", a.drain(ctx)
}

func (a *Agent) handleNativeTransport(ctx context.Context, q *call) (int, any, error) {
	on, err := strconv.ParseBool(q.FormValue("enabled"))
	if err != nil {
		return 400, nil, fmt.Errorf("enabled: %w", err)
	}
	q.note(slog.Bool("enabled", on))
	if on {
		return 200, "OK", a.openNative(ctx)
	}
	return 200, "OK", a.closeNative(ctx)
}

func (a *Agent) handleCleanup(ctx context.Context, q *call) (int, any, error) {
	var o mgmtapi.CleanupOptions
	if err := decodeOptional(q, &o); err != nil {
		return 400, nil, err
	}
	q.note(slog.String("keyspace", o.Keyspace), slog.Any("tables", o.Tables))
	return q.submitted(a.jobs.submit(ctx, "cleanup", func(ctx context.Context) error { return a.cleanup(ctx, o.Keyspace, o.Tables, o.Jobs) }))
}

func (a *Agent) handleRebuild(ctx context.Context, q *call) (int, any, error) {
	source := q.FormValue("src_dc")
	q.note(slog.String("source", source))
	return q.submitted(a.jobs.submit(ctx, "rebuild", func(ctx context.Context) error { return a.rebuild(ctx, source) }))
}

func (a *Agent) handleDecommission(ctx context.Context, q *call) (int, any, error) {
	force, err := strconv.ParseBool(or(q.FormValue("force"), "false"))
	if err != nil {
		return 400, nil, fmt.Errorf("force: %w", err)
	}
	meant := q.FormValue("host_id")
	q.note(slog.Bool("force", force), slog.String("hostID", meant))
	if own := a.memberID(); meant != "" && meant != own {
		return 420, nil, fmt.Errorf("host_id: %s is asked to leave its ring, and this node is %s", meant, or(own, "not known yet"))
	}
	return q.submitted(a.decommission(ctx, force))
}

func (a *Agent) handleStreams(ctx context.Context, _ *call) (int, any, error) {
	plans, err := a.streams(ctx)
	return 200, map[string]any{"entity": plans}, err
}

// submitted answers with the id of a job.
func (c *call) submitted(id string, err error) (int, any, error) {
	c.note(slog.String("job", id))
	return 202, id, err
}

// handleRepair starts a repair. Cassandra runs it beside other jobs, as the stock
// management API lets it.
func (a *Agent) handleRepair(job bool) handler {
	return func(ctx context.Context, q *call) (int, any, error) {
		var o repairOptions
		if err := decodeBody(q, &o); err != nil {
			return 400, nil, err
		}
		if o.Keyspace == "" {
			return 400, nil, errors.New("keyspace_name is needed")
		}
		q.note(slog.String("keyspace", o.Keyspace), slog.Any("tables", o.Tables), slog.Bool("full", o.Full == nil || *o.Full))
		run := a.currentRun()
		command, err := a.repair(ctx, o)
		if err != nil || !job {
			return 200, "OK", err
		}
		begun := context.WithoutCancel(ctx) // it runs: the job is there, however late this is
		return q.submitted(a.jobs.beside(begun, "repair", func(ctx context.Context) error { return a.followRepair(ctx, run, o.Keyspace, command) }))
	}
}

func (a *Agent) handleJob(_ context.Context, q *call) (int, any, error) {
	if job, ok := a.jobs.get(q.FormValue("job_id")); ok {
		return 200, job, nil
	}
	return 404, map[string]string{}, nil
}
