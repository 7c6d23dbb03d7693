package fake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

type keyspace struct {
	class     string          // without its package
	factors   map[string]int  // by datacenter; one entry "replication_factor" for SimpleStrategy
	transient map[string]int  // of factors
	holds     map[string]bool // datacenters whose replicas have the data
	tables    []string
}

// newCluster has the keyspaces that Cassandra makes by itself.
func newCluster() *cluster {
	simple := func(rf int) *keyspace {
		return &keyspace{class: "SimpleStrategy", factors: map[string]int{"replication_factor": rf}, holds: map[string]bool{}}
	}
	local, traces := &keyspace{class: "LocalStrategy"}, simple(2)
	traces.tables = []string{"events", "sessions"}
	return &cluster{schema: 1, roles: map[string]*role{}, keyspaces: map[string]*keyspace{
		"system": local, "system_schema": local, "system_auth": simple(1), "system_distributed": simple(3), "system_traces": traces,
	}}
}

func (k *keyspace) topology() bool { return k.class == "NetworkTopologyStrategy" }

func (k *keyspace) factor(datacenter string) int {
	if k.topology() {
		return k.factors[datacenter]
	}
	return k.factors["replication_factor"]
}

func (c *cluster) firstUserKeyspace() string {
	for _, name := range slices.Sorted(maps.Keys(c.keyspaces)) {
		if name != "system" && !strings.HasPrefix(name, "system_") {
			return name
		}
	}
	return "system_auth"
}

// Keyspaces implements mgmtapi.Node.
func (n *Node) Keyspaces(ctx context.Context) ([]string, error) {
	c, leave, err := n.enter(ctx, "keyspaces")
	if err != nil {
		return nil, err
	}
	defer leave()
	return slices.Sorted(maps.Keys(c.keyspaces)), nil
}

// Replication implements mgmtapi.Node.
func (n *Node) Replication(ctx context.Context, name string) (map[string]string, error) {
	c, leave, err := n.enter(ctx, "replication")
	if err != nil {
		return nil, err
	}
	defer leave()
	k := c.keyspaces[name]
	if k == nil {
		return nil, fmt.Errorf("replication: %w: keyspace %q does not exist", mgmtapi.ErrNotFound, name)
	}
	out := map[string]string{"class": "org.apache.cassandra.locator." + k.class}
	for dc, factor := range k.factors {
		out[dc] = strconv.Itoa(factor)
		if transient := k.transient[dc]; transient > 0 {
			out[dc] += "/" + strconv.Itoa(transient)
		}
	}
	return out, nil
}

// CreateKeyspace implements mgmtapi.Node.
func (n *Node) CreateKeyspace(ctx context.Context, name string, replication map[string]int) error {
	return n.putKeyspace(ctx, "create", name, replication)
}

// CreateSpread makes a keyspace with SimpleStrategy. Its data is in the node's datacenter.
func (n *Node) CreateSpread(name string, replicas int) {
	n.ring.mu.Lock()
	defer n.ring.mu.Unlock()
	c := n.ring.rings[n.group]
	c.keyspaces[name] = &keyspace{class: "SimpleStrategy", factors: map[string]int{"replication_factor": replicas}, holds: map[string]bool{n.datacenter: true}}
	c.schema++
}

// SetTransient makes some of a keyspace's replicas transient, so many in each datacenter.
func (n *Node) SetTransient(keyspace string, replicas map[string]int) {
	n.ring.mu.Lock()
	defer n.ring.mu.Unlock()
	n.ring.rings[n.group].keyspaces[keyspace].transient = replicas
}

// AlterKeyspace implements mgmtapi.Node.
func (n *Node) AlterKeyspace(ctx context.Context, name string, replication map[string]int) error {
	return n.putKeyspace(ctx, "alter", name, replication)
}

func (n *Node) putKeyspace(ctx context.Context, verb, name string, replication map[string]int) error {
	c, leave, err := n.enter(ctx, verb+" keyspace")
	if err != nil {
		return err
	}
	defer leave()
	if name == "" || len(replication) == 0 {
		return fmt.Errorf("%s keyspace: %w: keyspace_name and replication_settings are needed", verb, mgmtapi.ErrRefused)
	}
	n.ring.wrote(n, "%s keyspace %s %v", verb, name, replication)
	if err := n.validDatacenters(name, replication); err != nil {
		return fmt.Errorf("%s keyspace: %w: %w", verb, mgmtapi.ErrFailed, err)
	}
	k := c.keyspaces[name]
	switch {
	case k == nil && verb == "alter":
		return fmt.Errorf("alter keyspace: %w: keyspace %q doesn't exist", mgmtapi.ErrFailed, name)
	case k != nil && verb == "create":
		return nil
	case k == nil:
		k = &keyspace{holds: map[string]bool{}}
		for dc := range replication {
			k.holds[dc] = true // empty, so complete
		}
		c.keyspaces[name] = k
	}
	k.class, k.factors, k.transient = "NetworkTopologyStrategy", maps.Clone(replication), nil
	c.schema++
	return nil
}

// validDatacenters is Cassandra's own check since 4.0.
func (n *Node) validDatacenters(name string, replication map[string]int) error {
	for _, dc := range slices.Sorted(maps.Keys(replication)) {
		if count(n.ring.members(n.group), func(m *Node) bool { return m.datacenter == dc }) == 0 {
			return fmt.Errorf("Unrecognized strategy option {%s} passed to NetworkTopologyStrategy for keyspace %s", dc, name)
		}
	}
	return n.withdrawsRoles(name, replication)
}

// withdrawsRoles is Cassandra's own check since 4.1: roles stay replicated to each datacenter that has nodes.
func (n *Node) withdrawsRoles(name string, replication map[string]int) error {
	k := n.ring.rings[n.group].keyspaces[name]
	if name != "system_auth" || k == nil || !k.topology() {
		return nil
	}
	for _, dc := range slices.Sorted(maps.Keys(k.factors)) {
		if replication[dc] == 0 && count(n.ring.members(n.group), func(m *Node) bool { return m.datacenter == dc }) > 0 {
			return fmt.Errorf("Following datacenters have active nodes and must be present in replication options for keyspace %s: [%s]", name, dc)
		}
	}
	return nil
}
