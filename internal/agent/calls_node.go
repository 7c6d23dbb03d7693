package agent

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
)

// nodeRoutes are calls about a node's logs, hints and schema, which Cassandra answers at once.
func (a *Agent) nodeRoutes() []route {
	return []route{
		{pattern: "GET /api/v0/ops/node/fullquerylogging", limit: quick, do: a.handleFullQueryLog},
		{pattern: "POST /api/v0/ops/node/fullquerylogging", limit: slow, do: a.handleSetFullQueryLog},
		{pattern: "POST /api/v0/ops/node/logging", limit: quick, do: a.handleLogging},
		{pattern: "POST /api/v0/ops/node/hints/truncate", limit: slow, do: a.handleTruncateHints},
		{pattern: "POST /api/v0/ops/node/compaction", limit: quick, do: a.handleCompactionThroughput},
		{pattern: "GET /api/v1/ops/tables/compactions", limit: quick, do: a.handleCompactions},
		{pattern: "POST /api/v0/ops/node/schema/reload", limit: slow, do: a.handleSchema("reloadLocalSchema")},
		{pattern: "POST /api/v0/ops/node/schema/reset", limit: slow, do: a.handleSchema("resetLocalSchema")},
	}
}

func (a *Agent) handleFullQueryLog(ctx context.Context, _ *call) (int, any, error) {
	on, err := a.logsQueries(ctx)
	return 200, map[string]bool{"entity": on}, err
}

func (a *Agent) handleSetFullQueryLog(ctx context.Context, q *call) (int, any, error) {
	on, err := strconv.ParseBool(q.FormValue("enabled"))
	if err != nil {
		return 400, nil, fmt.Errorf("enabled: %w", err)
	}
	q.note(slog.Bool("enabled", on))
	return 200, "OK", a.setFullQueryLog(ctx, on)
}

// handleLogging changes what a logger writes until Cassandra is started again; without both parameters all are as they were.
func (a *Agent) handleLogging(ctx context.Context, q *call) (int, any, error) {
	target, level := q.FormValue("target"), q.FormValue("rawLevel")
	q.note(slog.String("logger", target), slog.String("level", level))
	return 200, "OK", exec(ctx, a.jmx, storageService, "setLoggingLevel", nil, target, level)
}

func (a *Agent) handleTruncateHints(ctx context.Context, q *call) (int, any, error) {
	host := q.FormValue("host")
	q.note(slog.String("host", host))
	if host == "" {
		return 200, "OK", exec(ctx, a.jmx, hintsService, "deleteAllHints", nil)
	}
	return 200, "OK", exec(ctx, a.jmx, hintsService, "deleteAllHintsForEndpoint", nil, host)
}

// handleCompactionThroughput takes MiB a second; 0 is without a limit.
func (a *Agent) handleCompactionThroughput(ctx context.Context, q *call) (int, any, error) {
	rate, err := strconv.ParseUint(q.FormValue("value"), 10, 31)
	if err != nil {
		return 400, nil, fmt.Errorf("value: %w", err)
	}
	q.note(slog.Uint64("rate", rate))
	return 200, "OK", setAttribute(ctx, a.jmx, storageService, compactionThroughput, rate)
}

const compactionThroughput = "CompactionThroughputMbPerSec"

func (a *Agent) handleCompactions(ctx context.Context, _ *call) (int, any, error) {
	all := []map[string]string{}
	return 200, &all, read(ctx, a.jmx, compactionManager, "Compactions", &all)
}

func (a *Agent) handleSchema(operation string) handler {
	return func(ctx context.Context, _ *call) (int, any, error) {
		return 200, "OK", exec(ctx, a.jmx, storageService, operation, nil)
	}
}

// fullQueryLog is the attribute that tells whether the log of all queries is written.
const fullQueryLog = "FullQueryLogEnabled"

func (a *Agent) logsQueries(ctx context.Context) (on bool, err error) {
	return on, read(ctx, a.jmx, storageService, fullQueryLog, &on)
}

// setFullQueryLog switches the log of all queries on, with the options of cassandra.yaml, or off; what was written stays.
// Cassandra refuses to switch on what is on.
func (a *Agent) setFullQueryLog(ctx context.Context, on bool) error {
	if is, err := a.logsQueries(ctx); err != nil || is == on {
		return err
	}
	if !on {
		return exec(ctx, a.jmx, storageService, "stopFullQueryLogger", nil)
	}
	err := exec(ctx, a.jmx, storageService, "enableFullQueryLogger(java.lang.String,java.lang.String,java.lang.Boolean,int,long,java.lang.String,int)", nil,
		nil, nil, nil, unsetInt, unsetLong, nil, unsetInt)
	if err != nil {
		return fmt.Errorf("full_query_logging_options of cassandra.yaml: %w", err)
	}
	return nil
}

// Cassandra takes what these stand for out of cassandra.yaml.
const (
	unsetInt  = -1 << 31
	unsetLong = -1 << 63
)
