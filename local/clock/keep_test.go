//go:build linux && amd64

package clock

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

func itoa(i int) string { return strconv.Itoa(i) }

// keep runs a Keeper; the function that it returns ends it and waits.
func keep(t *testing.T, k Keeper, pids func() []int, offset time.Duration, complain func(error)) (heal func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.Keep(ctx, pids, offset, complain)
	}()
	heal = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(heal)
	return heal
}

func serving() *exec.Cmd { return self("serve") }

// traceableHere skips where the kernel forbids what the Keeper would complain of.
func traceableHere(t *testing.T, c *child) {
	t.Helper()
	mustShift(t, c.pid, time.Second)
	mustShift(t, c.pid, 0)
}

func TestKeeper(t *testing.T) {
	first, second := start(t, self("child")), start(t, self("child"))
	traceableHere(t, first)
	ended := exec.Command("/proc/self/exe", "no role")
	ended.Env = []string{"CLOCK_TEST=1"}
	_ = ended.Run()
	var mu sync.Mutex
	members := []int{first.pid, ended.Process.Pid}
	heal := keep(t, Keeper{Tracer: serving}, func() []int {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(members)
	}, -2*time.Second, func(err error) { t.Error(err) })
	first.becomes(t, -2*time.Second)
	second.mustBe(t, 0)
	mu.Lock()
	members = append(members, second.pid)
	mu.Unlock()
	second.becomes(t, -2*time.Second)
	for range 3 {
		first.ask(t, "exec")
		first.becomes(t, -2*time.Second)
	}
	heal()
	first.mustBe(t, 0)
	second.mustBe(t, 0)
}

// Between fork and exec, a process that is being started has its parent's memory: the parent, which nobody asked for, would be
// shifted for good.
func TestAForkedChildLeavesItsParentAlone(t *testing.T) {
	parentOf := start(t, self("child"))
	traceableHere(t, parentOf)
	parentOf.ask(t, "fork")
	forked := 0
	for end := time.Now().Add(20 * time.Second); forked == 0; {
		for _, pid := range processes() {
			if of, err := parent(pid); err == nil && of == parentOf.pid {
				forked = pid
			}
		}
		if forked == 0 && time.Now().After(end) {
			t.Fatal("there is no child")
		}
	}
	t.Cleanup(func() { _ = syscall.Kill(forked, syscall.SIGKILL) })
	s := server{}
	if a := s.serve(request{time.Hour, []int{forked}}); a.Changed != 0 || a.Pending != 1 || len(a.Errors) > 0 {
		t.Errorf("asked to shift the child, the tracer answers %+v", a)
	}
	parentOf.mustBe(t, 0)
	if a := s.serve(request{0, []int{forked}}); a.Changed != 0 || a.Pending != 0 {
		t.Errorf("asked to restore the child, the tracer answers %+v", a)
	}
}

func TestKeeperOutlivesItsTracer(t *testing.T) {
	c := start(t, self("child"))
	traceableHere(t, c)
	started := make(chan *exec.Cmd, 10)
	tracer := func() *exec.Cmd {
		cmd := serving()
		started <- cmd
		return cmd
	}
	complaints := make(chan error, 10)
	heal := keep(t, Keeper{Tracer: tracer}, func() []int { return []int{c.pid} }, time.Hour, func(err error) { complaints <- err })
	c.becomes(t, time.Hour)
	if err := syscall.Kill((<-started).Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	t.Log(<-complaints)
	c.ask(t, "exec")
	c.becomes(t, time.Hour)
	heal()
	c.mustBe(t, 0)
	if len(complaints) > 0 {
		t.Error("told more than once: ", <-complaints)
	}
}

// What cannot be shifted is told once, and keeps nothing else from it.
func TestKeeperComplains(t *testing.T) {
	c := start(t, self("child"))
	traceableHere(t, c)
	var tracer *exec.Cmd
	complaints := make(chan error, 100)
	k := Keeper{Every: time.Millisecond, Tracer: func() *exec.Cmd { tracer = serving(); return tracer }}
	heal := keep(t, k, func() []int {
		if tracer == nil {
			return nil
		}
		return []int{tracer.Process.Pid, c.pid}
	}, time.Hour, func(err error) { complaints <- err })
	c.becomes(t, time.Hour)
	t.Log(<-complaints)
	heal()
	c.mustBe(t, 0)
	if len(complaints) > 0 {
		t.Error("told more than once: ", <-complaints)
	}
}

// A process that cannot be shifted is let alone for a while, and told of once.
func TestServerTellsOnce(t *testing.T) {
	pid := os.Getpid()
	s := server{}
	for i, c := range []struct {
		next time.Time
		told int
	}{{time.Time{}, 1}, {time.Now().Add(time.Hour), 0}, {time.Time{}, 0}} {
		if i > 0 {
			s[pid].next = c.next
		}
		a := s.serve(request{time.Hour, []int{pid}})
		if a.Pending != 1 || len(a.Errors) != c.told || a.Changed != 0 {
			t.Errorf("request %d: %+v", i, a)
		}
		if tried := s[pid].next != c.next; tried != c.next.IsZero() {
			t.Errorf("request %d: tried: %v", i, tried)
		}
	}
	if a := s.serve(request{0, []int{pid}}); a.Pending+a.Changed+len(a.Errors) != 0 {
		t.Errorf("it never was shifted, and restoring it answers %+v", a)
	}
	if s.serve(request{time.Hour, nil}); len(s) != 0 {
		t.Errorf("it remembers what nobody asks for: %v", s)
	}
}

func TestMembers(t *testing.T) {
	cmd := self("child")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID}
	other, inside := start(t, self("child")), start(t, cmd)
	var m Members
	if got := m.Of([]int{inside.pid}); !slices.Equal(got, []int{inside.pid}) {
		t.Errorf("members of %d: %v", inside.pid, got)
	}
	if answer := inside.ask(t, "spawn"); answer != "2 <nil>" && answer[len(answer)-5:] != "<nil>" {
		t.Fatal(answer)
	}
	got := m.Of([]int{inside.pid})
	if len(got) != 2 || !slices.Contains(got, inside.pid) || slices.Contains(got, other.pid) {
		t.Errorf("members of %d after it started another: %v", inside.pid, got)
	}
	if got := m.Of(nil); len(got) != 0 {
		t.Errorf("members of nothing: %v", got)
	}
}
