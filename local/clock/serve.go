//go:build linux && amd64

package clock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// retry is how long a process is let alone that could not be shifted: trying
// stops it for a while.
const retry = 500 * time.Millisecond

// Serve is the main function of a Keeper's tracer: it does what is asked on the
// input until its end, and answers on the output.
func Serve(in io.Reader, out io.Writer) error {
	s := server{}
	from, to := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var r request
		if err := from.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading what to shift: %w", err)
		}
		if err := to.Encode(s.serve(r)); err != nil {
			return fmt.Errorf("telling what was shifted: %w", err)
		}
	}
}

// server knows the processes of the last request.
type server map[int]*kept

// kept is what is known about a process.
type kept struct {
	view   *view // nil before its vDSO was found
	offset time.Duration
	next   time.Time // when it failed: not to be tried with the same offset before
	told   []string
}

func (s server) serve(r request) answer {
	for pid := range s {
		if !slices.Contains(r.PIDs, pid) {
			s.forget(pid)
		}
	}
	var a answer
	for _, pid := range r.PIDs {
		k := s[pid]
		if k == nil {
			k = &kept{}
			s[pid] = k
		}
		changed, err := k.setOffset(pid, r.Offset)
		switch {
		case errors.Is(err, os.ErrProcessDone):
			s.forget(pid)
			continue
		case err != nil:
			a.Pending++
			a.Errors = append(a.Errors, k.newError(pid, err)...)
		case changed:
			a.Changed++
		}
	}
	return a
}

func (s server) forget(pid int) {
	s[pid].closeView()
	delete(s, pid)
}

// errLater stands for an error that is not to be reported, or was; the next try is later.
var errLater = errors.New("later")

// setOffset gives a process an offset. For one that has it, that is one read.
func (k *kept) setOffset(pid int, offset time.Duration) (changed bool, err error) {
	if k.view != nil {
		if now, err := k.view.offset(); err == nil && now == offset {
			return false, nil
		} else if errors.Is(err, os.ErrProcessDone) {
			k.closeView() // the process or only its program
		}
	}
	if k.offset == offset && time.Now().Before(k.next) {
		return false, errLater
	}
	changed, err = shift(pid, offset)
	if errors.Is(err, errShared) {
		return false, errLater // its exec comes soon
	}
	if err != nil {
		k.offset, k.next = offset, time.Now().Add(retry)
		return false, err
	}
	if k.view == nil {
		k.view, _ = readView(pid) // fails when another exec has begun; then the next time
	}
	return changed, nil
}

func (k *kept) closeView() {
	if k.view != nil {
		k.view.memory.Close()
		k.view = nil
	}
}

// newError is the message of an error, none if it was reported before.
func (k *kept) newError(pid int, err error) []string {
	text := fmt.Sprintf("shifting the clock of process %d: %v", pid, err)
	if errors.Is(err, errLater) || slices.Contains(k.told, text) {
		return nil
	}
	k.told = append(k.told, text)
	return []string{text}
}
