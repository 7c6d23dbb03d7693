package local

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringspan/ringspan/internal/fleet"
)

func TestLayoutOfTheArticle(t *testing.T) {
	f, err := fleet.Load("../../../examples/article.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(layout(f, "/images"), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/article.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
		t.Error(diff)
	}
}

// A fleet is there from the moment at which somebody works on it, and its lock
// belongs to one.
func TestLock(t *testing.T) {
	t.Setenv("RINGSPAN_HOME", t.TempDir())
	c, err := New("one")
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := c.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if names, err := Names(); err != nil || len(names) != 1 || names[0] != "one" {
		t.Errorf("names %v %v", names, err)
	}
	var busy Busy
	if _, err := c.Lock(); !errors.As(err, &busy) || busy.PID != os.Getpid() {
		t.Errorf("a second lock: %v", err)
	}
	told := make(chan Busy, 1)
	done := make(chan error, 1)
	go func() {
		second, err := c.Await(context.Background(), func(b Busy) { told <- b })
		if err == nil {
			second()
		}
		done <- err
	}()
	if b := <-told; b.PID != os.Getpid() || b.Fleet != "one" {
		t.Errorf("told %+v", b)
	}
	unlock()
	if err := <-done; err != nil {
		t.Errorf("its turn: %v", err)
	}
}

// Who waits for a fleet that is taken away meanwhile gets a lock on the new one.
func TestLockSurvivesRemoval(t *testing.T) {
	t.Setenv("RINGSPAN_HOME", t.TempDir())
	c, err := New("one")
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := c.Lock()
	if err != nil {
		t.Fatal(err)
	}
	told, done := make(chan Busy, 1), make(chan error, 1)
	go func() {
		second, err := c.Await(context.Background(), func(b Busy) { told <- b })
		if err == nil {
			defer second()
			_, err = os.Stat(filepath.Join(c.State, lockFile))
		}
		done <- err
	}()
	<-told
	if err := os.RemoveAll(c.State); err != nil {
		t.Fatal(err)
	}
	unlock()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	t.Setenv("RINGSPAN_HOME", t.TempDir())
	c, err := New("one")
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := c.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancelCause(context.Background())
	_, err = c.Await(ctx, func(Busy) { cancel(errors.New("enough")) })
	if err == nil || !strings.Contains(err.Error(), "at work on fleet one: enough") {
		t.Errorf("%v", err)
	}
}

// A process below the cloud's is found, one that only names its directory isn't
// taken for it.
func TestLeftovers(t *testing.T) {
	t.Setenv("RINGSPAN_HOME", t.TempDir())
	c, err := New("one")
	if err != nil {
		t.Fatal(err)
	}
	if l, err := c.Leftovers(); err != nil || len(l.Processes) != 0 || l.Data {
		t.Fatalf("of a fleet that isn't there: %+v %v", l, err)
	}
	if err := os.MkdirAll(c.State, 0o700); err != nil {
		t.Fatal(err)
	}
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	mine := start(t, &exec.Cmd{Path: "/bin/sh", Args: []string{"ringspan-local", "-c", sleep + " 300 & wait", c.State}})
	start(t, &exec.Cmd{Path: "/bin/sh", Args: []string{"kubectl", "-c", sleep + " 300; true", c.State}})
	var l Leftovers
	deadline := time.Now().Add(10 * time.Second)
	for len(l.Processes) < 2 && time.Now().Before(deadline) {
		if l, err = c.Leftovers(); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.Processes) != 2 || !l.Data || !strings.Contains(l.String(), "data") {
		t.Errorf("process %d and its child are not what was found: %s", mine, l)
	}
}

// start runs a process in a group of its own until the test ends.
func start(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	cmd.SysProcAttr = ownGroup()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		killGroup(cmd.Process.Pid)
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}
