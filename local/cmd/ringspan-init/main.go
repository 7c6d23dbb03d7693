// ringspan-init is the only code that runs as PID 1, and does what such a small program can beside it. It is a binary of its
// own because it starts once per container: it must not pay the start-up cost
// (about 0.2 s CPU and 70 MB) of a binary that links all of Kubernetes.
//
//	ringspan-init reap PROGRAM ARGS...  PID 1 of the whole lab: runs PROGRAM and reaps orphans
//	ringspan-init container SPEC.json   PID 1 of one container: builds its file system, then execs
//	ringspan-init clock serve           beside those: shifts the wall clocks of processes, as it is asked to on its input
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"

	"github.com/ringspan/ringspan/local/clock"
	"github.com/ringspan/ringspan/local/node/process"
	"golang.org/x/sys/unix"
)

// The main goroutine stays on the main thread: the parent-death signal belongs
// to a thread, and is lost when another thread execs.
func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) < 3 {
		fatal(fmt.Errorf("usage: ringspan-init reap|container|clock ..."))
	}
	switch os.Args[1] {
	case "reap":
		os.Exit(reap(os.Args[2], os.Args[3:]))
	case "container":
		failStart(process.Run(os.Args[2]))
	case "clock":
		if err := clock.Serve(os.Stdin, os.Stdout); err != nil {
			fatal(err)
		}
		return
	}
	fatal(fmt.Errorf("unknown mode %q", os.Args[1]))
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "ringspan-init:", err)
	os.Exit(127)
}

// failStart tells the container runtime, which listens on descriptor 3, why
// the container could not be started.
func failStart(err error) {
	status := os.NewFile(3, "status")
	fmt.Fprint(status, err)
	os.Exit(127)
}

// reap runs as PID 1 of the lab's PID namespace. When the program ends, so does
// PID 1, and then the kernel kills everything else in the namespace.
func reap(program string, args []string) int {
	// Nothing mounted from here on is visible outside, and /proc must show
	// the new PID namespace.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		fatal(err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	inherited, _ := strconv.Atoi(os.Getenv("RINGSPAN_FDS")) // listeners made by the parent
	for fd := 3; fd < 3+inherited; fd++ {
		cmd.ExtraFiles = append(cmd.ExtraFiles, os.NewFile(uintptr(fd), "inherited"))
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	if err := cmd.Start(); err != nil {
		fatal(err)
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s)
		}
	}()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid == cmd.Process.Pid {
			return status.ExitStatus()
		}
	}
}
