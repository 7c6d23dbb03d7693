package controller

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// stillRemoved fails unless the datacenter is still to leave its ring, as the API server says: it may have been put back since it was
// observed. "" rests on nothing.
func (r *Reconciler) stillRemoved(ctx context.Context, s *datacenter.State, mark string) error {
	if mark == "" {
		return nil
	}
	now := &api.CassandraDatacenter{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(s.DC), now); err != nil {
		return fmt.Errorf("whether annotation %s is still what it was: %w", api.RemovalAnnotation, err)
	}
	if now.UID != s.DC.UID || now.Annotations[api.RemovalAnnotation] != mark {
		return fmt.Errorf("annotation %s is no longer %q: it is looked at again", api.RemovalAnnotation, mark)
	}
	return nil
}

// localKeyspaces have no replicas, and some can't be asked about them.
var localKeyspaces = []string{"system", "system_schema", "system_views", "system_virtual_schema", "system_metrics"}

// mayLeave fails if a step lets a node leave its ring with force, and its datacenter can't go.
func mayLeave(ctx context.Context, n mgmtapi.Node, s *datacenter.State, step datacenter.Step) error {
	if !step.Force {
		return nil
	}
	return mayGo(ctx, n, s.DC.CassandraName(), s.Keyspaces)
}

// mayGo fails if a node's datacenter can't leave its ring as a whole. Without Cassandra's own check, which force leaves out, it is made
// at that moment and of all keyspaces that the node has, whatever is known of them: each has a copy elsewhere, and only those of the
// system's have replicas here. Whether those copies lack anything was judged by the users' keyspaces as they were seen: one that was
// altered since is looked at again.
func mayGo(ctx context.Context, n mgmtapi.Node, datacenterName string, seen map[string]map[string]string) error {
	view, err := n.Endpoints(ctx)
	if err != nil {
		return err
	}
	names, err := n.Keyspaces(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if slices.Contains(localKeyspaces, name) {
			continue
		}
		replication, err := n.Replication(ctx, name)
		if err != nil {
			return err
		}
		if datacenter.IsUsers(name) && !maps.Equal(replication, seen[name]) {
			return fmt.Errorf("keyspace %s has been altered since it was looked at: no node of datacenter %s leaves the ring before it is again", name, datacenterName)
		}
		if why := keeps(view, name, replication, datacenterName); why != "" {
			return fmt.Errorf("keyspace %s %s: no node of datacenter %s leaves the ring", name, why, datacenterName)
		}
	}
	return nil
}

// keeps is why a keyspace keeps a datacenter from leaving its ring.
func keeps(view []mgmtapi.Endpoint, keyspace string, replication map[string]string, datacenterName string) string {
	if class := replication["class"]; strings.HasSuffix(class, "LocalStrategy") || strings.HasSuffix(class, "MetaStrategy") {
		return ""
	}
	if !topology.ByDatacenter(replication) {
		return "isn't replicated by datacenter"
	}
	factors, _ := topology.MergeReplication(replication, nil)
	if factors[datacenterName] > 0 && !slices.Contains(topology.SystemKeyspaces, keyspace) {
		return "has replicas there"
	}
	elsewhere := func(e mgmtapi.Endpoint) bool {
		return e.HostID != "" && e.Datacenter != datacenterName && factors[e.Datacenter] > 0
	}
	if !slices.ContainsFunc(view, elsewhere) {
		return "has no replica in another datacenter with members"
	}
	return ""
}

// withdraw takes a datacenter out of a keyspace's replication. What the node sees at that moment counts: of a datacenter that has left,
// no member; of any, replicas elsewhere.
func withdraw(ctx context.Context, n mgmtapi.Node, step datacenter.Step) error {
	view, err := n.Endpoints(ctx)
	if err != nil {
		return err
	}
	member := func(dc string) bool {
		return slices.ContainsFunc(view, func(e mgmtapi.Endpoint) bool { return e.Datacenter == dc && e.HostID != "" })
	}
	if step.Left && member(step.Datacenter) {
		return fmt.Errorf("keyspace %s waits: the node that is to alter it still sees a member of datacenter %s", step.Target, step.Datacenter)
	}
	current, err := n.Replication(ctx, step.Target)
	if err != nil {
		return err
	}
	left, changed := topology.WithoutDatacenter(current, step.Datacenter)
	if !changed {
		return nil
	}
	if err := stillRepaired(view, current, step); err != nil {
		return err
	}
	if err := alterable(step.Target, current); err != nil {
		return err
	}
	for dc, factor := range left {
		if factor > 0 && member(dc) {
			return n.AlterKeyspace(ctx, step.Target, left)
		}
	}
	return fmt.Errorf("keyspace %s would have no replica: no other datacenter with members has one than %s", step.Target, step.Datacenter)
}

// alterable fails if a keyspace has transient replicas: an ALTER by the operator would lose what they are.
func alterable(keyspace string, current map[string]string) error {
	for option, value := range current {
		if _, err := strconv.Atoi(value); err != nil && option != "class" {
			return fmt.Errorf("keyspace %s: a replication of %s for %s isn't altered by the operator: do it yourself (ALTER KEYSPACE)", keyspace, value, option)
		}
	}
	return nil
}

// stillRepaired fails if a keyspace isn't as it was when it was repaired, or a member is down or changes: its copy may be about to go, and
// what is here would be the only one. Of a datacenter that has left nothing could be repaired.
func stillRepaired(view []mgmtapi.Endpoint, current map[string]string, step datacenter.Step) error {
	if step.Left {
		return nil
	}
	if factors, _ := topology.MergeReplication(current, nil); !maps.Equal(factors, step.Factors) {
		return fmt.Errorf("keyspace %s has been altered since it was repaired: it is repaired again", step.Target)
	}
	for _, e := range view {
		if e.HostID != "" && (!e.Alive || e.Status != mgmtapi.ModeNormal) {
			return fmt.Errorf("keyspace %s waits: node %s of datacenter %s is not up as a member", step.Target, e.Address, e.Datacenter)
		}
	}
	return nil
}
