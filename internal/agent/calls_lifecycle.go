package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

func (a *Agent) lifecycleRoutes() []route {
	return []route{
		{pattern: "POST /api/v0/lifecycle/start", limit: quick, do: a.handleStart},
		{pattern: "POST /api/v0/lifecycle/stop", limit: longestCall, do: a.handleStop},
		{pattern: "GET /api/v0/lifecycle/status", limit: quick, do: a.handleStatus},
		{pattern: "GET /api/v0/lifecycle/pid", limit: quick, do: a.handlePID},
		{pattern: "GET /api/v0/probes/liveness", limit: quick, do: a.handleLiveness},
		{pattern: "GET /api/v0/probes/readiness", limit: quick, do: a.handleReadiness},
	}
}

// handleStart answers 201 when it launched the JVM, 202 when that runs and
// serves clients already, 204 when it runs and doesn't yet.
func (a *Agent) handleStart(ctx context.Context, q *call) (int, any, error) {
	var o mgmtapi.StartOptions
	if err := decodeOptional(q, &o); err != nil {
		return 400, nil, err
	}
	if r := q.FormValue("replace_ip"); r != "" {
		o.ReplaceAddress = r
	}
	q.note(slog.Any("seeds", o.Seeds), slog.Int("tokens", len(o.InitialTokens)), slog.Bool("firstBoot", o.FirstBoot), slog.String("replaces", o.Replaces), slog.String("replaceAddress", o.ReplaceAddress))
	switch err := a.start(ctx, o); {
	case errors.Is(err, errRunning):
		if a.status(ctx).NativeTransport {
			return 202, "OK", nil
		}
		return 204, nil, nil
	case err != nil:
		return 420, nil, err
	}
	return 201, "OK", nil
}

func (a *Agent) handleStop(ctx context.Context, _ *call) (int, any, error) {
	return 200, "OK", a.stop(ctx)
}

func (a *Agent) handleStatus(ctx context.Context, _ *call) (int, any, error) {
	ctx, cancel := context.WithTimeout(ctx, a.stateTimeout())
	defer cancel()
	return 200, a.status(ctx), nil
}

func (a *Agent) handlePID(ctx context.Context, _ *call) (int, any, error) {
	if s := a.status(ctx); s.PID != 0 {
		return 200, strconv.Itoa(s.PID), nil
	}
	return 204, nil, nil
}

func (a *Agent) handleLiveness(context.Context, *call) (int, any, error) {
	if why := a.dead(); why != "" {
		return 500, nil, errors.New(why)
	}
	return 200, "OK", nil
}

func (a *Agent) handleReadiness(ctx context.Context, _ *call) (int, any, error) {
	s := a.status(ctx)
	if s.State == mgmtapi.Running && s.NativeTransport {
		return 200, "OK", nil
	}
	return 500, nil, fmt.Errorf("not ready: %s %s, native transport open: %t", s.State, s.OperationMode, s.NativeTransport)
}
