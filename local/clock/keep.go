//go:build linux && amd64

package clock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

const (
	every    = 20 * time.Millisecond
	askLimit = 30 * time.Second // a tracer that takes longer hangs, and is replaced
	healTime = 10 * time.Second // how long processes may refuse to be restored
)

// Keep shifts the processes that pids names, again and again those of them that
// are new or have a new program, until the context ends. Then it restores all
// that pids names by then, and returns when they are, or after 10 s. It tells of
// what goes wrong, once per process and reason; processes that end meanwhile are
// no errors.
func (k Keeper) Keep(ctx context.Context, pids func() []int, offset time.Duration, complain func(error)) {
	if k.Every == 0 {
		k.Every = every
	}
	s := &session{command: k.Tracer, complain: complain}
	defer s.close()
	tick := time.NewTicker(k.Every)
	defer tick.Stop()
	for ctx.Err() == nil {
		s.ask(request{offset, pids()})
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	// One that was forked by a process before that was restored comes to light
	// only in the next pass, so the last must find nothing to do.
	for end := time.Now().Add(healTime); time.Now().Before(end); <-tick.C {
		if a, ok := s.ask(request{0, pids()}); ok && a.Changed == 0 && a.Pending == 0 {
			return
		}
	}
	complain(fmt.Errorf("not all clocks could be restored within %s", healTime))
}

// session is the conversation with a tracer, and with its successor when it dies.
type session struct {
	command  func() *exec.Cmd
	complain func(error)

	cmd  *exec.Cmd // nil when none runs
	in   io.Closer
	to   *json.Encoder
	from *json.Decoder
	next time.Time // no tracer is started before
}

// ask returns the tracer's answer; false when there is none, which it tells.
func (s *session) ask(r request) (answer, bool) {
	if s.cmd == nil {
		if time.Now().Before(s.next) {
			return answer{}, false
		}
		s.next = time.Now().Add(time.Second)
		if err := s.start(); err != nil {
			s.complain(fmt.Errorf("starting the tracer: %w", err))
			return answer{}, false
		}
	}
	limit := time.AfterFunc(askLimit, func() { _ = s.cmd.Process.Kill() })
	defer limit.Stop()
	var a answer
	if err := errors.Join(s.to.Encode(r), s.from.Decode(&a)); err != nil {
		limit.Stop()
		s.complain(fmt.Errorf("the tracer broke off: %w", errors.Join(err, s.close())))
		return answer{}, false
	}
	for _, e := range a.Errors {
		s.complain(errors.New(e))
	}
	return a, true
}

func (s *session) start() error {
	cmd := s.command()
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd, s.in, s.to, s.from = cmd, in, json.NewEncoder(in), json.NewDecoder(out)
	return nil
}

// close ends the tracer, if one runs.
func (s *session) close() error {
	if s.cmd == nil {
		return nil
	}
	_ = s.in.Close()
	err := s.cmd.Wait()
	s.cmd = nil
	return err
}
