package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"strconv"
	"strings"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// tableCall is one operation on sstables, as two calls: v0 answers when it is done, v1 with a job's id.
type tableCall struct {
	path, kind string
	// read takes the parameters, and says what is to be done. Its error is the caller's.
	read func(*call) (tableWork, error)
}

// tableWork is what a call asks for.
type tableWork struct {
	keyspace string
	tables   []string
	do       func(context.Context) error
}

func (a *Agent) tableCalls() []tableCall {
	return []tableCall{
		{"compact", "compact", a.readCompact},
		{"scrub", "scrub", a.readScrub},
		{"garbagecollect", "garbagecollect", a.readGarbageCollect},
		{"flush", "flush", a.readFlush},
		{"sstables/upgrade", "upgradesstables", a.readUpgrade},
	}
}

func (a *Agent) tableRoutes() []route {
	all := []route{{pattern: "POST /api/v0/ops/keyspace/refresh", limit: longestCall, do: a.handleTableCall(tableCall{kind: "refresh", read: a.readRefresh}, false)}}
	for _, c := range a.tableCalls() {
		all = append(all,
			route{pattern: "POST /api/v0/ops/tables/" + c.path, limit: longestCall, do: a.handleTableCall(c, false)},
			route{pattern: "POST /api/v1/ops/tables/" + c.path, limit: quick, do: a.handleTableCall(c, true)})
	}
	return all
}

// handleTableCall begins nothing for a keyspace or table that isn't there.
func (a *Agent) handleTableCall(c tableCall, job bool) handler {
	return func(ctx context.Context, q *call) (int, any, error) {
		work, err := c.read(q)
		q.note(slog.String("keyspace", work.keyspace), slog.Any("tables", work.tables))
		if err != nil {
			return 400, nil, err
		}
		switch missing, err := a.missing(ctx, work.keyspace, work.tables); {
		case err != nil:
			return 0, nil, err
		case missing != "":
			return 400, nil, errors.New(missing)
		case job:
			return q.submitted(a.jobs.submit(ctx, c.kind, work.do))
		}
		return a.untilDone(ctx, q, c.kind, work.do)
	}
}

// untilDone answers when a job has ended. One that takes longer than the call may goes on.
func (a *Agent) untilDone(ctx context.Context, q *call, kind string, do func(context.Context) error) (int, any, error) {
	ended := make(chan error, 1)
	id, err := a.jobs.submit(ctx, kind, func(ctx context.Context) error {
		err := do(ctx)
		ended <- err
		return err
	})
	q.note(slog.String("job", id))
	if err != nil {
		return 0, nil, err
	}
	select {
	case err := <-ended:
		return 200, "OK", err
	case <-ctx.Done():
		return http.StatusServiceUnavailable, nil, fmt.Errorf("it takes long, and goes on as job %s: ask ops/executor/job, or use the call of v1", id)
	}
}

func (a *Agent) readCompact(q *call) (tableWork, error) {
	var o mgmtapi.CompactOptions
	if err := decodeOptional(q, &o); err != nil {
		return tableWork{}, err
	}
	if o.UserDefined {
		q.note(slog.Any("files", o.UserDefinedFiles))
	}
	work := tableWork{keyspace: o.Keyspace, tables: o.Tables, do: func(ctx context.Context) error { return a.compact(ctx, o) }}
	if wrong := wrongCompaction(o); wrong != "" {
		return work, errors.New(wrong)
	}
	return work, nil
}

// wrongCompaction says which options don't go together, as nodetool does.
func wrongCompaction(o mgmtapi.CompactOptions) string {
	tokens := o.StartToken != "" || o.EndToken != ""
	switch {
	case o.UserDefined && (tokens || o.SplitOutput || o.Keyspace != "" || len(o.Tables) > 0):
		return "user_defined: it goes with user_defined_files alone"
	case o.UserDefined && len(o.UserDefinedFiles) == 0:
		return "user_defined_files: at least one is needed with user_defined"
	case o.UserDefined:
		return noSSTable(o.UserDefinedFiles)
	case len(o.UserDefinedFiles) > 0:
		return "user_defined_files: they need user_defined"
	case tokens && o.SplitOutput:
		return "split_output: it does not go with tokens"
	case tokens && !isToken(o.StartToken):
		return fmt.Sprintf("start_token: %q is not a number", o.StartToken)
	case tokens && !isToken(o.EndToken):
		return fmt.Sprintf("end_token: %q is not a number", o.EndToken)
	}
	return ""
}

func isToken(text string) bool {
	_, ok := new(big.Int).SetString(text, 10)
	return ok
}

func (a *Agent) readScrub(q *call) (tableWork, error) {
	var o mgmtapi.ScrubOptions
	err := decodeOptional(q, &o)
	return tableWork{keyspace: o.Keyspace, tables: o.Tables, do: func(ctx context.Context) error { return a.scrub(ctx, o) }}, err
}

func (a *Agent) readGarbageCollect(q *call) (tableWork, error) {
	var o mgmtapi.TableOptions
	option := strings.ToUpper(q.FormValue("tombstoneOption"))
	if option == "" {
		option = "ROW"
	}
	err := decodeOptional(q, &o)
	if option != "ROW" && option != "CELL" {
		err = errors.New("tombstoneOption: it is either ROW or CELL")
	}
	return tableWork{keyspace: o.Keyspace, tables: o.Tables, do: func(ctx context.Context) error { return a.garbageCollect(ctx, option, o) }}, err
}

func (a *Agent) readFlush(q *call) (tableWork, error) {
	var o mgmtapi.TableOptions
	err := decodeOptional(q, &o)
	return tableWork{keyspace: o.Keyspace, tables: o.Tables, do: func(ctx context.Context) error { return a.flush(ctx, o) }}, err
}

func (a *Agent) readUpgrade(q *call) (tableWork, error) {
	var o mgmtapi.TableOptions
	formerOnly := true
	err := decodeOptional(q, &o)
	if text := q.FormValue("excludeCurrentVersion"); err == nil && text != "" {
		if formerOnly, err = strconv.ParseBool(text); err != nil {
			err = fmt.Errorf("excludeCurrentVersion: %w", err)
		}
	}
	return tableWork{keyspace: o.Keyspace, tables: o.Tables, do: func(ctx context.Context) error { return a.upgradeSSTables(ctx, formerOnly, o) }}, err
}

func (a *Agent) readRefresh(q *call) (tableWork, error) {
	keyspace, table := q.FormValue("keyspaceName"), q.FormValue("table")
	work := tableWork{keyspace: keyspace, tables: []string{table}, do: func(ctx context.Context) error { return a.loadSSTables(ctx, keyspace, table) }}
	switch {
	case everyKeyspace(keyspace):
		return work, errors.New("keyspaceName: one keyspace is needed")
	case table == "":
		return work, errors.New("table: one table is needed")
	}
	return work, nil
}
