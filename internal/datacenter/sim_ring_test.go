package datacenter_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/ring"
	"github.com/ringspan/ringspan/internal/topology"
)

// ringPass is the ring's controller of a region: it judges what its datacenter owes, and has it rebuilt. What it knows of
// the other regions stays as it was when they can't be asked.
func (r *region) ringPass() {
	r.removalPass()
	if len(r.world.ring.Datacenters) < 2 && !r.world.ring.Joins {
		return
	}
	if r.seen == nil || !r.cutOff {
		r.seen = map[string]ring.Member{}
		for _, other := range r.regions {
			r.seen[other.dc.Name] = ring.MemberOf(other.dc)
		}
	}
	r.seen[r.dc.Name] = ring.MemberOf(r.dc)
	var members []ring.Member
	self := 0
	if !slices.ContainsFunc(r.world.ring.Datacenters, func(d topology.Datacenter) bool { return d.Name == r.dc.Name }) {
		return // it leaves
	}
	for i, d := range r.world.ring.Datacenters {
		members = append(members, r.seen[d.Name])
		if d.Name == r.dc.Name {
			self = i
		}
	}
	delete(r.dc.Annotations, api.StoppedAnnotation)
	if stopped := ring.Stopped(members, self); len(stopped) > 0 {
		r.annotate(api.StoppedAnnotation, strings.Join(stopped, ","))
	}
	delete(r.dc.Annotations, api.CopiedAnnotation)
	if copied := ring.Copied(members, self, r.now); len(copied) > 0 && !r.cutOff {
		r.annotate(api.CopiedAnnotation, strings.Join(copied, ","))
	}
	members = append(members, r.world.outside()...)
	debt := ring.Owed(members, self, "")
	switch {
	case debt.Founder != nil:
		r.annotate(api.FoundingAnnotation, debt.Founder.String())
	case debt.From != "" && !debt.Paid:
		r.annotate(api.RebuildFromAnnotation, debt.From)
		delete(r.dc.Annotations, api.SpreadAnnotation)
		if spread := ring.Spread(members, self); len(spread) > 0 && !(self == 0 && r.world.ring.Joins) && !r.dc.Status.IsTrue(api.DatacenterInitialized) {
			r.annotate(api.SpreadAnnotation, strings.Join(spread, ","))
		}
		if r.dc.Status.IsTrue(api.DatacenterInitialized) && debt.Trouble == "" && r.rebuild(debt.From) {
			r.annotate(api.RebuiltFromAnnotation, debt.From)
		}
	}
}

func (r *region) annotate(name, value string) {
	if r.dc.Annotations == nil {
		r.dc.Annotations = map[string]string{}
	}
	r.dc.Annotations[name] = value
}

// rebuild goes on with the rebuild of all nodes, as a task does, and tells whether it is over.
func (r *region) rebuild(source string) (done bool) {
	ctx := context.Background()
	done = len(r.pods) > 0
	for _, name := range slices.Sorted(maps.Keys(r.pods)) {
		node := r.nodes[name]
		if node == nil {
			return false
		}
		if status, err := node.Status(ctx); err != nil || status.State != mgmtapi.Running {
			done = false
			continue
		}
		job, err := node.Job(ctx, r.jobs[name])
		switch {
		case err == nil && job.Status == mgmtapi.JobCompleted:
			continue
		case err != nil || job.Status == mgmtapi.JobError:
			r.jobs[name], _ = node.Rebuild(ctx, source)
		}
		done = false
	}
	return done
}

// clientsWrote is what a client did that logged in once the ring served: made a role.
const clientsWrote = "app"

// write lets a client make a role, if one can log in.
func (r *region) write() {
	for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
		if n := r.nodes[name]; n.Login("admin", "secret") && !r.cassie.HasRole(clientsWrote) {
			_ = n.PutRole(context.Background(), mgmtapi.Role{Name: clientsWrote, Password: "p", Login: true})
		}
	}
}

// record is the step of that name.
func (r *region) record(step datacenter.Step) error {
	if step.Readable != "" {
		s := r.observe()
		if err := r.onRunning(s, func(n mgmtapi.Node) error {
			roles, err := n.RolesEverywhere(context.Background())
			if err == nil && !slices.ContainsFunc(roles, func(one mgmtapi.Role) bool { return one.Name == step.Readable }) {
				err = errors.New("not everywhere")
			}
			return err
		}); err != nil {
			return err
		}
	}
	if step.HostID != "" {
		if err := r.askAll(step.HostID, false); err != nil {
			return err
		}
	}
	r.annotate(step.Target, step.Stamp)
	return nil
}

// askAll asks each other node that runs whether it knows a host id as a member.
func (r *region) askAll(hostID string, want bool) error {
	for _, n := range r.nodes {
		view, err := n.Endpoints(context.Background())
		knows := slices.ContainsFunc(view, func(e mgmtapi.Endpoint) bool { return e.HostID == hostID })
		if err == nil && n.HostID() != hostID && knows != want {
			return fmt.Errorf("whether host id %s is a member: %t", hostID, knows)
		}
	}
	return nil
}

// readLeaver reads what there is of the pod whose node leaves.
func (r *region) readLeaver(s *datacenter.State) {
	pod := s.LeaverPod()
	if pod == "" {
		return
	}
	if r.nodes[pod] != nil && r.dc.Spec.StorageConfig.CassandraDataVolumeClaimSpec != nil {
		s.LeaverClaims = []datacenter.Volume{{Name: datacenter.Claim(pod), UID: fmt.Sprintf("%s-volume-%d", pod, r.claims[pod]), Deleting: r.leaving[pod]}}
	}
	if i := slices.IndexFunc(s.Pods, func(p datacenter.Pod) bool { return p.Name == pod }); i >= 0 && s.Pods[i].Status.OperationMode == mgmtapi.ModeLeaving {
		s.Streams, _ = r.cassie.Dial(s.Pods[i].IP).Streams(context.Background())
	}
}

// deleteClaims takes the volume of a node that has left.
func (r *region) deleteClaims(pod string, claims []datacenter.Volume) {
	n := r.nodes[pod]
	for _, v := range claims {
		if v.UID != fmt.Sprintf("%s-volume-%d", pod, r.claims[pod]) {
			r.world.broken = append(r.world.broken, "claim "+v.UID+" is meant, and "+pod+" has another one")
		}
	}
	leaves := r.wasTakenOut || r.dc.DeletionTimestamp != nil // maybe it was put back when its node was on its way out
	if n.Unstreamed() != "" && !(leaves && onlySystem(n.Unstreamed())) {
		r.world.broken = append(r.world.broken, "the volume of "+pod+" goes, which gave nobody its data of "+n.Unstreamed())
	}
	if n.Member() || r.pods[pod] != nil {
		r.world.broken = append(r.world.broken, "the volume of "+pod+" goes, and it has not left the ring")
	}
	delete(r.nodes, pod)
	delete(r.storage, datacenter.Claim(pod))
	r.claims[pod]++
}

// resize is an edit of the ring's spec.
func (r *region) resize(size int) {
	r.dc.Spec.Size = int32(size)
	for i, d := range r.world.ring.Datacenters {
		if d.Name == r.dc.Name {
			r.world.ring.Datacenters[i].Size = size
		}
	}
}

// blind names a node that lets clients in although a row that they wrote will never come to its datacenter by itself.
func (r *region) blind() string {
	if !r.cassie.Misses(clientsWrote, r.dc.Name) {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
		if status, err := r.nodes[name].Status(context.Background()); err == nil && status.NativeTransport {
			return fmt.Sprintf("clients are let in at %s, which lacks what was written before it came", name)
		}
	}
	return ""
}

// onlySystem tells whether all of these keyspaces are the system's.
func onlySystem(names string) bool {
	return !slices.ContainsFunc(strings.Split(names, ", "), datacenter.IsUsers)
}
