package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/version"
)

// Handler answers the management API.
func (a *Agent) Handler() http.Handler { //nolint:funlen // a table of calls
	mux := http.NewServeMux()
	handle := func(pattern string, timeout time.Duration, f func(ctx context.Context, q *http.Request) (int, any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, q *http.Request) {
			ctx, cancel := context.WithTimeout(q.Context(), timeout)
			defer cancel()
			code, body, err := f(ctx, q)
			respond(w, code, body, err)
		})
	}
	quick := jmxTimeout
	handle("POST /api/v0/lifecycle/start", quick, a.handleStart)
	handle("POST /api/v0/lifecycle/stop", 2*time.Minute, func(ctx context.Context, _ *http.Request) (int, any, error) { return 200, "OK", a.stop(ctx) })
	handle("GET /api/v0/lifecycle/status", quick, func(ctx context.Context, _ *http.Request) (int, any, error) { return 200, a.status(ctx), nil })
	handle("GET /api/v0/lifecycle/pid", quick, a.handlePID)
	handle("GET /api/v0/probes/liveness", quick, a.handleLiveness)
	handle("GET /api/v0/probes/readiness", quick, a.handleReadiness)
	handle("GET /api/v0/metadata/endpoints", quick, func(ctx context.Context, _ *http.Request) (int, any, error) {
		list, err := a.endpoints(ctx)
		return 200, map[string]any{"entity": list}, err
	})
	handle("GET /api/v0/metadata/ownership", quick, func(ctx context.Context, q *http.Request) (int, any, error) {
		keyspace, shares, err := a.ownership(ctx, q.FormValue("keyspace"))
		return 200, mgmtapi.Ownership{Keyspace: keyspace, Ownership: shares}, err
	})
	handle("GET /api/v0/metadata/localdc", quick, func(context.Context, *http.Request) (int, any, error) { return 200, a.config.Input.DatacenterName, nil })
	handle("GET /api/v0/metadata/versions/release", quick, a.handleRelease)
	handle("GET /api/v0/metadata/versions/features", quick, a.handleFeatures)
	handle("POST /api/v0/ops/seeds/reload", quick, a.handleSeeds)
	handle("POST /api/v0/ops/node/drain", 2*time.Minute, func(ctx context.Context, _ *http.Request) (int, any, error) {
		return 200, "OK", exec(ctx, a.jmx, storageService, "drain", nil)
	})
	handle("POST /api/v0/ops/node/native", time.Minute, a.handleNative)
	handle("GET /api/v1/ops/node/schema/versions", quick, func(ctx context.Context, _ *http.Request) (int, any, error) {
		v, err := a.schemaVersions(ctx)
		return 200, v, err
	})
	handle("GET /api/v0/ops/keyspace", quick, a.handleKeyspaces)
	handle("GET /api/v0/ops/keyspace/replication", quick, a.handleReplication)
	handle("GET /api/v0/ops/tables", quick, func(ctx context.Context, q *http.Request) (int, any, error) {
		list, err := a.tables(ctx, q.FormValue("keyspaceName"))
		return 200, list, err
	})
	handle("POST /api/v0/ops/keyspace/create", time.Minute, a.handleKeyspace("CREATE KEYSPACE IF NOT EXISTS"))
	handle("POST /api/v0/ops/keyspace/alter", time.Minute, a.handleKeyspace("ALTER KEYSPACE"))
	handle("POST /api/v0/ops/keyspace/cleanup", quick, a.handleCleanup)
	handle("POST /api/v1/ops/keyspace/cleanup", quick, a.handleCleanup)
	handle("GET /api/v0/ops/auth/role", quick, a.handleRoles)
	handle("POST /api/v0/ops/auth/role", quick, a.handlePutRole)
	handle("DELETE /api/v0/ops/auth/role", quick, func(ctx context.Context, q *http.Request) (int, any, error) {
		return 200, "OK", a.dropRole(ctx, q.FormValue("username"))
	})
	handle("POST /api/v1/ops/node/rebuild", quick, func(_ context.Context, q *http.Request) (int, any, error) {
		source := q.FormValue("src_dc")
		return 202, a.jobs.submit("rebuild", func(ctx context.Context) error { return a.rebuild(ctx, source) }), nil
	})
	handle("POST /api/v0/ops/node/repair", quick, a.handleRepair(false))
	handle("POST /api/v1/ops/node/repair", quick, a.handleRepair(true))
	handle("GET /api/v0/ops/executor/job", quick, func(_ context.Context, q *http.Request) (int, any, error) {
		if job, ok := a.jobs.get(q.FormValue("job_id")); ok {
			return 200, job, nil
		}
		return 404, map[string]string{}, nil
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, q *http.Request) {
		respond(w, 404, nil, fmt.Errorf("%s %s is not a call that this agent answers", q.Method, q.URL.Path))
	})
	return http.MaxBytesHandler(a.meant(a.epochs.guard(mux)), maxBody)
}

// meant refuses what is for another pod, which had this one's address before: the
// caller has not heard of that yet.
func (a *Agent) meant(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if pod := q.Header.Get(mgmtapi.PodHeader); pod != "" && pod != a.config.PodName {
			respond(w, http.StatusMisdirectedRequest, nil, fmt.Errorf("this is the agent of %s and not of %s", a.config.PodName, pod))
			return
		}
		next.ServeHTTP(w, q)
	})
}

// respond writes text as text and everything else as JSON. An error without a
// code of its own is the JVM's (500), or that it doesn't answer (503).
func respond(w http.ResponseWriter, code int, body any, err error) {
	if err != nil {
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			code = http.StatusRequestEntityTooLarge
		case code >= 400:
		case errors.Is(err, errNoJVM), errors.Is(err, errNotSetUp), errors.Is(err, context.DeadlineExceeded):
			code = http.StatusServiceUnavailable
		default:
			code = http.StatusInternalServerError
		}
		body = map[string]string{"error": err.Error()}
	}
	if text, ok := body.(string); ok {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text) // the client is gone: nobody to tell
		return
	}
	if body == nil || code == http.StatusNoContent {
		w.WriteHeader(code)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

// handleStart answers 201 when it launched the JVM, 202 when that runs and
// serves clients already, 204 when it runs and doesn't yet.
func (a *Agent) handleStart(ctx context.Context, q *http.Request) (int, any, error) {
	var o mgmtapi.StartOptions
	if err := json.NewDecoder(q.Body).Decode(&o); err != nil && !errors.Is(err, io.EOF) {
		return 400, nil, fmt.Errorf("body: %w", err)
	}
	if r := q.FormValue("replace_ip"); r != "" {
		o.ReplaceAddress = r
	}
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

func (a *Agent) handlePID(ctx context.Context, _ *http.Request) (int, any, error) {
	if s := a.status(ctx); s.PID != 0 {
		return 200, strconv.Itoa(s.PID), nil
	}
	return 204, nil, nil
}

func (a *Agent) handleLiveness(context.Context, *http.Request) (int, any, error) {
	if why := a.dead(); why != "" {
		return 500, nil, errors.New(why)
	}
	return 200, "OK", nil
}

// dead says why the node is beyond help; empty when it isn't.
func (a *Agent) dead() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.wanted && (a.jvm == nil || !a.jvm.alive()) {
		return "the JVM should run and does not: " + a.last
	}
	return ""
}

func (a *Agent) handleReadiness(ctx context.Context, _ *http.Request) (int, any, error) {
	s := a.status(ctx)
	if s.State == mgmtapi.Running && s.NativeTransport {
		return 200, "OK", nil
	}
	return 500, nil, fmt.Errorf("not ready: %s %s, native transport open: %t", s.State, s.OperationMode, s.NativeTransport)
}

func (a *Agent) handleRelease(ctx context.Context, _ *http.Request) (int, any, error) {
	var v string
	err := read(ctx, a.jmx, storageService, "ReleaseVersion", &v)
	return 200, v, err
}

// handleFeatures names what exists here in the management API's words.
func (a *Agent) handleFeatures(ctx context.Context, _ *http.Request) (int, any, error) {
	var v string
	_ = read(ctx, a.jmx, storageService, "ReleaseVersion", &v) // the features don't depend on a running JVM
	return 200, map[string]any{"cassandra_version": v, "mgmt_version": "ringspan-agent " + version.Version, "features": []string{"async_sstable_tasks", "rebuild"}}, nil
}

func (a *Agent) handleSeeds(ctx context.Context, q *http.Request) (int, any, error) {
	var body struct{ Seeds []string }
	if err := json.NewDecoder(q.Body).Decode(&body); err != nil && !errors.Is(err, io.EOF) {
		return 400, nil, fmt.Errorf("body: %w", err)
	}
	seeds, err := a.seeds(ctx, body.Seeds)
	if err != nil {
		return 500, nil, err
	}
	if err := a.setSeeds(seeds); err != nil {
		return 500, nil, err
	}
	list, err := a.reloadSeeds(ctx)
	return 200, list, err
}

func (a *Agent) handleNative(ctx context.Context, q *http.Request) (int, any, error) {
	on, err := strconv.ParseBool(q.FormValue("enabled"))
	if err != nil {
		return 400, nil, fmt.Errorf("enabled: %w", err)
	}
	if on {
		return 200, "OK", a.openNative(ctx)
	}
	return 200, "OK", exec(ctx, a.jmx, storageService, "stopNativeTransport()", nil) // there are two of that name
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

func (a *Agent) handleKeyspace(verb string) func(context.Context, *http.Request) (int, any, error) {
	return func(ctx context.Context, q *http.Request) (int, any, error) {
		var body struct {
			Name     string `json:"keyspace_name"`
			Settings []struct {
				DC     string `json:"dc_name"`
				Factor int    `json:"replication_factor"`
			} `json:"replication_settings"`
		}
		if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
			return 400, nil, fmt.Errorf("body: %w", err)
		}
		if body.Name == "" || len(body.Settings) == 0 {
			return 400, nil, errors.New("keyspace_name and replication_settings are needed")
		}
		factors := map[string]int{}
		for _, s := range body.Settings {
			factors[s.DC] = s.Factor
		}
		return 200, "OK", a.putKeyspace(ctx, verb, body.Name, factors)
	}
}

func (a *Agent) handleCleanup(_ context.Context, q *http.Request) (int, any, error) {
	var o mgmtapi.CleanupOptions
	if err := json.NewDecoder(q.Body).Decode(&o); err != nil && !errors.Is(err, io.EOF) {
		return 400, nil, fmt.Errorf("body: %w", err)
	}
	return 202, a.jobs.submit("cleanup", func(ctx context.Context) error { return a.cleanup(ctx, o.Keyspace, o.Tables, o.Jobs) }), nil
}

// handleRoles reads at LOCAL_ONE unless it is asked for more.
func (a *Agent) handleRoles(ctx context.Context, q *http.Request) (int, any, error) {
	level := or(q.FormValue("consistency_level"), "LOCAL_ONE")
	if !slices.Contains([]string{"LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM"}, level) {
		return 400, nil, fmt.Errorf("consistency_level: %s is not one of LOCAL_ONE, LOCAL_QUORUM, EACH_QUORUM", level)
	}
	list, err := a.roles(ctx, level)
	return 200, list, err
}

// handlePutRole takes a JSON body, or the management API's query parameters.
func (a *Agent) handlePutRole(ctx context.Context, q *http.Request) (int, any, error) {
	r := mgmtapi.Role{Name: q.URL.Query().Get("username"), Password: q.URL.Query().Get("password"),
		Superuser: q.URL.Query().Get("is_superuser") == "true", Login: q.URL.Query().Get("can_login") == "true"}
	if r.Name == "" {
		if err := json.NewDecoder(q.Body).Decode(&r); err != nil {
			return 400, nil, fmt.Errorf("body: %w", err)
		}
	}
	if r.Name == "" || r.Password == "" {
		return 400, nil, errors.New("username and password are needed")
	}
	return 200, "OK", a.putRole(ctx, r.Name, r.Password, r.Superuser, r.Login)
}
