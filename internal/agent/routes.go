package agent

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// route is one call of the management API.
type route struct {
	pattern string        // METHOD and path, as http.ServeMux takes them
	limit   time.Duration // for the whole call
	do      handler
	secret  bool // it has a password: the log has nothing of what goes wrong with it
}

// handler carries out a call. Its code is that of a success, or of an error that is
// the caller's; any other error gets its code from respond.
type handler func(ctx context.Context, q *call) (code int, body any, err error)

// How long calls may take: those that ask the JVM for an attribute or start something,
// those that write the schema or wait for the end of Cassandra's start, those that drain.
const (
	quick = jmxTimeout
	slow  = time.Minute
)

// routes are all calls that are answered; docs/reference/management-api.md lists the same.
func (a *Agent) routes() []route {
	all := a.lifecycleRoutes()
	all = append(all, a.metadataRoutes()...)
	all = append(all, a.keyspaceRoutes()...)
	all = append(all, a.roleRoutes()...)
	all = append(all, a.tableRoutes()...)
	all = append(all, a.nodeRoutes()...)
	return append(all, a.operationRoutes()...)
}

// Handler answers the management API.
func (a *Agent) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range append(a.routes(), route{pattern: anyCall, limit: quick, do: unknownCall}) {
		mux.HandleFunc(r.pattern, func(w http.ResponseWriter, q *http.Request) { a.serve(r, w, q) })
	}
	return http.MaxBytesHandler(mux, maxBody)
}

// anyCall is the pattern of what no route has.
const anyCall = "/"

func unknownCall(_ context.Context, q *call) (int, any, error) {
	return http.StatusNotFound, nil, fmt.Errorf("%s %s is not a call that this agent answers", q.Method, q.URL.Path)
}

// serve answers one call: first whether it is for this node, then whether its operator
// may still act, then what the call asks for.
func (a *Agent) serve(r route, w http.ResponseWriter, q *http.Request) {
	begun, c := time.Now(), &call{Request: q}
	code, err := a.isForThisPod(q)
	if err == nil {
		code, err = a.epochs.check(w, q)
	}
	var body any
	if err == nil {
		ctx, cancel := context.WithTimeout(q.Context(), r.limit)
		defer cancel()
		code, body, err = r.do(ctx, c)
	}
	code = answerCode(code, err)
	respond(w, code, body, err)
	a.record(q.Context(), r, c, begun, code, err)
}

// isForThisPod refuses what is for another pod, which had this one's address before: the
// caller has not heard of that yet.
func (a *Agent) isForThisPod(q *http.Request) (code int, err error) {
	if pod := q.Header.Get(mgmtapi.PodHeader); pod != "" && pod != a.config.PodName {
		return http.StatusMisdirectedRequest, fmt.Errorf("this is the agent of %s and not of %s", a.config.PodName, pod)
	}
	return 0, nil
}

// check refuses what an operator of the past asks, and tells it the highest epoch.
func (e *epochs) check(w http.ResponseWriter, q *http.Request) (code int, err error) {
	code, err = e.admit(q.Method, q.Header.Get(mgmtapi.EpochHeader))
	if code == http.StatusConflict {
		w.Header().Set(mgmtapi.EpochHeader, strconv.FormatInt(e.last(), 10))
	}
	return code, err
}
