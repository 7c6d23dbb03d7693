package cloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringspan/ringspan/local/netlab"
)

// supervisor runs inside the lab's namespaces and owns all of its processes.
type supervisor struct {
	state   State
	config  Config
	kube    string // ringspan-kube
	init    string // ringspan-init
	events  *journal
	faults  *faults
	regions []*region
	doors   *doors

	api    *api      // of AWS; nil without one
	hosted *clusters // those of the AWS API; nil without it

	networks map[string]*netlab.Network
	built    chan struct{} // closed when the networks are there
}

// stopGrace bounds how long containers may take to end when the lab stops:
// enough for a database to flush.
const stopGrace = 20 * time.Second

// Supervise builds the lab and returns when it has been stopped in order. It
// must be started by Run: descriptors 3 and up are the regions' listeners,
// and the last one leads to the host.
func Supervise(state State) error {
	var c Config
	if err := readJSON(state.config(), &c); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s := &supervisor{
		state: state, config: c, kube: sibling(self, "ringspan-kube"), init: sibling(self, "ringspan-init"),
		events: newJournal(c.journal()), networks: map[string]*netlab.Network{}, built: make(chan struct{}),
	}
	if s.kube, err = filepath.EvalSymlinks(s.kube); err != nil {
		return fmt.Errorf("the Kubernetes binary is missing beside this program: %w", err)
	}
	s.faults = &faults{networks: s.networks, config: c, nodes: s.nodesOf}
	if err := s.describeRegions(); err != nil {
		return err
	}
	if s.doors, err = newDoors(os.NewFile(uintptr(3+len(s.regions)), "doorman")); err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	control, err := s.serveControl(cancel)
	if err != nil {
		return err
	}
	defer control.Close()
	if err := s.build(); err != nil {
		s.events.fail("network", "", err)
		return err
	}
	close(s.built)
	if err := s.startAPI(ctx, os.Stdout); err != nil {
		s.events.fail("aws", "", err)
		return err
	}
	s.startRegions(ctx)
	<-ctx.Done()
	s.stop()
	return nil
}

// build makes the private mounts and the networks.
func (s *supervisor) build() error {
	for _, dir := range covered {
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"); err != nil {
			return fmt.Errorf("private %s: %w", dir, err)
		}
	}
	for _, r := range s.config.Regions {
		n, err := netlab.NewNetwork(r.Name, r.CIDR)
		if err != nil {
			return err
		}
		s.networks[r.Name] = n
	}
	for _, l := range s.config.Links {
		if err := netlab.Link(s.networks[l.A], s.networks[l.B]); err != nil {
			return err
		}
	}
	s.events.say("network", "", "networks of %d regions, %d links", len(s.config.Regions), len(s.config.Links))
	return nil
}

// describeRegions runs before anybody can ask about the regions.
func (s *supervisor) describeRegions() error {
	ports := map[string]int{}
	if err := readJSON(s.state.ports(), &ports); err != nil {
		return err
	}
	for i, c := range s.config.Regions {
		s.regions = append(s.regions, newRegion(s, c, os.NewFile(uintptr(3+i), "listener"), fmt.Sprintf("https://127.0.0.1:%d", ports[c.Name])))
	}
	return nil
}

func (s *supervisor) startRegions(ctx context.Context) {
	var group sync.WaitGroup
	for _, r := range s.regions {
		group.Go(func() {
			if err := r.start(ctx); err != nil && ctx.Err() == nil {
				s.events.fail("region", r.config.Name, err)
			}
		})
	}
	go func() {
		group.Wait()
		if s.events.failure() == nil && ctx.Err() == nil && len(s.regions) > 0 {
			if err := s.writeKubeconfig(); err != nil {
				s.events.fail("kubeconfig", "", err)
				return
			}
		}
		if s.events.failure() == nil && ctx.Err() == nil {
			s.events.ready("all regions ready")
		}
	}()
}

// stop ends the containers first, so that databases can flush, then the
// kubelets and control planes, etcd last. The kernel ends what is left.
func (s *supervisor) stop() {
	s.events.say("stop", "", "stopping")
	var group sync.WaitGroup
	group.Go(s.stopAPI)
	for _, r := range s.regions {
		group.Go(r.stop)
	}
	group.Wait()
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

// nodesOf are a region's nodes as far as they run.
func (s *supervisor) nodesOf(region string) []*runningNode {
	for _, r := range s.regions {
		if r.config.Name == region {
			return r.runningNodes()
		}
	}
	return nil
}
