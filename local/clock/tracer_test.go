//go:build linux && amd64

package clock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Nothing is written while a thread stands in what a jump replaces, or was
// interrupted there; the process does not notice.
func TestThreadInTheWay(t *testing.T) {
	c := start(t, self("child"))
	c.mustBe(t, 0)
	if out, code := act(t, "stand", c.pid); code != 0 {
		t.Error(out)
	}
	c.mustBe(t, 0)
	mustShift(t, c.pid, time.Minute)
	c.mustBe(t, time.Minute)
}

// stand puts a thread of a process in the way of a shift in both manners.
func stand(pid int) error {
	t, err := stop(pid)
	if err != nil {
		return err
	}
	defer t.release()
	v, err := readView(pid)
	if err != nil {
		return err
	}
	var was unix.PtraceRegs
	if err := unix.PtraceGetRegs(pid, &was); err != nil {
		return err
	}
	inside := v.base + v.layout.entries[0].at + 2
	moved := was
	moved.Rip = inside
	if err := unix.PtraceSetRegs(pid, &moved); err != nil {
		return err
	}
	if err := install(t, v); !errors.Is(err, errBusy) {
		return fmt.Errorf("with a thread in the code to be replaced: %w", err)
	}
	if err := unix.PtraceSetRegs(pid, &was); err != nil {
		return err
	}
	var word [8]byte
	place := was.Rsp + 1024
	if _, err := unix.PtracePeekText(pid, uintptr(place), word[:]); err != nil {
		return err
	}
	if err := t.write(place, binary.LittleEndian.AppendUint64(nil, inside)); err != nil {
		return err
	}
	if err := install(t, v); !errors.Is(err, errBusy) {
		return fmt.Errorf("with a thread that returns to the code to be replaced: %w", err)
	}
	if err := t.write(place, word[:]); err != nil {
		return err
	}
	if v, err = readView(pid); err == nil && v.hasBlock() {
		return errors.New("something was written in spite of the thread")
	}
	return err
}

// A signal that stopped a thread before its interruption did is delivered.
func TestSignalThatStops(t *testing.T) {
	c := start(t, self("child"))
	if got := c.ask(t, "signals"); got != "0" {
		t.Fatalf("%s signals before there was one", got)
	}
	if out, code := act(t, "signal", c.pid); code != 0 {
		t.Fatal(out)
	}
	for end := time.Now().Add(20 * time.Second); c.ask(t, "signals") != "1"; {
		if time.Now().After(end) {
			t.Fatal("the signal was lost")
		}
	}
}

// signaled stops a process by a signal alone and releases it.
func signaled(pid int) error {
	t := &tracer{pid: pid, held: map[int]thread{}}
	tasks, err := os.ReadDir(proc(pid, "task"))
	if err != nil {
		return err
	}
	for _, task := range tasks {
		tid, _ := strconv.Atoi(task.Name())
		if err := unix.PtraceSeize(tid); err != nil {
			return err
		}
		t.held[tid] = thread{}
	}
	if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
		return err
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		for tid := range t.held {
			if t.poll(tid) && t.held[tid].signal == syscall.SIGUSR1 {
				t.release()
				return nil
			}
		}
	}
	return errors.New("no thread stopped")
}

// Threads that are being made while others are stopped are found too.
func TestStopFindsNewThreads(t *testing.T) {
	c := start(t, self("child"))
	c.ask(t, "churn")
	if out, code := act(t, "halt", c.pid); code != 0 {
		t.Error(out)
	}
	c.mustBe(t, 0)
}

// halt stops a process often, and looks each time whether all threads stand.
func halt(pid int) error {
	for range 50 {
		t, err := stop(pid)
		if err != nil {
			return err
		}
		tasks, err := os.ReadDir(proc(pid, "task"))
		for _, task := range tasks {
			tid, _ := strconv.Atoi(task.Name())
			if state := t.state(tid); state != "t" && !t.dead(tid) {
				err = errors.Join(err, fmt.Errorf("thread %d, among %d, is in state %s", tid, len(tasks), state))
			}
		}
		t.release()
		if err != nil {
			return err
		}
	}
	return nil
}

// churn makes threads and ends them, for good.
func churn() {
	for {
		done := make(chan struct{})
		go func() {
			runtime.LockOSThread() // ends with the goroutine
			close(done)
		}()
		<-done
	}
}
