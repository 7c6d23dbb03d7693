package agent

import (
	"bytes"
	"context"
	"io"
	"os"
	osexec "os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// jvm is one run of Cassandra.
type jvm struct {
	cmd  *osexec.Cmd
	log  *tail
	done chan struct{} // closed when it has ended

	firstBoot bool // it has the short waits of one

	mu      sync.Mutex
	refused string // why the agent ends it
}

// launch starts a JVM that reads input and whose output goes to out. The kernel
// kills it when this process dies; that signal belongs to the forking thread, so
// the thread waits. That it has ended is known when what it wrote has been passed on,
// or soon after where nobody reads that.
func launch(java string, args, env []string, input string, out io.Writer) (*jvm, error) {
	j := &jvm{cmd: osexec.CommandContext(context.Background(), java, args...), log: &tail{out: out, listens: make(chan struct{})}, done: make(chan struct{})}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	j.cmd.Env = env
	j.cmd.Stdin, j.cmd.Stdout, j.cmd.Stderr = strings.NewReader(input), writer, writer
	j.cmd.WaitDelay = lastWords
	j.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := j.cmd.Start()
		started <- err
		_ = writer.Close() // the JVM has its own
		if err != nil {
			_ = reader.Close()
			return
		}
		passed := make(chan struct{})
		go func() {
			defer close(passed)
			_, _ = io.Copy(j.log, reader) // until the JVM and its children are gone
		}()
		_ = j.cmd.Wait() // the state says how it ended
		select {
		case <-passed:
		case <-time.After(lastWords):
		}
		_ = reader.Close()
		close(j.done)
	}()
	return j, <-started
}

func (j *jvm) alive() bool {
	select {
	case <-j.done:
		return false
	default:
		return true
	}
}

// end asks the JVM to exit, and kills it after the grace period.
func (j *jvm) end(grace time.Duration) {
	_ = j.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-j.done:
	case <-time.After(grace):
		_ = j.cmd.Process.Kill()
		<-j.done
	}
}

// refuse ends a JVM that must not run, and remembers why.
func (j *jvm) refuse(why string, grace time.Duration) {
	j.mu.Lock()
	first := j.refused == ""
	j.refused = why
	j.mu.Unlock()
	if first {
		go j.end(grace)
	}
}

// why says why it ended: Cassandra's own words if it left any. Old errors don't
// explain a signal.
func (j *jvm) why() string {
	j.mu.Lock()
	refused := j.refused
	j.mu.Unlock()
	if refused != "" {
		return refused
	}
	state := j.cmd.ProcessState
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return "the JVM ended: " + state.String()
	}
	if words := j.log.reason(); words != "" {
		return words
	}
	return "the JVM ended: " + state.String()
}

// tail passes a log on and remembers its last lines. Writing to it never fails: a JVM whose output isn't read any more, because
// the disk below the log was full for a moment, would stand still with its next line.
type tail struct {
	out     io.Writer
	listens chan struct{} // closed at the first line that is listening

	mu    sync.Mutex
	rest  []byte
	lines []string
	heard bool
}

// listening is what ringspan.Launch prints when Jolokia's port is its own.
const listening = "INFO  ringspan: Jolokia listens"

const tailLines = 400

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.rest = append(t.rest, p...)
	for {
		i := bytes.IndexByte(t.rest, '\n')
		if i < 0 {
			break
		}
		t.lines = append(t.lines, string(t.rest[:i]))
		if !t.heard && string(t.rest[:i]) == listening {
			t.heard = true
			close(t.listens)
		}
		t.rest = t.rest[i+1:]
	}
	if extra := len(t.lines) - tailLines; extra > 0 {
		t.lines = append([]string{}, t.lines[extra:]...)
	}
	t.mu.Unlock()
	_, _ = t.out.Write(p)
	return len(p), nil
}

// reason is why Cassandra ended as its log has it; empty when it says nothing.
func (t *tail) reason() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return reason(append(slices.Clone(t.lines), string(t.rest)))
}
