//go:build linux && amd64

package clock

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// child is a process that answers lines.
type child struct {
	pid int
	in  io.Writer
	out *bufio.Scanner
}

func start(t *testing.T, cmd *exec.Cmd) *child {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return &child{cmd.Process.Pid, in, bufio.NewScanner(out)}
}

func (c *child) ask(t *testing.T, line string) string {
	t.Helper()
	if _, err := fmt.Fprintln(c.in, line); err != nil {
		t.Fatalf("asking for %q: %v", line, err)
	}
	if !c.out.Scan() {
		t.Fatalf("the process ended instead of answering %q (%v)", line, c.out.Err())
	}
	return c.out.Text()
}

// off says why the child's clock is not shifted by the offset; empty when it is.
func (c *child) off(t *testing.T, offset time.Duration) string {
	t.Helper()
	var wall, mono int64
	wall0, mono0 := kernelClock(unix.CLOCK_REALTIME), kernelClock(unix.CLOCK_MONOTONIC)
	answer := c.ask(t, "now")
	wall1, mono1 := kernelClock(unix.CLOCK_REALTIME), kernelClock(unix.CLOCK_MONOTONIC)
	if _, err := fmt.Sscan(answer, &wall, &mono); err != nil {
		t.Fatalf("%q: %v", answer, err)
	}
	switch {
	case !around(mono0, mono, mono1):
		t.Fatalf("its monotonic clock is off by %s", time.Duration(mono-mono0))
	case !around(wall0, wall-int64(offset), wall1):
		return fmt.Sprintf("its wall clock is off by %s, not %s", time.Duration(wall-wall0), offset)
	}
	return ""
}

func (c *child) mustBe(t *testing.T, offset time.Duration) {
	t.Helper()
	if why := c.off(t, offset); why != "" {
		t.Fatal(why)
	}
}

// becomes waits until the child's clock is shifted by the offset.
func (c *child) becomes(t *testing.T, offset time.Duration) {
	t.Helper()
	why := c.off(t, offset)
	for end := time.Now().Add(20 * time.Second); why != "" && time.Now().Before(end); {
		why = c.off(t, offset)
	}
	if why != "" {
		t.Fatal(why)
	}
}

// act runs the test binary in a role and returns its output and exit code.
func act(t *testing.T, role string, args ...any) (string, int) {
	t.Helper()
	var words []string
	for _, a := range args {
		words = append(words, fmt.Sprint(a))
	}
	var out bytes.Buffer
	cmd := self(role, words...)
	cmd.Stdout = &out
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	code := cmd.ProcessState.ExitCode()
	if code == exitDenied {
		t.Skipf("this kernel forbids it: %s", out.String())
	}
	return strings.TrimSpace(out.String()), code
}

// mustShift shifts from a process of its own.
func mustShift(t *testing.T, pid int, offset time.Duration) {
	t.Helper()
	if out, code := act(t, "shift", pid, offset); code != 0 {
		t.Fatal(out)
	}
	if out, _ := act(t, "offset", pid); out != offset.String() {
		t.Fatalf("after a shift by %s, Offset is %s", offset, out)
	}
}
