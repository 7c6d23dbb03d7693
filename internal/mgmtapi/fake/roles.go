package fake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

type role struct {
	mgmtapi.Role
	in    map[string]bool          // datacenters whose replicas have the row as it was written last
	older map[string]*mgmtapi.Role // what the others' have
	full  map[string]int           // how many replicas of each surely have it
	hints map[string]bool          // datacenters that get it when they are back
	from  *Node                    // has the hints
}

// Roles implements mgmtapi.Node: it reads at LOCAL_ONE.
func (n *Node) Roles(ctx context.Context) ([]mgmtapi.Role, error) {
	c, leave, err := n.enter(ctx, "roles")
	if err != nil {
		return nil, err
	}
	defer leave()
	auth := c.keyspaces["system_auth"]
	if auth.topology() && auth.factors[n.datacenter] == 0 {
		return nil, fmt.Errorf("roles: %w: Cannot achieve consistency level LOCAL_ONE", mgmtapi.ErrFailed)
	}
	var all []mgmtapi.Role
	for _, name := range slices.Sorted(maps.Keys(c.roles)) {
		if r := c.roles[name]; r.in[n.datacenter] {
			all = append(all, mgmtapi.Role{Name: r.Name, Superuser: r.Superuser, Login: r.Login})
		}
	}
	return all, nil
}

// PutRole implements mgmtapi.Node: it writes at LOCAL_QUORUM.
func (n *Node) PutRole(ctx context.Context, r mgmtapi.Role) error {
	c, leave, err := n.enter(ctx, "put role")
	if err != nil {
		return err
	}
	defer leave()
	if r.Name == "" || r.Password == "" {
		return fmt.Errorf("put role: %w: username and password are needed", mgmtapi.ErrRefused)
	}
	n.ring.wrote(n, "put role %s", r.Name)
	auth := c.keyspaces["system_auth"]
	if err := n.localQuorum(auth); err != nil {
		return fmt.Errorf("put role: %w: %w", mgmtapi.ErrFailed, err)
	}
	entry := &role{Role: r, in: map[string]bool{}, older: map[string]*mgmtapi.Role{}, full: map[string]int{}, hints: map[string]bool{}, from: n}
	for _, m := range n.ring.members(n.group) {
		if auth.factor(m.datacenter) > 0 {
			entry.hints[m.datacenter], entry.older[m.datacenter] = true, c.roles[r.Name].at(m.datacenter)
		}
	}
	c.roles[r.Name] = entry
	n.ring.deliver(entry)
	return nil
}

// deliver brings a row to the replicas that can be reached.
func (r *Ring) deliver(entry *role) {
	for _, m := range r.members(entry.from.group) {
		if entry.hints[m.datacenter] && entry.from.sees(m) {
			entry.fill(m.datacenter, r.rings[m.group].keyspaces["system_auth"])
		}
	}
}

// fill puts the row on all replicas of a datacenter.
func (r *role) fill(datacenter string, auth *keyspace) {
	r.in[datacenter], r.full[datacenter] = true, auth.factor(datacenter)
}

// at is the role as a datacenter's replicas have it; nil where they don't.
func (r *role) at(datacenter string) *mgmtapi.Role {
	switch {
	case r == nil:
		return nil
	case r.in[datacenter]:
		return &r.Role
	}
	return r.older[datacenter]
}

// accepts tells whether clients of a datacenter can log in with a password.
func (r *role) accepts(datacenter, password string) bool {
	has := r.at(datacenter)
	return has != nil && has.Login && has.Password == password
}

// LoseHints takes the hints of all rows that are on their way: a cut took longer than Cassandra keeps them.
func (r *Ring) LoseHints() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.rings {
		for _, entry := range c.roles {
			for dc := range entry.hints {
				entry.hints[dc] = entry.in[dc]
			}
		}
	}
}

// RolesEverywhere implements mgmtapi.Node: it reads at EACH_QUORUM, which repairs replicas that have fallen behind.
func (n *Node) RolesEverywhere(ctx context.Context) ([]mgmtapi.Role, error) {
	c, leave, err := n.enter(ctx, "roles")
	if err != nil {
		return nil, err
	}
	for _, m := range n.ring.members(n.group) {
		if c.keyspaces["system_auth"].factor(m.datacenter) > 0 && n.quorumIn(m.datacenter, c.keyspaces["system_auth"]) != nil { // others aren't asked
			leave()
			return nil, fmt.Errorf("roles: %w: Cannot achieve consistency level EACH_QUORUM", mgmtapi.ErrFailed)
		}
	}
	for _, entry := range c.roles {
		for _, m := range n.ring.members(n.group) {
			if !entry.in[m.datacenter] && c.keyspaces["system_auth"].factor(m.datacenter) > 0 {
				entry.fill(m.datacenter, c.keyspaces["system_auth"])
			}
		}
	}
	leave()
	return n.Roles(ctx)
}

func (r *Ring) deliverHints() {
	for _, c := range r.rings {
		for _, entry := range c.roles {
			r.deliver(entry)
		}
	}
}

// localQuorum is quorumIn of the node's own datacenter.
func (n *Node) localQuorum(k *keyspace) error { return n.quorumIn(n.datacenter, k) }

// quorumIn fails when the node sees too few of a datacenter's nodes as up, all of them
// being taken for replicas. A factor that is higher than there are nodes asks for
// more than there can be.
func (n *Node) quorumIn(datacenter string, k *keyspace) error {
	members := n.ring.members(n.group)
	replicas := k.factor(datacenter)
	living := min(replicas, count(members, func(m *Node) bool { return m.datacenter == datacenter && n.sees(m) }))
	if replicas == 0 || living < replicas/2+1 {
		return errors.New("Cannot achieve consistency level LOCAL_QUORUM")
	}
	return nil
}

// VerifyRole implements mgmtapi.Node: it reads at LOCAL_QUORUM.
func (n *Node) VerifyRole(ctx context.Context, name, password string) (bool, error) {
	c, leave, err := n.enter(ctx, "verify role")
	if err != nil {
		return false, err
	}
	defer leave()
	if n.old {
		return false, fmt.Errorf("verify role: %w", mgmtapi.ErrNotFound)
	}
	if name == "" || password == "" {
		return false, fmt.Errorf("verify role: %w: username and password are needed", mgmtapi.ErrRefused)
	}
	if err := n.localQuorum(c.keyspaces["system_auth"]); err != nil {
		return false, fmt.Errorf("verify role: %w: %w", mgmtapi.ErrFailed, err)
	}
	return c.roles[name].accepts(n.datacenter, password), nil
}

// DropRole implements mgmtapi.Node.
func (n *Node) DropRole(ctx context.Context, name string) error {
	c, leave, err := n.enter(ctx, "drop role")
	if err != nil {
		return err
	}
	defer leave()
	n.ring.wrote(n, "drop role %s", name)
	delete(c.roles, name)
	return nil
}

// HasRole tells whether somebody made a role, in a ring that still has data.
func (r *Ring) HasRole(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for group, c := range r.rings {
		if c.roles[name] != nil && r.left(group) {
			return true
		}
	}
	return false
}

// left tells whether a ring has a node that hasn't lost its volume.
func (r *Ring) left(group int) bool {
	return slices.ContainsFunc(r.nodes, func(n *Node) bool { return n.group == group && !n.lost })
}

// Misses tells whether a role is there and its row will not come to a datacenter
// by itself: it was written before that one had replicas.
func (r *Ring) Misses(name, datacenter string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for group, c := range r.rings {
		if e := c.roles[name]; e != nil && r.left(group) && !e.in[datacenter] && !e.hints[datacenter] {
			return true
		}
	}
	return false
}

// LostHints tells whether a role's row was on its way to a datacenter and went with
// the volume of the node that had the hints: only a repair brings it.
func (r *Ring) LostHints(name, datacenter string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for group, c := range r.rings {
		if e := c.roles[name]; e != nil && r.left(group) && e.hints[datacenter] && !e.in[datacenter] && e.from.lost {
			return true
		}
	}
	return false
}

// Login says whether a client may log in at this node: its port is open, and
// it can read the role. An unknown role never can.
func (n *Node) Login(name, password string) bool {
	n.ring.mu.Lock()
	defer n.ring.mu.Unlock()
	if !n.native || n.ring.rings[n.group] == nil {
		return false
	}
	r := n.ring.rings[n.group].roles[name]
	return r.accepts(n.datacenter, password)
}

// Lacks tells whether a replica of the node's datacenter may not have a role.
func (n *Node) Lacks(name string) bool {
	n.ring.mu.Lock()
	defer n.ring.mu.Unlock()
	c := n.ring.rings[n.group]
	r := c.roles[name]
	return r == nil || r.full[n.datacenter] < c.keyspaces["system_auth"].factor(n.datacenter)
}

// LoginAtQuorum is a login as Cassandra does it: at LOCAL_QUORUM, whichever
// replicas answer. One that is new and not filled yet may be among them.
func (n *Node) LoginAtQuorum(name, password string) bool {
	if !n.Login(name, password) {
		return false
	}
	n.ring.mu.Lock()
	defer n.ring.mu.Unlock()
	c := n.ring.rings[n.group]
	factor := c.keyspaces["system_auth"].factor(n.datacenter)
	if !c.roles[name].in[n.datacenter] { // all replicas have the former row
		return n.localQuorum(c.keyspaces["system_auth"]) == nil
	}
	return n.localQuorum(c.keyspaces["system_auth"]) == nil && c.roles[name].full[n.datacenter]+factor/2+1 > factor
}
