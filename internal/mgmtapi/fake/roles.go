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
	in    map[string]bool // datacenters whose replicas have the row
	hints map[string]bool // datacenters that get it when they are back
	from  *Node           // has the hints
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
	entry := &role{Role: r, in: map[string]bool{}, hints: map[string]bool{}, from: n}
	for _, m := range n.ring.members(n.group) {
		if auth.factor(m.datacenter) > 0 {
			entry.hints[m.datacenter] = true
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
			entry.in[m.datacenter] = true
		}
	}
}

func (r *Ring) deliverHints() {
	for _, c := range r.rings {
		for _, entry := range c.roles {
			r.deliver(entry)
		}
	}
}

// localQuorum fails when too few of the datacenter's nodes are up, all of them
// being taken for replicas.
func (n *Node) localQuorum(k *keyspace) error {
	own := func(m *Node) bool { return m.datacenter == n.datacenter }
	members := n.ring.members(n.group)
	replicas := min(k.factor(n.datacenter), count(members, own))
	living := min(replicas, count(members, func(m *Node) bool { return own(m) && n.sees(m) }))
	if replicas == 0 || living < replicas/2+1 {
		return errors.New("Cannot achieve consistency level LOCAL_QUORUM")
	}
	return nil
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

// HasRole tells whether somebody made a role.
func (r *Ring) HasRole(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.rings {
		if c.roles[name] != nil {
			return true
		}
	}
	return false
}

// Misses tells whether a role is there and its row will not come to a datacenter
// by itself: it was written before that one had replicas.
func (r *Ring) Misses(name, datacenter string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.rings {
		if e := c.roles[name]; e != nil && !e.in[datacenter] && !e.hints[datacenter] {
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
	return r != nil && r.Role.Login && r.Password == password && r.in[n.datacenter]
}
