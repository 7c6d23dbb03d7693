//go:build linux && amd64

package clock

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestShift(t *testing.T) {
	c := start(t, self("child"))
	c.mustBe(t, 0)
	for _, offset := range []time.Duration{
		2 * time.Second, 2 * time.Second, -90 * time.Second, 1700 * time.Millisecond, -1, 0,
		-999_999_999, Limit, -20 * 365 * 24 * time.Hour, 0, 0, time.Hour,
	} {
		mustShift(t, c.pid, offset)
		c.mustBe(t, offset)
	}
	if before := kernelClock(unix.CLOCK_REALTIME); !around(before, time.Now().UnixNano(), kernelClock(unix.CLOCK_REALTIME)) {
		t.Error("the clock of this process, which is another, has changed")
	}
}

func TestRestoreLeavesTheOldCode(t *testing.T) {
	c := start(t, self("child"))
	c.mustBe(t, 0) // it is past its exec
	before, err := readView(c.pid)
	if err != nil {
		t.Fatal(err)
	}
	defer before.memory.Close()
	mustShift(t, c.pid, time.Second)
	shifted := make([]byte, before.layout.end)
	if err := before.read(shifted, 0); err != nil {
		t.Fatal(err)
	}
	if string(shifted) == string(before.image[:before.layout.end]) {
		t.Error("a shift changed nothing")
	}
	mustShift(t, c.pid, 0)
	restored := make([]byte, before.layout.end)
	if err := before.read(restored, 0); err != nil {
		t.Fatal(err)
	}
	if string(restored) != string(before.image[:before.layout.end]) {
		t.Error("what programs run is not what it was")
	}
}

func TestExecBringsTheRightTimeBack(t *testing.T) {
	c := start(t, self("child"))
	mustShift(t, c.pid, time.Minute)
	c.ask(t, "exec")
	c.mustBe(t, 0)
	if offset, err := Offset(c.pid); offset != 0 || err != nil {
		t.Errorf("Offset is %s, %v", offset, err)
	}
}

// Every reading of a loaded process is one of the times that it was given, and
// a signal is never lost.
func TestShiftUnderLoad(t *testing.T) {
	c := start(t, self("child"))
	mustShift(t, c.pid, 0)
	c.ask(t, "load")
	s := &session{command: func() *exec.Cmd { return self("serve") }, complain: func(err error) { t.Error(err) }}
	defer s.close()
	offsets := []time.Duration{2 * time.Second, -90 * time.Second, 0}
	begun := time.Now()
	for i := range 50 {
		before := c.ask(t, "signals")
		signaled := make(chan error)
		go func() { signaled <- syscall.Kill(c.pid, syscall.SIGUSR1) }()
		if a, ok := s.ask(request{offsets[i%3], []int{c.pid}}); !ok || a.Changed != 1 {
			t.Fatalf("shift %d: %+v", i, a)
		}
		if err := <-signaled; err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(20 * time.Second); c.ask(t, "signals") == before; {
			if time.Now().After(end) {
				t.Fatal("a signal was lost")
			}
		}
	}
	t.Logf("50 shifts in %s; readings with 2s and -90s: %s", time.Since(begun), c.ask(t, "seen"))
	if verdict := c.ask(t, "verdict"); verdict != "right" {
		t.Error(verdict)
	}
	if seen := c.ask(t, "seen"); strings.HasPrefix(seen, "0 ") || strings.HasSuffix(seen, " 0") {
		t.Errorf("readings with the offsets: %s: the load saw none of a shift", seen)
	}
}

// A stopped process stays stopped, and is shifted when it goes on.
func TestShiftStopped(t *testing.T) {
	c := start(t, self("child"))
	c.mustBe(t, 0)
	stopped := &tracer{pid: c.pid}
	if err := syscall.Kill(c.pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(c.pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatal(err, status)
	}
	mustShift(t, c.pid, time.Minute)
	for end := time.Now().Add(5 * time.Second); stopped.state(c.pid) != "T"; {
		if time.Now().After(end) {
			t.Fatalf("after the shift its state is %s", stopped.state(c.pid))
		}
	}
	if err := syscall.Kill(c.pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	c.mustBe(t, time.Minute)
}

func TestTracerKilled(t *testing.T) {
	c := start(t, self("child"))
	c.ask(t, "load")
	holder := start(t, self("hold", itoa(c.pid)))
	if !holder.out.Scan() || holder.out.Text() != "held <nil>" {
		t.Skipf("this kernel forbids it: %s", holder.out.Text())
	}
	if s := (&tracer{pid: c.pid}).state(c.pid); s != "t" {
		t.Errorf("held, its state is %s", s)
	}
	if err := syscall.Kill(holder.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if verdict := c.ask(t, "verdict"); verdict != "right" {
		t.Error(verdict)
	}
}

func TestRefused(t *testing.T) {
	c := start(t, self("child"))
	if err := Shift(c.pid, time.Second); err == nil || !strings.Contains(err.Error(), "child of this process") {
		t.Errorf("shifting a child: %v", err)
	}
	if err := Shift(os.Getpid(), time.Second); err == nil || !strings.Contains(err.Error(), "itself") {
		t.Errorf("shifting oneself: %v", err)
	}
	if err := Shift(c.pid, Limit+1); err == nil || !strings.Contains(err.Error(), "within") {
		t.Errorf("shifting too far: %v", err)
	}
	c.mustBe(t, 0)
}

func TestNoSuchProcess(t *testing.T) {
	gone := exec.Command("/proc/self/exe")
	gone.Env = []string{"CLOCK_TEST=1"}
	gone.Args = []string{"", "no role"}
	if err := gone.Start(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Waitid(unix.P_PID, gone.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"a zombie", "none"} {
		if out, code := act(t, "shift", gone.Process.Pid, time.Second); code != exitDone {
			t.Errorf("%s: exit code %d: %s", what, code, out)
		}
		if _, err := Offset(gone.Process.Pid); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("%s: Offset: %v", what, err)
		}
		_ = gone.Wait()
	}
}

// Root shifts processes of others.
func TestOtherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("it takes root")
	}
	cmd := self("child")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if users, _ := os.ReadFile("/proc/self/uid_map"); !strings.Contains(string(users), " 4294967295") {
		t.Skip("there are no other users in this user namespace")
	}
	c := start(t, cmd)
	mustShift(t, c.pid, -time.Minute)
	c.mustBe(t, -time.Minute)
}

// Who is root only in a user namespace of his own shifts what runs in it.
func TestUserNamespace(t *testing.T) {
	uid, gid := os.Getuid(), os.Getgid()
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
	if uid == 0 {
		uid, gid = 65534, 65534
		attr.Credential = &syscall.Credential{Uid: 0, Gid: 0, NoSetGroups: true}
	}
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: gid, Size: 1}}
	cmd := exec.Command("/proc/self/exe", "-test.v", "-test.run=^(TestShift|TestKeeper)$")
	cmd.SysProcAttr = attr
	cmd.Dir = "/"
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Skipf("no user namespace can be made here: %v", err)
	}
	if strings.Contains(string(out), "--- SKIP") {
		t.Skipf("in a user namespace: %s", out)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: TestShift") {
		t.Errorf("%v: %s", err, out)
	}
}
