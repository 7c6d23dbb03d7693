package fake

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

func compare(a, b string) int { return cmp.Compare(a, b) }

// Endpoints implements mgmtapi.Node.
func (n *Node) Endpoints(ctx context.Context) ([]mgmtapi.Endpoint, error) {
	_, leave, err := n.enter(ctx, "endpoints")
	if err != nil {
		return nil, err
	}
	defer leave()
	var all []mgmtapi.Endpoint
	for _, m := range n.ring.members(n.group) {
		all = append(all, mgmtapi.Endpoint{
			Address: m.address, HostID: m.hostID, Datacenter: m.datacenter, Rack: m.rack, Alive: n.sees(m), Local: m == n,
			Status: m.status(), Load: m.load, Schema: m.schemaVersion(), Tokens: slices.Clone(m.tokens), ReleaseVersion: "5.0.9", ClusterName: n.ring.name,
		})
	}
	return all, nil
}

// status is what gossip says of a member.
func (n *Node) status() string {
	if n.leaving {
		return mgmtapi.ModeLeaving
	}
	return mgmtapi.ModeNormal
}

// sees is gossip's view of another member.
func (n *Node) sees(m *Node) bool { return m.up() && (m == n || n.up() && n.ring.connected(n, m)) }

// SchemaVersions implements mgmtapi.Node.
func (n *Node) SchemaVersions(ctx context.Context) (map[string][]string, error) {
	_, leave, err := n.enter(ctx, "schema versions")
	if err != nil {
		return nil, err
	}
	defer leave()
	all := map[string][]string{}
	for _, m := range n.ring.members(n.group) {
		version := "UNREACHABLE"
		if n.sees(m) {
			version = m.schemaVersion()
		}
		all[version] = append(all[version], m.address)
	}
	return all, nil
}

func (n *Node) schemaVersion() string {
	if n.lagging {
		return "00000000-0000-1000-8000-00000000dead"
	}
	version := 0
	if c := n.ring.rings[n.group]; c != nil {
		version = c.schema
	}
	return fmt.Sprintf("00000000-0000-1000-8000-%012d", version)
}

// Ownership implements mgmtapi.Node. Tokens are taken to be spread evenly.
func (n *Node) Ownership(ctx context.Context, name string) (mgmtapi.Ownership, error) {
	c, leave, err := n.enter(ctx, "ownership")
	if err != nil {
		return mgmtapi.Ownership{}, err
	}
	defer leave()
	if name == "" {
		name = c.firstUserKeyspace()
	}
	k := c.keyspaces[name]
	if k == nil {
		return mgmtapi.Ownership{}, fmt.Errorf("ownership: %w: the keyspace: %s, does not exist", mgmtapi.ErrFailed, name)
	}
	members := n.ring.members(n.group)
	o := mgmtapi.Ownership{Keyspace: name, Ownership: map[string]float64{}}
	for _, m := range members {
		peers := len(members)
		if k.topology() {
			peers = count(members, func(o *Node) bool { return o.datacenter == m.datacenter })
		}
		o.Ownership[m.address] = min(1, float64(k.factor(m.datacenter))/float64(peers))
	}
	return o, nil
}

func count(nodes []*Node, f func(*Node) bool) (n int) {
	for _, m := range nodes {
		if f(m) {
			n++
		}
	}
	return n
}
