package datacenter

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/hash"
	"github.com/ringspan/ringspan/internal/topology"
)

// planRacks makes the racks' StatefulSets. A changed template reaches one rack
// after another, the next when the one before is ready again; before the first
// boot is over, or without pods, all at once. A change that comes from another
// version of this program, and not from the spec, waits to be allowed.
func (s *State) planRacks(p *Plan) {
	p.Volumes, p.mounts = s.volumesRefused()
	for _, rack := range s.racksInOrder() {
		want, err := s.StatefulSet(rack, s.target(rack.Name))
		if err != nil {
			p.Invalid = err.Error()
			return
		}
		s.sign(want)
		have := s.StatefulSets[rack.Name]
		if have == nil {
			s.makeSet(p, rack.Name, want)
			continue
		}
		if !have.DeletionTimestamp.IsZero() {
			p.Wait("%s to be gone, which is made anew then", setKey(have))
			p.unsettle(rack.Name)
			continue
		}
		keepFixed(want, have)
		restart := s.restarts(rack.Name, have)
		p.Restarting = p.Restarting || s.restartDue(rack.Name, have)
		changes := have.Annotations[templateHashAnnotation] != want.Annotations[templateHashAnnotation]
		wished := s.wished(have)
		if refused := s.configRefused(rack.Name, want); changes && refused != "" {
			p.Refused = refused
			keepTemplate(want, have)
			changes, wished = false, false
		}
		held := s.inService() && p.unsettled != "" && !s.allFail() && !slices.Contains(s.DC.Spec.ForceUpgradeRacks, rack.Name)
		switch {
		case changes && p.mounts:
			keepTemplate(want, have)
		case held && (restart && !s.forcesRestart(rack.Name) || changes && (wished || s.updateAllowed())):
			p.Updating = p.Updating || changes
			p.held = append(p.held, rack.Name)
			keepTemplate(want, have)
			restart = false
		case !changes:
			want.Spec.Template = *have.Spec.Template.DeepCopy() // as it is there: the API server has filled in its defaults
		case !wished && !s.updateAllowed():
			p.NeedsUpdate = true
			keepTemplate(want, have)
			want.Annotations[specHashAnnotation] = s.specHash() // volumes may be asked for that are larger
		default:
			p.Updating = true
			s.markRestart(want, RestartedAt(&have.Spec.Template))
		}
		if restart {
			s.markRestart(want, s.restartMark(rack.Name))
		}
		s.applySet(p, want, have)
		if s.pending(want, have) || !s.settled(rack.Name) {
			p.unsettle(rack.Name)
		}
	}
}

// allFail tells whether every pod's node either fails with what it was given or has lost
// its data. Then there is nothing to be careful with: a rack may wait for a node of the
// next one to become whole, and that one for a template that would start it. A node that
// starts, or could be started, counts as one that will serve.
func (s *State) allFail() bool {
	return len(s.Pods) > 0 && !slices.ContainsFunc(s.Pods, func(p Pod) bool {
		return p.running() || p.Deleting || p.broken() == "" && !s.dataLost(&p)
	})
}

// inService tells whether the datacenter has booted and is not stopped: its nodes may serve clients.
func (s *State) inService() bool { return s.initialized() && !s.DC.Spec.Stopped }

func (s *State) updateAllowed() bool {
	if s.Management.Foreign != "" {
		return false // its pods would get certificates of another owner
	}
	v := s.DC.Annotations[api.UpdateAllowedAnnotation]
	return v == api.UpdateAllowedOnce || v == api.UpdateAllowedAlways
}

// keepTemplate leaves the pods of a set as they are.
func keepTemplate(want, have *appsv1.StatefulSet) {
	want.Spec.Template = *have.Spec.Template.DeepCopy()
	for _, name := range []string{specHashAnnotation, templateHashAnnotation} {
		want.Annotations[name] = have.Annotations[name]
	}
}

// applySet plans to write a set that differs from the one that was written last.
func (s *State) applySet(p *Plan, want, have *appsv1.StatefulSet) {
	if !s.pending(want, have) {
		return
	}
	why := "its metadata changes"
	switch {
	case want.Annotations[templateHashAnnotation] != have.Annotations[templateHashAnnotation]:
		why = "its pods change"
	case !RestartedAt(&want.Spec.Template).Equal(RestartedAt(&have.Spec.Template)):
		why = "a restart was asked for"
	case *want.Spec.Replicas != *have.Spec.Replicas:
		why = fmt.Sprintf("%d nodes instead of %d", *want.Spec.Replicas, *have.Spec.Replicas)
	}
	p.add(Apply, key(want), why, Step{Object: want})
}

func (s *State) pending(want, have *appsv1.StatefulSet) bool {
	for _, name := range []string{specHashAnnotation, templateHashAnnotation, api.ResourceHashAnnotation} {
		if want.Annotations[name] != have.Annotations[name] {
			return true
		}
	}
	return *want.Spec.Replicas != *have.Spec.Replicas || !RestartedAt(&want.Spec.Template).Equal(RestartedAt(&have.Spec.Template))
}

// settled tells whether all pods of a rack are there, made from its newest
// template, and serve.
func (s *State) settled(rack string) bool {
	set := s.StatefulSets[rack]
	if set == nil || set.Status.ObservedGeneration < set.Generation {
		return false
	}
	for ordinal := range s.target(rack) {
		pod := s.pod(topology.Position{Rack: rack, Ordinal: ordinal})
		if pod == nil || !s.serves(pod) || pod.Deleting || s.stale(pod) {
			return false
		}
	}
	return true
}

// stale tells whether a pod was made from an old template.
func (s *State) stale(pod *Pod) bool {
	set := s.StatefulSets[pod.Position.Rack]
	return set != nil && set.Status.ObservedGeneration >= set.Generation && set.Status.UpdateRevision != "" && pod.Revision != set.Status.UpdateRevision
}

// planRoll recreates pods of an old template. A StatefulSet's own rolling update sees neither
// the other racks nor the ring, so the strategy is OnDelete, and pods are deleted here, one
// at a time, when all others serve. A pod that doesn't serve is deleted at once: the change
// may repair it.
func (s *State) planRoll(p *Plan) {
	busy := "" // the rack of a node that is restarted, or that is next
	for _, rack := range s.racksInOrder() {
		fast := s.fastRestart(rack.Name)
		forced := slices.Contains(s.DC.Spec.ForceUpgradeRacks, rack.Name)
		for ordinal := s.target(rack.Name) - 1; ordinal >= 0; ordinal-- {
			pod := s.pod(topology.Position{Rack: rack.Name, Ordinal: ordinal})
			if pod == nil || pod.Deleting || !s.stale(pod) {
				continue
			}
			p.Restarting = p.Restarting || s.DC.Status.IsTrue(api.DatacenterRollingRestart)
			p.Updating = p.Updating || !p.Restarting
			if pod.ClaimDeleting {
				p.Wait("claim %s, which would go with the pod, to be kept or gone before node %s is restarted", Claim(pod.Name), pod.Name)
				busy = rack.Name
				continue
			}
			if why := s.lost(pod); why != "" {
				p.add(DeletePod, pod.Name, why, Step{Pod: pod})
				continue
			}
			if busy != "" && !forced && !(fast && busy == rack.Name) {
				continue
			}
			if blocker := s.rollBlocker(pod); blocker != "" && !forced {
				p.Wait("%s before node %s is restarted", blocker, pod.Name)
				busy = rack.Name
				continue
			}
			why := "it has an old configuration"
			if p.Restarting {
				why = "a restart was asked for"
			}
			p.add(Restart, pod.Name, why, Step{Pod: pod})
			busy = rack.Name
		}
	}
}

// lost says why a stale pod can go without asking anybody.
func (s *State) lost(pod *Pod) string {
	switch {
	case !s.initialized():
		return "the configuration changed during the first boot"
	case pod.broken() != "":
		return "it fails with a configuration that has been replaced"
	case !s.serves(pod) && s.isMember(pod):
		return "it does not serve, and its configuration has been replaced"
	}
	return ""
}

// rollBlocker names what a node that serves waits for before it is taken down: every other
// node must serve, and the ring must see it alive. A task may exempt other nodes of its rack
// (fast), or other racks (forced). In racks that are forced too, only nodes that fail or have
// an old template are exempt, not those that the task took down.
func (s *State) rollBlocker(pod *Pod) string {
	own := pod.Position.Rack
	for _, rack := range s.DC.RackNames() {
		forced := rack != own && s.forcesRestart(own)
		if rack == own && s.fastRestart(own) || forced && !s.forcesRestart(rack) {
			continue
		}
		for ordinal := range s.target(rack) {
			position := topology.Position{Rack: rack, Ordinal: ordinal}
			other := s.pod(position)
			switch {
			case forced && other != nil && !other.Deleting && (s.stale(other) || other.broken() != ""):
			case other == nil:
				return "pod " + s.names().Pod(position) + " to be made"
			case other.Name == pod.Name && s.serves(pod):
			case !s.serves(other) || other.Deleting:
				return "node " + other.Name + " to be ready"
			case !s.seenAlive(other):
				return "the ring to see node " + other.Name
			}
		}
	}
	return ""
}

// seenAlive tells whether gossip has a pod's node as a living member.
func (s *State) seenAlive(pod *Pod) bool {
	for _, e := range s.Ringview {
		if e.Address == pod.IP {
			return e.Alive
		}
	}
	return false
}

// racksInOrder are the racks of the spec, those with failing nodes first: a
// change must not wait for a node that it may repair.
func (s *State) racksInOrder() []api.Rack {
	all := slices.Clone(s.DC.Racks())
	slices.SortStableFunc(all, func(a, b api.Rack) int { return s.failing(b.Name) - s.failing(a.Name) })
	return all
}

// failing is 1 if a node of the rack fails and 0 if not.
func (s *State) failing(rack string) int {
	if slices.ContainsFunc(s.Pods, func(p Pod) bool { return p.Position.Rack == rack && p.broken() != "" }) {
		return 1
	}
	return 0
}

// target is how many nodes a rack is to have now. A set with a member's data isn't made
// smaller: that would stop the member without a decommission.
func (s *State) target(rack string) int {
	if s.DC.Spec.Stopped {
		return 0
	}
	own := s.own()
	size := own.RackSizes()[slices.Index(own.Racks, rack)]
	if !s.initialized() {
		return size
	}
	for s.DC.Status.NodeStatuses[s.names().Pod(topology.Position{Rack: rack, Ordinal: size})].HostID != "" {
		size++
	}
	return size
}

// total is the sum of the racks' targets.
func (s *State) total() (n int) {
	for _, rack := range s.DC.RackNames() {
		n += s.target(rack)
	}
	return n
}

// sign puts hashes on a set that tell what it was made from.
func (s *State) sign(set *appsv1.StatefulSet) {
	template := set.Spec.Template
	meta := *set
	meta.Spec.Template, meta.Spec.VolumeClaimTemplates, meta.Spec.Replicas = corev1.PodTemplateSpec{}, nil, nil
	set.Annotations = merged(set.Annotations, map[string]string{
		specHashAnnotation: s.specHash(), templateHashAnnotation: hash.Object(template), api.ResourceHashAnnotation: hash.Object(meta)})
}
