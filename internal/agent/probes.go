package agent

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// maxBody bounds what a call may send: the tokens of a node's start are the most.
const maxBody = 1 << 20

// probeAge is how old an answer about readiness may be: whoever asks more often
// than the kubelet costs the JVM nothing.
const probeAge = 300 * time.Millisecond

// Probes answers the kubelet, and anybody else, whether the node lives and
// serves; nothing else, and no reasons.
func (a *Agent) Probes() http.Handler {
	mux := http.NewServeMux()
	probe := func(path string, well func(context.Context) bool) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, q *http.Request) {
			if !well(q.Context()) {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			_, _ = io.WriteString(w, "OK") // the client is gone: nobody to tell
		})
	}
	probe("/api/v0/probes/liveness", func(context.Context) bool { return a.dead() == "" })
	ready := &recently{ask: a.ready}
	probe("/api/v0/probes/readiness", ready.is)
	return http.MaxBytesHandler(mux, 0)
}

// ready tells whether clients are served.
func (a *Agent) ready(ctx context.Context) bool {
	s := a.status(ctx)
	return s.State == mgmtapi.Running && s.NativeTransport
}

// recently remembers an answer for probeAge. The question is nobody's in particular:
// it goes on when the one who asked first hangs up, or anybody in the network could
// make a node look as if it didn't serve.
type recently struct {
	ask func(context.Context) bool

	mu   sync.Mutex
	at   time.Time
	last bool
}

func (r *recently) is(ctx context.Context) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.at) > probeAge {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), jmxTimeout)
		defer cancel()
		r.last = r.ask(ctx)
		r.at = time.Now()
	}
	return r.last
}

// serveProbes opens the listener for probes, if there is to be one.
func (a *Agent) serveProbes(api string) (io.Closer, error) {
	port := a.config.ProbePort
	if port == "" {
		return io.NopCloser(nil), nil
	}
	if port == api {
		return nil, errors.New("MGMT_API_PROBE_PORT is the management API's port: give probes another one")
	}
	listener, err := listen(port)
	if err != nil {
		return nil, err
	}
	server := a.newServer(a.Probes(), jmxTimeout)
	go func() { _ = server.Serve(listener) }()
	return server, nil
}

// longestCall is how long the handlers of the API have at most.
const longestCall = 2 * time.Minute

// newServer has bounds for everything that a client could make last for ever. A
// request's context ends when its read timeout does, so that is beyond the longest call.
// What is wrong with connections goes to the agent's log, which never keeps a connection waiting.
func (a *Agent) newServer(handler http.Handler, longest time.Duration) *http.Server {
	return &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: longest + 10*time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn)}
}
