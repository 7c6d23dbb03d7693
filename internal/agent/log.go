package agent

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"
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
	h.out.writeLine(line.Bytes())
	return nil
}

// sharedOutput is the container's log. Cassandra's output goes through as it comes, in
// pieces that end anywhere, and waits where nobody reads it, as it would without an
// agent; a line of the agent's waits for the end of Cassandra's. Whoever writes one never
// waits: an answer, and so whether the node looks well, must not depend on who reads the
// log.
type sharedOutput struct {
	writing sync.Mutex // held for as long as nobody reads
	out     io.Writer
	within  bool // Cassandra has begun a line

	queue   sync.Mutex // never held while something is written
	waiting []byte     // lines of the agent's
	dropped int        // lines that found no room, to be told
	pumps   bool       // somebody writes them, or waits for that
}

// maxWaiting is how many bytes of the agent's lines wait. Half of that waits for the end of
// a line of Cassandra's, all for somebody to read.
const maxWaiting = 64 << 10

// Write passes on what Cassandra writes.
func (s *sharedOutput) Write(p []byte) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	end := bytes.IndexByte(p, '\n') + 1
	if end == 0 || s.size() == 0 {
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

// writeLine lets a line of the agent's be written. One for which there is no room is
// dropped, and counted.
func (s *sharedOutput) writeLine(line []byte) {
	s.queue.Lock()
	defer s.queue.Unlock()
	if len(s.waiting)+len(line) > maxWaiting {
		s.dropped++
	} else {
		s.waiting = append(s.waiting, line...)
	}
	if !s.pumps {
		s.pumps = true
		go s.pump()
	}
}

// pump writes what waits, until nothing does, or only for the end of a line of
// Cassandra's: who writes that goes on.
func (s *sharedOutput) pump() {
	for s.pumped() {
	}
}

func (s *sharedOutput) pumped() (again bool) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if !s.within || s.size() > maxWaiting/2 {
		_ = s.flush() // nobody to tell
	}
	s.queue.Lock()
	defer s.queue.Unlock()
	again = len(s.waiting) > 0 && (!s.within || len(s.waiting) > maxWaiting/2)
	s.pumps = again
	return again
}

// size is how many bytes wait.
func (s *sharedOutput) size() int {
	s.queue.Lock()
	defer s.queue.Unlock()
	return len(s.waiting)
}

// ended ends the line that a JVM has left without an end, and writes what waits. It
// returns after lastWords where nobody reads.
func (s *sharedOutput) ended() {
	inTime(func() {
		s.writing.Lock()
		defer s.writing.Unlock()
		if s.within {
			s.within = false
			_, _ = s.out.Write([]byte{'\n'}) // nobody to tell
		}
		_ = s.flush()
	})
}

// SayLast writes why a program ends. It ends all the same where nobody reads that.
func SayLast(out io.Writer, words ...any) {
	inTime(func() { _, _ = fmt.Fprintln(out, words...) }) // nobody to tell
}

// inTime writes something, and leaves it behind after lastWords where nobody reads.
func inTime(write func()) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		write()
	}()
	select {
	case <-written:
	case <-time.After(lastWords):
	}
}

// lastWords is how long the end of a JVM, or of the agent, waits for somebody to read the log.
const lastWords = 2 * time.Second

// flush writes what waits, and how many lines there was no room for.
func (s *sharedOutput) flush() error {
	s.queue.Lock()
	lines, dropped := s.waiting, s.dropped
	s.waiting, s.dropped = nil, 0
	s.queue.Unlock()
	if dropped > 0 {
		lines = fmt.Appendf(lines, "WARN  ringspan-agent: time=%s msg=\"lines of the agent's are missing here: nobody read the log\" lines=%d\n", time.Now().Format(logTime), dropped)
	}
	if len(lines) == 0 {
		return nil
	}
	_, err := s.out.Write(lines)
	return err
}

// logTime is how slog writes the time.
const logTime = "2006-01-02T15:04:05.000Z07:00"
