package cloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringspan/ringspan/local/netlab"
)

// supervisor runs inside the lab's namespaces and owns all of its processes.
type supervisor struct {
	state     State
	owner     int // process id of Run's
	config    Config
	kube      string // ringspan-kube
	init      string // ringspan-init
	events    *journal
	hostPorts *hostPorts

	api      *api // of AWS
	clusters *clusters
	faults   *faults
}

// stopGrace bounds how long containers may take to end when the lab stops:
// enough for a database to flush.
const stopGrace = 20 * time.Second

// Supervise builds the lab and returns when it has been stopped in order. It
// must be started by Run: descriptor 3 leads to the host.
func Supervise(state State) error {
	s, err := newSupervisor(state)
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if err := cover(); err != nil {
		return err
	}
	if err := s.openAPI(ctx); err != nil {
		return err
	}
	control, err := s.serveControl(cancel)
	if err != nil {
		return err
	}
	defer control.Close()
	s.serveAPI(ctx)
	if err := s.api.endpoint.Announce(os.Stdout, s.config.AWS.Output); err != nil {
		return err
	}
	go s.restore(ctx)
	<-ctx.Done()
	s.events.say("stop", "", "stopping")
	s.stopAPI()
	return nil
}

func newSupervisor(state State) (*supervisor, error) {
	s := &supervisor{state: state, owner: state.owner(), events: newJournal(os.Stderr)}
	if err := readJSON(state.config(), &s.config); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s.init = sibling(self, "ringspan-init")
	if s.kube, err = filepath.EvalSymlinks(sibling(self, "ringspan-kube")); err != nil {
		return nil, fmt.Errorf("the Kubernetes binary is missing beside this program: %w", err)
	}
	s.hostPorts, err = newHostPorts(os.NewFile(3, "host-ports"))
	return s, err
}

// cover makes the private mounts.
func cover() error {
	for _, dir := range covered {
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"); err != nil {
			return fmt.Errorf("private %s: %w", dir, err)
		}
	}
	return nil
}

// publish forwards connections from a listener of the host's network namespace
// to an address inside the lab.
func publish(listener net.Listener, into *netlab.Namespace, address string) {
	for {
		outside, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of descriptors: let some be closed
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go forward(outside, into, address)
	}
}
