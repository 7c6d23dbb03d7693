package datacenter_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cockroachdb/datadriven"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
	"github.com/ringspan/ringspan/internal/ring"
	"github.com/ringspan/ringspan/internal/topology"
)

// withdraw is the step of that name. What must never be is noted: a keyspace without a replica that has its data.
func (r *region) withdraw(s *datacenter.State, step datacenter.Step) error {
	return r.onRunning(s, func(n mgmtapi.Node) error {
		current, err := n.Replication(context.Background(), step.Target)
		if err != nil {
			return err
		}
		left, changed := topology.WithoutDatacenter(current, step.Datacenter)
		if !changed {
			return nil
		}
		held := false
		for dc, value := range current {
			if strings.Contains(value, "/") {
				return fmt.Errorf("keyspace %s: a replication of %s for %s isn't altered by the operator", step.Target, value, dc)
			}
		}
		for dc := range left {
			held = held || r.cassie.Holds(step.Target, dc)
		}
		if !held && r.cassie.Holds(step.Target, step.Datacenter) {
			r.world.broken = append(r.world.broken, "keyspace "+step.Target+" loses its last replica")
		}
		return n.AlterKeyspace(context.Background(), step.Target, left)
	})
}

// removalPass is what the ring's controllers say of datacenters that leave: what the others see of them, and which have left.
func (r *region) removalPass() {
	if r.cutOff {
		return
	}
	var left []string
	for _, other := range r.regions {
		if removes, held := other.dc.Removal(); (removes || held) && other.dc.HasLeft() {
			left = append(left, other.dc.Name)
		}
	}
	if r.dc.Name == r.world.ring.Founder && len(left) > 0 {
		r.annotate(api.RemovedDatacentersAnnotation, strings.Join(left, ","))
	} else {
		delete(r.dc.Annotations, api.RemovedDatacentersAnnotation)
	}
	if removes, held := r.dc.Removal(); !removes && !held {
		return
	}
	delete(r.dc.Annotations, api.ForgottenAnnotation)
	var by []string
	var others []*api.CassandraDatacenter
	var leavers []string
	for _, other := range r.regions {
		removes, held := other.dc.Removal()
		switch {
		case other == r:
		case removes || held:
			leavers = append(leavers, other.dc.Name)
		default:
			others = append(others, other.dc)
		}
	}
	r.annotate(api.ReplicasSeenAnnotation, ring.ReplicasSeen(others, leavers))
	for _, other := range r.regions {
		if removes, held := other.dc.Removal(); other == r || removes || held {
			continue
		}
		if t := other.dc.Status.Together; t == nil || t.With[r.dc.Name] != "" {
			return
		}
		by = append(by, other.dc.Name)
	}
	r.annotate(api.ForgottenAnnotation, strings.Join(by, ","))
}

// removes is a datacenter that its ring's spec doesn't name any more, or names again.
func (w *world) removes(d *datadriven.TestData, r *region) {
	switch d.Cmd {
	case "remove":
		w.takeOut(r, api.RemovalLeave)
	case "hold-removal":
		w.takeOut(r, api.RemovalHold)
	case "put-back":
		w.putBack(r)
	case "of-ring": // of a K8ssandraCluster
		metav1.SetMetaDataLabel(&r.dc.ObjectMeta, k8ssandra.ClusterNameLabel, "ring")
	}
}

// takeOut takes a datacenter out of the ring.
func (w *world) takeOut(r *region, word string) {
	r.wasTakenOut = true
	r.annotate(api.RemovalAnnotation, word+" 2/west")
	w.ring.Datacenters = slices.DeleteFunc(slices.Clone(w.ring.Datacenters), func(one topology.Datacenter) bool { return one.Name == r.dc.Name })
	w.ring.Founder = w.ring.Datacenters[0].Name
}

// putBack names a datacenter in the ring again. Without a member that stays it goes to the end all the same.
func (w *world) putBack(r *region) {
	if !r.dc.IsEmptying() {
		delete(r.dc.Annotations, api.RemovalAnnotation)
		delete(r.dc.Annotations, api.ForgottenAnnotation)
	}
	w.ring.Datacenters = append(slices.Clone(w.ring.Datacenters), topology.Datacenter{Name: r.dc.Name, Region: "region-" + r.dc.Name, Size: int(r.dc.Spec.Size), Racks: r.dc.RackNames(), NumTokens: 4})
}

// context is of calls that nobody cancels.
func (w *world) context() context.Context { return context.Background() }

// anyNode is a node that is a member.
func anyNode(r *region) *fake.Node {
	for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
		if r.nodes[name].Member() {
			return r.nodes[name]
		}
	}
	return nil
}
