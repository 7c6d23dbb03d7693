//go:build linux && amd64

package clock

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain is also the main function of the processes that tests start: a
// process cannot shift its own children.
func TestMain(m *testing.M) {
	if os.Getenv("CLOCK_TEST") == "" {
		os.Exit(m.Run())
	}
	if err := play(os.Args[1], os.Args[2:]); err != nil {
		fmt.Println(err)
		switch {
		case errors.Is(err, os.ErrProcessDone):
			os.Exit(exitDone)
		case errors.Is(err, os.ErrPermission):
			os.Exit(exitDenied)
		}
		os.Exit(1)
	}
	os.Exit(0)
}

const exitDone, exitDenied = 11, 12

// self is a command that runs the test binary in a role.
func self(role string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", append([]string{role}, args...)...)
	cmd.Env = append(os.Environ(), "CLOCK_TEST=1", "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	return cmd
}

func play(role string, args []string) error {
	pid := 0
	if len(args) > 0 {
		pid, _ = strconv.Atoi(args[0])
	}
	switch role {
	case "executed":
		fmt.Println("executed")
		return answerAll()
	case "child":
		return answerAll()
	case "serve":
		return Serve(os.Stdin, os.Stdout)
	case "shift":
		offset, err := time.ParseDuration(args[1])
		if err != nil {
			return err
		}
		return Shift(pid, offset)
	case "offset":
		offset, err := Offset(pid)
		fmt.Println(offset)
		return err
	case "stand":
		return onThread(func() error { return stand(pid) })
	case "signal":
		return onThread(func() error { return signaled(pid) })
	case "halt":
		return onThread(func() error { return halt(pid) })
	case "hold": // stops a process and stays so
		return onThread(func() error {
			_, err := stop(pid)
			fmt.Println("held", err)
			if err == nil {
				select {}
			}
			return err
		})
	}
	return fmt.Errorf("no role %q", role)
}

// answerAll is the process whose clock is shifted.
func answerAll() error {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGUSR1)
	var signaled atomic.Int64
	go func() {
		for range signals {
			signaled.Add(1)
		}
	}()
	base, kernelBase := monotonicBase()
	work := &load{offsets: []time.Duration{0, 2 * time.Second, -90 * time.Second}}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		switch lines.Text() {
		case "now":
			now := time.Now()
			fmt.Println(now.UnixNano(), kernelBase+int64(now.Sub(base)))
		case "signals":
			fmt.Println(signaled.Load())
		case "exec":
			return syscall.Exec("/proc/self/exe", []string{os.Args[0], "executed"}, os.Environ())
		case "spawn":
			cmd := self("child")
			_, _ = cmd.StdinPipe()
			err := cmd.Start()
			fmt.Println(cmd.Process.Pid, err)
		case "fork":
			debug.SetGCPercent(-1) // it would wait for the thread
			go forkWithoutExec()
			fmt.Println("forking")
		case "churn":
			for range 3 {
				go churn()
			}
			fmt.Println("churning")
		case "load":
			work.start(8)
			fmt.Println("loaded")
		case "seen":
			fmt.Println(work.seen[1].Load(), work.seen[2].Load())
		case "verdict":
			fmt.Println(work.stop())
		}
	}
	return nil
}

// forkWithoutExec forks as the start of a program does, and stays before the exec: the child has this process's memory, and the
// thread waits for it. Neither goes on until it is killed.
func forkWithoutExec() {
	runtime.LockOSThread()
	child, _, _ := syscall.RawSyscall6(unix.SYS_CLONE, unix.CLONE_VM|unix.CLONE_VFORK|uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	for child == 0 {
		_, _, _ = syscall.RawSyscall(unix.SYS_PAUSE, 0, 0, 0)
	}
}

// monotonicBase pairs a Go time with what the kernel calls the same moment.
func monotonicBase() (time.Time, int64) {
	for {
		before, now, after := kernelClock(unix.CLOCK_MONOTONIC), time.Now(), kernelClock(unix.CLOCK_MONOTONIC)
		if after-before < int64(slack)/2 {
			return now, before
		}
	}
}

// kernelClock is a clock by system call, which no shift changes; in ns.
func kernelClock(id int32) int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		panic(err)
	}
	return t.Nano()
}
