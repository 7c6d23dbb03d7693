//go:build linux && amd64

package clock

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a process's threads may take to stop. Only one that
// waits in the kernel for what doesn't come does not stop at once, such as for
// a child of vfork until its exec; the others stand still meanwhile.
const patience = 250 * time.Millisecond

// tracer holds a process's threads. All its methods must run on the thread of
// the operating system that seized them; see onThread.
type tracer struct {
	pid  int
	held map[int]thread
}

// thread is one that was seized.
type thread struct {
	stopped bool
	ended   bool
	signal  syscall.Signal // that stopped it, and is still to be delivered; 0 for none
}

// onThread runs f on a thread that ends with it. Whatever f leaves seized then,
// the kernel lets go, running as before: also what cannot be detached because it
// never stopped.
func onThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for good, so that the thread ends
		if unix.Gettid() != os.Getpid() {
			done <- f()
			return
		}
		// The process's first thread doesn't end with a goroutine. Held here,
		// it cannot be the one that is used.
		defer runtime.UnlockOSThread()
		done <- onThread(f)
	}()
	return <-done
}

// stop seizes all threads of a process and waits until each stands.
func stop(pid int) (*tracer, error) {
	t := &tracer{pid: pid, held: map[int]thread{}}
	deadline := time.Now().Add(patience)
	for {
		// A thread that still ran may have made others; once all stand, none comes.
		fresh, err := t.seizeNew()
		if err == nil && fresh > 0 {
			err = t.await(deadline)
		}
		if err != nil {
			t.release()
			return nil, err
		}
		if fresh == 0 {
			return t, nil
		}
	}
}

// seizeNew seizes the threads that are not held yet, and says how many there were.
func (t *tracer) seizeNew() (fresh int, err error) {
	tasks, err := os.ReadDir(proc(t.pid, "task"))
	if err != nil {
		return 0, missing(t.pid, err)
	}
	for _, task := range tasks {
		tid, err := strconv.Atoi(task.Name())
		if err != nil {
			return 0, err
		}
		if _, ok := t.held[tid]; ok {
			continue
		}
		fresh++
		if err := t.seize(tid); err != nil {
			return fresh, err
		}
	}
	return fresh, nil
}

func (t *tracer) seize(tid int) error {
	err := unix.PtraceSeize(tid)
	if err == nil {
		t.held[tid] = thread{}
		err = unix.PtraceInterrupt(tid)
	}
	if errors.Is(err, syscall.ESRCH) || errors.Is(err, syscall.EPERM) && t.dead(tid) {
		t.held[tid] = thread{ended: true}
		return nil
	}
	if err != nil {
		return fmt.Errorf("ptrace of thread %d: %w", tid, err)
	}
	return nil
}

// dead says whether a thread has ended but is still listed: the first one stays
// until all have ended, and cannot be seized.
func (t *tracer) dead(tid int) bool {
	s := t.state(tid)
	return s == "" || s == "Z" || s == "X"
}

// state is the kernel's letter for a thread's state; empty when it has ended.
func (t *tracer) state(tid int) string {
	stat, err := os.ReadFile(proc(t.pid, "task/"+strconv.Itoa(tid)+"/stat"))
	if fields := afterName(stat); err == nil && len(fields) > 0 {
		return fields[0]
	}
	return ""
}

// await waits until every seized thread has stopped or ended.
func (t *tracer) await(deadline time.Time) error {
	for tid := range t.held {
		for pause := 10 * time.Microsecond; !t.poll(tid); pause = min(2*pause, 2*time.Millisecond) {
			if time.Now().After(deadline) {
				return fmt.Errorf("thread %d, in state %s, doesn't stop within %s", tid, t.state(tid), patience)
			}
			time.Sleep(pause)
		}
	}
	return nil
}

// poll tells whether a thread has stopped or ended.
func (t *tracer) poll(tid int) bool {
	h := t.held[tid]
	if h.stopped || h.ended {
		return true
	}
	var status unix.WaitStatus
	got, err := unix.Wait4(tid, &status, unix.WALL|unix.WNOHANG, nil)
	switch {
	case errors.Is(err, syscall.EINTR), err == nil && got == 0:
		return false
	case err != nil, !status.Stopped():
		h.ended = true
	default:
		h.stopped = true
		if int(status)>>16 != unix.PTRACE_EVENT_STOP {
			h.signal = status.StopSignal()
		}
	}
	t.held[tid] = h
	return true
}

// release continues all threads. One that was about to get a signal gets it.
func (t *tracer) release() {
	for tid, h := range t.held {
		if h.stopped {
			// It fails only for a thread that was killed.
			_, _, _ = unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_DETACH, uintptr(tid), 0, uintptr(h.signal), 0, 0)
		}
	}
}

// write changes memory that all threads share, code included.
func (t *tracer) write(at uint64, data []byte) error {
	for tid, h := range t.held {
		if !h.stopped {
			continue
		}
		if _, err := unix.PtracePokeText(tid, uintptr(at), data); err != nil {
			return missing(t.pid, fmt.Errorf("writing %d bytes at %#x: %w", len(data), at, err))
		}
		return nil
	}
	return ended(t.pid)
}
