package datacenter

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/claim"
)

// A node that has its data is replaced when somebody asks for it, by spec.replaceNodes or a CassandraTask: it is stopped, its
// claims and its pod go, and the pod that comes in its place is what a node that has lost its volume is: the replacement of its dead
// former self (plan_replace.go). docs/design/0009-replacing-on-request.md. One is replaced at a time, and the annotation
// ReplaceAnnotation says which one, from before it is stopped until another node has its place.

// replacement is the node that is replaced on request, as is on record.
type replacement struct {
	Pod, HostID string
	// Claims are the UIDs of those that go with the node, that of its data first: no others are deleted. There are none when the
	// node had lost its data before anybody asked.
	Claims []string
}

func (r replacement) String() string {
	words := []string{r.Pod, r.HostID}
	if len(r.Claims) > 0 {
		words = append(words, strings.Join(r.Claims, ","))
	}
	return strings.Join(words, " ")
}

// replaced reads the record; nil when there is none that can be read.
func (s *State) replaced() *replacement {
	switch words := strings.Fields(s.DC.Annotations[api.ReplaceAnnotation]); len(words) {
	case 2:
		return &replacement{Pod: words[0], HostID: words[1]}
	case 3:
		return &replacement{Pod: words[0], HostID: words[1], Claims: strings.Split(words[2], ",")}
	}
	return nil
}

// ReplacedPod is the pod whose node is replaced on request, "" when none is.
func (s *State) ReplacedPod() string {
	if r := s.replaced(); r != nil {
		return r.Pod
	}
	return ""
}

// ReplaceRequest is a CassandraTask's wish for another node in place of one with a host id. Whatever the pod's node is by then, no other is
// replaced for it.
type ReplaceRequest struct{ Task, TaskUID, Pod, HostID string }

// ReplaceRequestsOf are what a task asks of a datacenter's nodes now.
func ReplaceRequestsOf(t *control.CassandraTask, datacenter string) (all []ReplaceRequest) {
	running := t.Status.StartTime != nil && t.Status.CompletionTime == nil && t.DeletionTimestamp.IsZero()
	if !running || t.Spec.Datacenter.Name != datacenter || len(t.Spec.Jobs) != 1 || t.Spec.Jobs[0].Command != control.CommandReplaceNode {
		return nil
	}
	for _, pod := range slices.SortedFunc(maps.Keys(t.Status.PodStatuses), ComparePods) {
		one := t.Status.PodStatuses[pod]
		if one.JobID != "" && (one.Status == control.PodTaskWaiting || one.Status == control.PodTaskRunning) {
			all = append(all, ReplaceRequest{Task: t.Name, TaskUID: string(t.UID), Pod: pod, HostID: one.JobID})
		}
	}
	return all
}

// replaceRequest is somebody's wish. One of the spec is for whichever node its pod has when the operator first sees it.
type replaceRequest struct {
	ReplaceRequest
	Entry string // of spec.replaceNodes; "" of a task
}

// by says in words whose request it is.
func (q replaceRequest) by() string {
	if q.Entry != "" {
		return "spec.replaceNodes"
	}
	return "task " + q.Task
}

// replaceRequests are all wishes: those of the spec first, in its order.
func (s *State) replaceRequests() (all []replaceRequest) {
	for _, entry := range s.DC.Spec.ReplaceNodes {
		q := replaceRequest{Entry: entry}
		q.Pod = cmp.Or(s.podOfHost(entry), entry) // a host id, or a pod's name
		q.HostID = s.memberOf(q.Pod)
		all = append(all, q)
	}
	for _, q := range s.Replacements {
		all = append(all, replaceRequest{ReplaceRequest: q})
	}
	return all
}

// memberOf is the host id that a pod's node was last seen with. The record knows it too, when the status was lost.
func (s *State) memberOf(pod string) string {
	if id := s.DC.Status.NodeStatuses[pod].HostID; id != "" {
		return id
	}
	if r := s.replaced(); r != nil && r.Pod == pod {
		return r.HostID
	}
	return ""
}

// isAskedFor tells whether somebody still asks for what is on record.
func (s *State) isAskedFor(r *replacement) bool {
	return s.SpecAsksFor(r.Pod, r.HostID) || slices.ContainsFunc(s.Replacements, func(q ReplaceRequest) bool { return q.Pod == r.Pod && q.HostID == r.HostID })
}

// SpecAsksFor tells whether the spec asks for another node in place of a pod's with a host id, and isn't refused that.
func (s *State) SpecAsksFor(pod, hostID string) bool {
	return slices.ContainsFunc(s.replaceRequests(), func(q replaceRequest) bool {
		return q.Entry != "" && q.Pod == pod && q.HostID == hostID && s.isOpen(q)
	})
}

// isDone tells whether another node has the place of the one on record.
func (s *State) isDone(r *replacement) bool {
	at, known := s.positionOf(r.Pod)
	pod, id := s.pod(at), s.DC.Status.NodeStatuses[r.Pod].HostID
	return known && pod != nil && pod.running() && id != "" && id != r.HostID
}

// isGoing tells whether the volume of the node on record isn't seen to be there and to stay: nothing can be taken back any more, and
// nothing more is begun.
func (s *State) isGoing(r *replacement) bool {
	return len(r.Claims) == 0 || s.dataClaim(r.Pod) != r.Claims[0]
}

// isItself tells whether the node on record is a member again, and on none of the volumes on record: its own one was restored, or had been lost
// and wasn't. The node says so, and another one.
func (s *State) isItself(r *replacement, pod *Pod) bool {
	if pod == nil || !pod.running() || pod.Claim == "" || slices.Contains(r.Claims, pod.Claim) || pod.Status.Identity == nil || !s.seenByAnother(r.HostID) {
		return false
	}
	e := s.endpoint(r.HostID)
	return pod.Status.Identity.HostID == r.HostID && e != nil && e.Alive && e.Address == pod.IP
}

// isGone tells whether there is proof that the data of the node on record goes, or is gone: its claim is being deleted, or its pod
// isn't there or has another one. That a claim isn't seen is none.
func (s *State) isGone(r *replacement) bool {
	at, _ := s.positionOf(r.Pod)
	pod := s.pod(at)
	return pod == nil || pod.Claim != "" && (pod.Claim != r.Claims[0] || pod.ClaimDeleting)
}

// isHeld tells whether a pod's node isn't started because it is on record, and has the volume that goes.
func (s *State) isHeld(pod *Pod) bool {
	r := s.replaced()
	return r != nil && r.Pod == pod.Name && len(r.Claims) > 0 && (pod.Claim == "" || slices.Contains(r.Claims, pod.Claim)) && !s.isDone(r)
}

// podClaims are the claims that a pod has by its name, that of its data first. What is kept of another ring isn't one.
func (s *State) podClaims(pod string) (all []*corev1.PersistentVolumeClaim) {
	templates := s.claims()
	if at, known := s.positionOf(pod); known && s.StatefulSets[at.Rack] != nil {
		templates = append(templates, s.StatefulSets[at.Rack].Spec.VolumeClaimTemplates...) // the spec may name others by now
	}
	names := []string{Claim(pod)}
	for _, t := range templates {
		names = append(names, t.Name+"-"+pod)
	}
	for i, name := range names {
		c := s.Claims[name]
		if c == nil || slices.Contains(names[:i], name) {
			continue
		}
		if of := c.Annotations[claim.KeptOf]; of == "" || of == RingKey(s.DC) {
			all = append(all, c)
		}
	}
	return all
}

// ReplacedClaims are those that are there of the ones on record.
func (s *State) ReplacedClaims() (all []Volume) {
	r := s.replaced()
	if r == nil {
		return nil
	}
	for _, c := range s.podClaims(r.Pod) {
		if slices.Contains(r.Claims, string(c.UID)) {
			all = append(all, Volume{Name: c.Name, UID: string(c.UID), Deleting: !c.DeletionTimestamp.IsZero()})
		}
	}
	return all
}

// ReplaceNodesBut are the entries of spec.replaceNodes without those that a record is about.
func ReplaceNodesBut(entries []string, record string) []string {
	words := strings.Fields(record)
	return slices.DeleteFunc(slices.Clone(entries), func(entry string) bool { return slices.Contains(words[:min(len(words), 2)], entry) })
}

// refusedReplacement is a wish that isn't followed, while everything else goes on.
type refusedReplacement struct {
	replaceRequest
	Why        string
	AskedAgain bool // until it has been taken back and made again
}

// refusedBefore is what a wish of the spec was refused for until it is made again; nil when it wasn't.
func (s *State) refusedBefore(q replaceRequest) *api.RefusedReplacement {
	i := slices.IndexFunc(s.DC.Status.RefusedReplacements, func(r api.RefusedReplacement) bool {
		return q.Entry != "" && r.TaskUID == "" && r.Pod == q.Pod && r.UntilAskedAgain
	})
	if i < 0 {
		return nil
	}
	return &s.DC.Status.RefusedReplacements[i]
}

// isOpen tells whether a wish is about the node that its pod has, and isn't refused until somebody changes it.
func (s *State) isOpen(q replaceRequest) bool {
	return s.memberOf(q.Pod) == q.HostID && s.repeats(q) == "" && s.refusedBefore(q) == nil
}

// replacedNames are the host ids, by pod, of nodes that came in place of ones which the spec had by the pod's name.
func (s *State) replacedNames() map[string]string {
	all := map[string]string{}
	for one := range strings.SplitSeq(s.DC.Annotations[api.ReplacedNamesAnnotation], ",") {
		if words := strings.Fields(one); len(words) == 2 {
			all[words[0]] = words[1]
		}
	}
	return all
}

// replacedNamesWith is the annotation with one more of them. Those whose pods have other nodes by now say nothing any more.
func (s *State) replacedNamesWith(pod string) string {
	all := s.replacedNames()
	all[pod] = s.DC.Status.NodeStatuses[pod].HostID
	var words []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if id := all[name]; id != "" && id == s.DC.Status.NodeStatuses[name].HostID {
			words = append(words, name+" "+id)
		}
	}
	return strings.Join(words, ",")
}

// repeats says that a wish of the spec by a pod's name was carried out, and its node is the one that came for it; "" when that isn't so.
// Somebody who applies a file again and again would have one node after another replaced.
func (s *State) repeats(q replaceRequest) string {
	if q.Entry == "" || q.Entry != q.Pod || q.HostID == "" || s.replacedNames()[q.Pod] != q.HostID {
		return ""
	}
	return fmt.Sprintf("its node (host id %s) came in place of another one because the list had this pod before, and something has put it there again. Take it out where it comes from; to replace the node once more name its host id, or make a task", q.HostID)
}

func (r refusedReplacement) String() string {
	return fmt.Sprintf("%s: node %s is not replaced: %s", r.by(), cmp.Or(r.Entry, r.Pod), r.Why)
}

// refusedStatus are the wishes that aren't followed, for those who made them. One that has to be made again stays among them as long as the spec has
// it, whatever this plan came to look at.
func (s *State) refusedStatus(p *Plan) (all []api.RefusedReplacement) {
	for _, r := range p.NotReplaced {
		all = append(all, api.RefusedReplacement{Pod: r.Pod, TaskUID: r.TaskUID, Message: r.Why, UntilAskedAgain: r.AskedAgain})
	}
	for _, q := range s.replaceRequests() {
		was := s.refusedBefore(q)
		if was != nil && !slices.ContainsFunc(all, func(r api.RefusedReplacement) bool { return r.Pod == was.Pod && r.TaskUID == "" }) {
			all = append(all, *was)
		}
	}
	return all
}

// notReplaced says which wishes of the spec aren't followed, and why; "" when all are.
func (p *Plan) notReplaced() string {
	var words []string
	for _, r := range p.NotReplaced {
		if r.Entry != "" {
			words = append(words, r.String())
		}
	}
	return strings.Join(words, "; ")
}
