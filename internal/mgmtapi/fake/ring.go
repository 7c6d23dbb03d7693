package fake

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// Ring is the world: all pods that may hold a node, and what connects them.
type Ring struct {
	Auto bool             // Status lets everything finish that is under way
	Now  func() time.Time // the clock of Status.Since and of jobs

	mu     sync.Mutex
	name   string
	nodes  []*Node
	rings  map[int]*cluster // nodes that know each other, by number
	last   int              // number of the newest
	cuts   map[[2]string]bool
	serial int // of host ids and jobs
	writes []string
	robbed []string // host ids

	returned []string // host ids of nodes that have left and came back from their old volumes
}

// cluster is what nodes that gossip with each other share.
type cluster struct {
	schema    int // version
	keyspaces map[string]*keyspace
	roles     map[string]*role
}

// NewRing makes an empty world whose nodes call their cluster name.
func NewRing(name string) *Ring {
	return &Ring{name: name, Now: time.Now, rings: map[int]*cluster{}, cuts: map[[2]string]bool{}}
}

// Add brings a pod with an empty volume; its JVM is stopped.
func (r *Ring) Add(address, datacenter, rack string) *Node {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := &Node{ring: r, address: address, datacenter: datacenter, rack: rack, state: mgmtapi.Stopped, since: r.Now(), load: 100_000, volume: mgmtapi.Volume{Capacity: 10_000_000, Free: 9_000_000}}
	r.nodes = append(r.nodes, n)
	return n
}

// Node returns the pod with the address, or nil.
func (r *Ring) Node(address string) *Node {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.find(address)
}

func (r *Ring) find(address string) *Node {
	i := slices.IndexFunc(r.nodes, func(n *Node) bool { return n.address == address })
	if i < 0 {
		return nil
	}
	return r.nodes[i]
}

// Dial is what a controller calls to reach a pod. Where no pod is, every call
// is unavailable.
func (r *Ring) Dial(address string) mgmtapi.Node {
	if n := r.Node(address); n != nil {
		return n
	}
	return &Node{ring: r, address: address, unreachable: true}
}

// Rings counts the groups of started nodes that know of each other: more than
// one is the accident that seeds are there to prevent.
func (r *Ring) Rings() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	alive := map[int]bool{}
	for _, n := range r.nodes {
		if n.group != 0 && !n.lost { // one whose volume is gone is a ghost in its ring, and no ring alone
			alive[n.group] = true
		}
	}
	return len(alive)
}

// Robbed are the host ids of dead members whose tokens another node took without
// having been told to replace them.
func (r *Ring) Robbed() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.robbed)
}

// Returned are the host ids of nodes that left and joined again from the volumes that they left with.
func (r *Ring) Returned() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.returned)
}

// Writes lists what was asked for that changes anything, oldest first, as
// "address call …". Two equal lists mean that nothing was done in between.
func (r *Ring) Writes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.writes)
}

func (r *Ring) wrote(n *Node, format string, args ...any) {
	r.writes = append(r.writes, n.address+" "+fmt.Sprintf(format, args...))
}

// Advance lets every start and every job that is under way finish, together.
func (r *Ring) Advance() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.advance()
}

func (r *Ring) advance() {
	r.boot()
	r.leave()
	r.deliverHints()
	for _, n := range r.nodes {
		n.finishJobs()
	}
}

// connected says whether two nodes reach each other's port 7000.
func (r *Ring) connected(a, b *Node) bool { return !r.cuts[pair(a.datacenter, b.datacenter)] }

func pair(a, b string) [2]string { return [2]string{min(a, b), max(a, b)} }

// members are the nodes of n's group in the order of their addresses.
func (r *Ring) members(group int) (all []*Node) {
	for _, n := range r.nodes {
		if group != 0 && n.group == group {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b *Node) int { return compare(a.address, b.address) })
	return all
}

// enter locks the world for one call to a running JVM.
func (n *Node) enter(ctx context.Context, call string) (*cluster, func(), error) {
	n.ring.mu.Lock()
	leave := n.ring.mu.Unlock
	if err := n.answers(ctx, call); err != nil {
		leave()
		return nil, nil, err
	}
	if n.state != mgmtapi.Running || n.group == 0 || !n.hung.IsZero() { // one that has left has shut down all but its JVM
		leave()
		return nil, nil, fmt.Errorf("%s: %w: the JVM does not answer", call, mgmtapi.ErrUnavailable)
	}
	return n.ring.rings[n.group], leave, nil
}

// answers fails when the agent can't be reached.
func (n *Node) answers(ctx context.Context, call string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w: %w", call, mgmtapi.ErrUnavailable, err)
	}
	if n.unreachable {
		return fmt.Errorf("%s: %w: %s does not answer", call, mgmtapi.ErrUnavailable, n.address)
	}
	return nil
}
