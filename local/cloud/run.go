package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
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
	if err := state.accept(c); err != nil {
		return err
	}
	listeners, err := state.listen(c)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	outside, inside, err := doorPair()
	if err != nil {
		return err
	}
	go keepDoors(outside)
	listeners = append(listeners, inside)
	cmd := exec.Command(sibling(self, "ringspan-init"), "reap", self, "supervise", string(state))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.ExtraFiles = listeners
	cmd.Env = append(os.Environ(), fmt.Sprintf("RINGSPAN_FDS=%d", len(listeners)))
	cmd.SysProcAttr = namespaces()
	if err := cmd.Start(); err != nil {
		return explainNamespaces(err)
	}
	for _, l := range listeners {
		l.Close()
	}
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

// accept keeps the configuration with the state. A lab that has run before can
// change anything but the place of its regions.
func (s State) accept(c Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	var before Config
	switch err := readJSON(s.config(), &before); {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return err
	default:
		if difference := before.difference(c); difference != "" {
			return fmt.Errorf("%s holds the data of another layout: %s; take the old one down first, or use another state directory", s, difference)
		}
	}
	return writeJSON(s.config(), c)
}

// difference names what of a lab with data must not change; adding a region is
// allowed.
func (c Config) difference(next Config) string {
	for _, old := range c.Regions {
		found := false
		for _, r := range next.Regions {
			if r.Name != old.Name {
				continue
			}
			found = true
			if r.CIDR != old.CIDR || r.ServiceCIDR != old.ServiceCIDR {
				return fmt.Sprintf("region %s was %s with services in %s, and is now %s with services in %s", r.Name, old.CIDR, old.ServiceCIDR, r.CIDR, r.ServiceCIDR)
			}
			if a, b := zones(old), zones(r); a != b {
				return fmt.Sprintf("region %s had the zones %s, and now has %s", r.Name, a, b)
			}
		}
		if !found {
			return fmt.Sprintf("region %s is gone", old.Name)
		}
	}
	return ""
}

func zones(r Region) string {
	data, _ := json.Marshal(r.Zones) // plain data: cannot fail
	return strings.ReplaceAll(string(data), `"`, "")
}

// listen opens the way in from the host, one listener a region. A socket
// belongs to the network namespace in which it was made, wherever it is used:
// the lab accepts on these from inside, and so never needs an interface, route
// or port on the host. A port is kept from run to run while it is free.
func (s State) listen(c Config) ([]*os.File, error) {
	ports := map[string]int{}
	if err := readJSON(s.ports(), &ports); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var files []*os.File
	for i, r := range c.Regions {
		listener, err := listenOn(r.APIServerPort, ports[r.Name])
		if err != nil {
			return nil, fmt.Errorf("regions[%d].apiServerPort: port %d of 127.0.0.1, the API server of %s: %w; end what uses it, or ask for another port, or for 0, any free one", i, r.APIServerPort, r.Name, err)
		}
		ports[r.Name] = listener.Addr().(*net.TCPAddr).Port
		file, err := listener.(*net.TCPListener).File()
		listener.Close()
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, writeJSON(s.ports(), ports)
}

func listenOn(pinned, before int) (net.Listener, error) {
	if pinned != 0 {
		return listenSoon(pinned)
	}
	if l, err := listenSoon(before); err == nil {
		return l, nil
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

// listenSoon waits a moment for a port that is taken: the processes of a lab
// that was killed hold theirs until the kernel has ended them.
func listenSoon(port int) (l net.Listener, err error) {
	_ = until(2*time.Second, "port", func() error {
		l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		return err
	})
	return l, err
}
