package agent

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// call is one request, with what the log says of it.
type call struct {
	*http.Request

	about []slog.Attr
}

// note adds to the call's line in the log. It is given names and numbers, never a
// password, a body or a query.
func (c *call) note(attrs ...slog.Attr) { c.about = append(c.about, attrs...) }

// changes tells whether a call may change anything. HTTP promises that these don't.
func changes(method string) bool { return method != http.MethodGet && method != http.MethodHead }

// record writes one line of a call that changes something, or that wanted to: what was
// asked for, by whom and on behalf of which lease, and what came of it. The pattern
// stands for the path and query, so that no secret in them can come along.
func (a *Agent) record(ctx context.Context, r route, c *call, begun time.Time, code int, err error) {
	if !changes(c.Method) || r.pattern == anyCall {
		return
	}
	attrs := []slog.Attr{slog.String("call", r.pattern), slog.String("caller", caller(c.Request)), slog.String("from", host(c.RemoteAddr)), slog.String("epoch", c.Header.Get(mgmtapi.EpochHeader))}
	attrs = append(attrs, c.about...)
	attrs = append(attrs, slog.Int("status", code), slog.Duration("took", time.Since(begun).Round(time.Millisecond)))
	level := slog.LevelInfo
	if code >= http.StatusBadRequest {
		level = slog.LevelWarn
		if text := r.reason(code, err); text != "" {
			attrs = append(attrs, slog.String("error", text))
		}
	}
	for i, at := range attrs {
		if kind := at.Value.Kind(); kind == slog.KindString || kind == slog.KindAny {
			attrs[i] = slog.String(at.Key, clip(at.Value.String(), maxLogged))
		}
	}
	a.log.LogAttrs(ctx, level, "call answered", attrs...)
}

// maxLogged is how many bytes of one value are logged.
const maxLogged = 500

// reason is the error as far as the log may have it. What is wrong with a body is told
// with parts of it, and Cassandra may quote a statement that it refuses.
func (r route) reason(code int, err error) string {
	switch {
	case err == nil:
		return ""
	case r.secret || code == http.StatusBadRequest:
		return "only the caller is told"
	}
	return err.Error()
}

// caller is the name in the client's certificate; empty where there is none.
func caller(q *http.Request) string {
	if q.TLS == nil || len(q.TLS.PeerCertificates) == 0 {
		return ""
	}
	return q.TLS.PeerCertificates[0].Subject.CommonName
}

// host is an address without its port.
func host(address string) string {
	h, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return h
}
