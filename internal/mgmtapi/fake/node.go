package fake

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// Node is one pod: an agent, a volume and perhaps a JVM.
type Node struct {
	ring                      *Ring
	address, datacenter, rack string

	// of the agent and its JVM
	state   mgmtapi.State
	mode    string
	native  bool
	opened  bool // the port for clients was open since the start
	quiet   bool // doesn't gossip
	queries bool // it writes the log of all queries
	since   time.Time
	options mgmtapi.StartOptions
	seeds   []string
	pid     int

	// of the volume
	group  int // 0 until the first boot
	hostID string
	tokens []string
	file   mgmtapi.Identity // the agent's; without Found there is none
	jobs   []*job           // the agent's records

	nodeYAML string // of the last start
	boot     string // Cassandra's bootstrap state after it has left: needsBootstrap, decommissioned

	// of the ring's view
	leaving bool
	load    float64

	// faults
	unreachable, lagging bool
	old                  bool  // an agent of the first version
	held                 bool  // its start takes until it is released
	unproven             bool  // it dies at the end of its next start
	former               *Node // whose volume is lost
	lost                 bool  // the volume is gone
	refusal, ended       string
	failing              string   // what repairs end with
	failingLog           string   // what Cassandra says to the log of all queries
	failingJobs          string   // what jobs on sstables end with
	encrypted            bool     // between nodes
	asked                bool     // a decommission has yet to begin
	forced               bool     // it was asked for with force
	stalled              bool     // its streams don't end
	failingLeave         string   // what a decommission ends with
	keeps                []string // host ids that it keeps hints for
	unstreamed           string   // keyspaces of which it gave nobody anything when it left
	volume               mgmtapi.Volume
	hung                 time.Time // since when the JVM answers nobody; zero when it does
}

var _ mgmtapi.Node = (*Node)(nil)

// Address is the pod's.
func (n *Node) Address() string { return n.address }

// HostID is the node's name for life, empty before its first boot.
func (n *Node) HostID() string { return locked(n, func() string { return n.hostID }) }

// Options are those of the last start.
func (n *Node) Options() mgmtapi.StartOptions {
	return locked(n, func() mgmtapi.StartOptions { return n.options })
}

// NodeYAML is what the node's cassandra.yaml has of its own, since its last start.
func (n *Node) NodeYAML() string { return locked(n, func() string { return n.nodeYAML }) }

// Seeds are those that the JVM uses now.
func (n *Node) Seeds() []string { return locked(n, func() []string { return slices.Clone(n.seeds) }) }

// Terminated is the message that the last unasked end of the JVM left in the
// pod's status.
func (n *Node) Terminated() string { return locked(n, func() string { return n.ended }) }

func locked[T any](n *Node, f func() T) T {
	n.ring.mu.Lock()
	defer n.ring.mu.Unlock()
	return f()
}

// Status implements mgmtapi.Node.
func (n *Node) Status(ctx context.Context) (mgmtapi.Status, error) {
	n.ring.mu.Lock()
	defer n.ring.mu.Unlock()
	if err := n.answers(ctx, "status"); err != nil {
		return mgmtapi.Status{}, err
	}
	if n.ring.Auto {
		n.ring.advance()
	}
	state := n.state
	if state == mgmtapi.Running && (!mgmtapi.Serves(n.mode) || n.boot != "") {
		state = mgmtapi.Starting // as the agent calls a node that is drained, or has left
	}
	n.noteLeft()
	s := mgmtapi.Status{State: state, PID: n.pid, OperationMode: n.mode, NativeTransport: n.native, Since: n.since, Identity: n.identity()}
	if !n.hung.IsZero() {
		s.State, s.OperationMode, s.NativeTransport = mgmtapi.Starting, "", false // as the agent calls one that it knows nothing of
	}
	if !n.old {
		s.NodeYAML = new(mgmtapi.NodeYAMLHash(n.nodeYAML))
		if !n.hung.IsZero() {
			s.Unanswered = int(n.ring.Now().Sub(n.hung).Seconds())
			s.ClientPort = mgmtapi.PortUnknown
			return s, nil
		}
		s.Volume, s.FirstBoot = new(n.volume), n.pid != 0 && n.options.FirstBoot
		if state == mgmtapi.Running {
			s.Hints, s.FullQueryLog = append([]string{}, n.keeps...), new(n.queries)
		}
		s.ClientPort, s.GossipStopped = n.port(), n.quiet && state == mgmtapi.Running
	}
	return s, nil
}

// port is the story of the port for clients.
func (n *Node) port() mgmtapi.PortState {
	switch {
	case n.pid == 0:
		return mgmtapi.PortUnknown
	case n.native:
		return mgmtapi.PortOpen
	case n.opened:
		return mgmtapi.PortClosed
	case n.options.NativeTransport != nil && !*n.options.NativeTransport:
		return mgmtapi.PortHeld
	}
	return mgmtapi.PortOpening
}

// Start implements mgmtapi.Node. The JVM is up after the next Advance.
func (n *Node) Start(ctx context.Context, o mgmtapi.StartOptions) error {
	n.ring.mu.Lock()
	defer n.ring.mu.Unlock()
	if err := n.answers(ctx, "start"); err != nil {
		return err
	}
	if n.pid != 0 {
		return nil
	}
	if len(o.Seeds) == 0 {
		return fmt.Errorf("start: %w: no seed has an address", mgmtapi.ErrRefused)
	}
	if err := n.noteStart(o); err != nil {
		return err
	}
	n.ring.wrote(n, "start seeds=%s", strings.Join(o.Seeds, ","))
	if !o.KeepNodeYAML && !n.old {
		n.nodeYAML = o.NodeYAML
	}
	n.options, n.seeds, n.pid = o, slices.Clone(o.Seeds), 100
	n.become(mgmtapi.Starting, "STARTING")
	return nil
}

// Stop implements mgmtapi.Node.
func (n *Node) Stop(ctx context.Context) error {
	n.ring.mu.Lock()
	defer n.ring.mu.Unlock()
	if err := n.answers(ctx, "stop"); err != nil {
		return err
	}
	if n.pid == 0 {
		return nil
	}
	n.ring.wrote(n, "stop")
	n.down()
	return nil
}

// Drain implements mgmtapi.Node: the others see the node as down from then on.
func (n *Node) Drain(ctx context.Context) error {
	_, leave, err := n.enter(ctx, "drain")
	if err != nil {
		return err
	}
	defer leave()
	n.ring.wrote(n, "drain")
	n.native, n.asked = false, false
	n.failLeaving("the node was drained")
	n.become(mgmtapi.Running, "DRAINED")
	return nil
}

// SetNativeTransport implements mgmtapi.Node.
func (n *Node) SetNativeTransport(ctx context.Context, on bool) error {
	_, leave, err := n.enter(ctx, "native transport")
	if err != nil {
		return err
	}
	defer leave()
	n.ring.wrote(n, "native %t", on)
	n.native, n.opened = on, n.opened || on
	return nil
}

// SetFullQueryLog implements mgmtapi.Node.
func (n *Node) SetFullQueryLog(ctx context.Context, on bool) error {
	_, leave, err := n.enter(ctx, "full query log")
	if err != nil {
		return err
	}
	defer leave()
	if n.failingLog != "" {
		return fmt.Errorf("full query log: %w: %s", mgmtapi.ErrFailed, n.failingLog)
	}
	n.ring.wrote(n, "full query log %t", on)
	n.queries = on
	return nil
}

// ReloadSeeds implements mgmtapi.Node.
func (n *Node) ReloadSeeds(ctx context.Context, seeds []string) ([]string, error) {
	_, leave, err := n.enter(ctx, "seeds reload")
	if err != nil {
		return nil, err
	}
	defer leave()
	if len(seeds) > 0 {
		n.ring.wrote(n, "seeds %s", strings.Join(seeds, ","))
		n.seeds = slices.Clone(seeds)
	}
	// Cassandra leaves its own address out of the answer.
	return slices.DeleteFunc(slices.Clone(n.seeds), func(s string) bool { return s == n.address }), nil
}

func (n *Node) become(s mgmtapi.State, mode string) { n.state, n.mode, n.since = s, mode, n.ring.Now() }

// down is a node without a JVM.
func (n *Node) down() {
	n.pid, n.native, n.opened, n.quiet, n.asked, n.queries, n.hung = 0, false, false, false, false, false, time.Time{}
	n.become(mgmtapi.Stopped, "")
}

// up says whether the node gossips.
func (n *Node) up() bool {
	return n.pid != 0 && mgmtapi.Serves(n.mode) && n.group != 0 && !n.quiet && n.hung.IsZero()
}
