package agent

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
)

// newLogger writes lines that look like Cassandra's between Cassandra's: the level, the
// program, then key=value for whoever searches them.
//
//	INFO  ringspan-agent: time=2026-01-01T00:00:00.000Z msg="call answered" call="POST /api/v0/ops/node/drain" …
func newLogger(out *sharedOutput) *slog.Logger { return slog.New(&lineHandler{out: out}) }

// lineHandler writes a record as one line. The agent uses no groups.
type lineHandler struct {
	out   *sharedOutput
	attrs []slog.Attr
}

var _ slog.Handler = (*lineHandler)(nil)

// Enabled is true of everything but debugging.
func (h *lineHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

// WithAttrs implements slog.Handler.
func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &lineHandler{h.out, append(slices.Clip(h.attrs), attrs...)}
}

// WithGroup implements slog.Handler.
func (h *lineHandler) WithGroup(string) slog.Handler { return h }

// Handle implements slog.Handler.
func (h *lineHandler) Handle(ctx context.Context, r slog.Record) error {
	var line bytes.Buffer
	fmt.Fprintf(&line, "%-5s ringspan-agent: ", r.Level)
	text := slog.NewTextHandler(&line, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.LevelKey { // it begins the line
			return slog.Attr{}
		}
		return a
	}})
	if err := text.WithAttrs(h.attrs).Handle(ctx, r); err != nil {
		return err
	}
	return h.out.writeLine(line.Bytes())
}

// sharedOutput is the container's log. Cassandra's output goes through as it comes, in
// pieces that end anywhere; a line of the agent's waits for the end of Cassandra's.
type sharedOutput struct {
	mu      sync.Mutex
	out     io.Writer
	within  bool   // Cassandra has begun a line
	waiting []byte // lines of the agent's
}

// maxWaiting is how many bytes of the agent's lines wait for the end of one of Cassandra's.
const maxWaiting = 64 << 10

// Write passes on what Cassandra writes.
func (s *sharedOutput) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	end := bytes.IndexByte(p, '\n') + 1
	if len(s.waiting) == 0 || end == 0 {
		if len(p) > 0 {
			s.within = p[len(p)-1] != '\n'
		}
		return s.out.Write(p)
	}
	if n, err := s.out.Write(p[:end]); err != nil {
		return n, err
	}
	if err := s.flush(); err != nil {
		return end, err
	}
	s.within = end < len(p) && p[len(p)-1] != '\n'
	n, err := s.out.Write(p[end:])
	return end + n, err
}

// writeLine writes a line of the agent's.
func (s *sharedOutput) writeLine(line []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, line...)
	if s.within && len(s.waiting) < maxWaiting {
		return nil
	}
	return s.flush()
}

// ended ends the line that a JVM has left without an end.
func (s *sharedOutput) ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.within {
		s.within = false
		_, _ = s.out.Write([]byte{'\n'}) // nobody to tell
	}
	_ = s.flush()
}

func (s *sharedOutput) flush() error {
	if len(s.waiting) == 0 {
		return nil
	}
	lines := s.waiting
	s.waiting = nil
	_, err := s.out.Write(lines)
	return err
}
