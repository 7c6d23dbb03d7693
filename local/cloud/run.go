package cloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// Run runs the lab in fresh PID, mount and network namespaces until the context
// ends or the lab stops. The lab cannot outlive this process: its PID 1 is
// killed by the kernel when this process dies (PDEATHSIG), and with PID 1 dies
// every process of the PID namespace; with the last process go the mounts and
// the network namespaces.
func Run(ctx context.Context, state State, c Config) error {
	runtime.LockOSThread() // PDEATHSIG fires when the forking thread ends, so this one must stay
	defer runtime.UnlockOSThread()
	lock, err := state.lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := errors.Join(c.Validate(), c.AWS.checkPorts()); err != nil {
		return err
	}
	if err := writeJSON(state.config(), c); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	outside, inside, err := portSockets()
	if err != nil {
		return err
	}
	defer inside.Close()
	go serveHostPorts(outside)
	cmd := exec.Command(sibling(self, "ringspan-init"), "reap", self, "supervise", string(state))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{inside}
	cmd.Env = append(os.Environ(), "RINGSPAN_FDS=1")
	cmd.SysProcAttr = namespaces()
	if err := cmd.Start(); err != nil {
		return explainNamespaces(err)
	}
	inside.Close()
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	if err := cmd.Wait(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("the lab ended: %w (see %s)", err, state.Log())
	}
	return nil
}

func sibling(self, name string) string { return filepath.Join(filepath.Dir(self), name) }

// namespaces asks for everything that a lab must not share with its host.
func namespaces() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL,
		Setpgid:    true, // Ctrl-C reaches only this process, which passes it on
	}
	if uid := os.Getuid(); uid != 0 {
		// Without root, a user namespace gives the same rights over the new
		// namespaces; but it has only one user, so pods cannot have others.
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return attr
}

func explainNamespaces(err error) error {
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("making namespaces: %w: this kernel does not let user %d make them; run as root, or allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone)", err, os.Getuid())
	}
	return fmt.Errorf("starting the lab: %w", err)
}

// checkPorts looks early whether the ports that clusters must have are free.
func (a AWS) checkPorts() error {
	var errs []error
	for _, r := range a.Regions {
		if r.APIServerPort == 0 {
			continue
		}
		listener, err := listenSoon(fmt.Sprintf("127.0.0.1:%d", r.APIServerPort))
		if err != nil {
			errs = append(errs, a.portTaken(r.Name, err))
			continue
		}
		listener.Close()
	}
	return errors.Join(errs...)
}

// portTaken says which port of a region's cluster can't be had, and what to do.
func (a AWS) portTaken(region string, err error) error {
	port, field := a.pinned(region)
	return fmt.Errorf("%s: port %d of 127.0.0.1, the API server of %s: %w; end what uses it, or ask for another port, or for 0, any free one", field, port, region, err)
}

// listenSoon waits a moment for a port that is taken: the processes of a lab
// that was killed hold theirs until the kernel has ended them.
func listenSoon(address string) (l net.Listener, err error) {
	_ = until(2*time.Second, "port", func() error {
		l, err = net.Listen("tcp", address)
		return err
	})
	return l, err
}
