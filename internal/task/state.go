package task

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/topology"
)

// State is everything that one pass has seen.
type State struct {
	Now  time.Time
	Task *api.CassandraTask
	// Held is what a part of a K8ssandraTask waits for before it may begin or go on, "" for nothing.
	Held string
	// Datacenter is nil when it isn't there.
	Datacenter *cass.CassandraDatacenter
	// Others are the unfinished tasks of the same datacenter, without this one.
	Others []api.CassandraTask
	// Pods of the datacenter, in any order.
	Pods []Pod
	// Racks of the datacenter, in any order.
	Racks []Rack
	// Schema is only looked at when AsksForSchema is true.
	Schema Schema
	// Jobs by pod name: what the nodes say about the jobs that the task's status lists as running.
	Jobs map[string]JobSeen
}

// Pod is one node of the datacenter.
type Pod struct {
	Name string
	Rack string
	// Ready is the pod's condition of that name.
	Ready bool
	// Member: its node is a member of the ring, whether it lets clients in or not. It is only looked at when the pod isn't
	// ready and AsksForMembers is true of the task.
	Member bool
	// Revision of its StatefulSet that the pod was made from.
	Revision string
}

// Rack is one StatefulSet of the datacenter.
type Rack struct {
	Name        string
	StatefulSet string
	// Members are the names of the pods that it is to have, whether they are there just now or not.
	Members []string
	// RestartedAt is when the last restart was asked for that new pods are made for, zero when there was none.
	RestartedAt time.Time
	// Revision that new pods are made from.
	Revision string
	// Observed: Revision is that of the StatefulSet as it is now.
	Observed bool
	// Settled: all pods are there, ready, and made from Revision.
	Settled bool
}

// JobSeen is a node's answer about one job.
type JobSeen struct {
	Job mgmtapi.Job
	// Err is why there is no answer; mgmtapi.ErrNotFound means that the node has forgotten the job.
	Err error
}

// job is the task's only job; check has made sure that there is one.
func (s *State) job() *api.CassandraJob { return &s.Task.Spec.Jobs[0] }

// command is the job's; check has made sure that this version has it.
func (s *State) command() *command { return commandOf(s.Task) }

// isSurplus tells whether a pod is none that its rack is to have, and its node, which isn't ready, is no member as far as anybody
// knows: a larger size has made it, and its StatefulSet can't be without it before a node behind it has left the ring. That one
// waits for tasks, so that none waits for this pod.
func (s *State) isSurplus(rack, name string) bool {
	i := slices.Index(s.specRacks(), rack)
	ordinal, err := strconv.Atoi(name[strings.LastIndex(name, "-")+1:])
	known := s.Datacenter.Status.NodeStatuses[name].HostID != "" || s.Task.Status.PodStatuses[name].Status == api.PodTaskRunning
	if err != nil || known || i >= 0 && ordinal < s.size().RackSizes()[i] { // a rack that was taken out of the spec is to have none
		return false
	}
	return !slices.ContainsFunc(s.Pods, func(p Pod) bool { return p.Name == name && (p.Ready || p.Member) })
}

// size is how large the datacenter is to be.
func (s *State) size() topology.Datacenter {
	return topology.Datacenter{Size: int(s.Datacenter.Spec.Size), Racks: s.Datacenter.RackNames()}
}

// pods are those of the datacenter that tasks are for.
func (s *State) pods() []Pod {
	return slices.DeleteFunc(slices.Clone(s.Pods), func(p Pod) bool { return s.isSurplus(p.Rack, p.Name) })
}

// membersOf are the names of the pods that a StatefulSet is to have, without those that tasks aren't for.
func (s *State) membersOf(r Rack) []string {
	return slices.DeleteFunc(slices.Clone(r.Members), func(name string) bool { return s.isSurplus(r.Name, name) })
}

// settled tells whether all pods of a rack that tasks are for are there, ready, and made from its StatefulSet's revision.
func (s *State) settled(r Rack) bool {
	members := s.membersOf(r)
	if len(members) == len(r.Members) || !r.Observed {
		return r.Settled
	}
	return !slices.ContainsFunc(members, func(name string) bool {
		return !slices.ContainsFunc(s.Pods, func(p Pod) bool { return p.Name == name && p.Ready && p.Revision == r.Revision })
	})
}

// targets are the pods that the task is for, by rack name.
func (s *State) targets() map[string][]Pod {
	args := s.job().Arguments
	racks := map[string][]Pod{}
	for _, p := range s.pods() {
		if (args.RackName == "" || args.RackName == p.Rack) && s.isFor(p.Name) {
			racks[p.Rack] = append(racks[p.Rack], p)
		}
	}
	for _, pods := range racks {
		slices.SortFunc(pods, func(a, b Pod) int { return strings.Compare(a.Name, b.Name) })
	}
	return racks
}

// isFor tells whether the task is for a pod, of a rack that it is for.
func (s *State) isFor(pod string) bool {
	args, c := s.job().Arguments, s.command()
	return (args.PodName == "" || args.PodName == pod) && (c.only == nil || slices.Contains(c.only(args), pod))
}

// racks are those that the task is for, in the order of their StatefulSets' names.
func (s *State) racks() []Rack {
	only := s.job().Arguments.RackName
	var racks []Rack
	for _, r := range s.Racks {
		if only == "" || only == r.Name {
			racks = append(racks, r)
		}
	}
	slices.SortFunc(racks, func(a, b Rack) int { return strings.Compare(a.StatefulSet, b.StatefulSet) })
	return racks
}

// specRacks are the names of the racks of the datacenter's spec, as its pods are labelled with them.
func (s *State) specRacks() (names []string) {
	for _, name := range s.Datacenter.RackNames() {
		names = append(names, topology.CleanLabel(name))
	}
	return names
}

// missingRack is a rack of the task's whose StatefulSet isn't there just now, so that nobody knows which pods it has: it is being
// made anew. "" when there is none.
func (s *State) missingRack() string {
	args := s.job().Arguments
	for _, name := range s.specRacks() {
		there := slices.ContainsFunc(s.Racks, func(r Rack) bool { return r.Name == name })
		if !there && args.PodName == "" && (args.RackName == "" || args.RackName == name) {
			return name
		}
	}
	return ""
}

// members are the names of the pods that the task's racks are to have: by their StatefulSets, and by the datacenter's status, which
// also knows of nodes that a StatefulSet has forgotten.
func (s *State) members() (names []string) {
	for _, r := range s.racks() {
		names = append(names, s.membersOf(r)...)
	}
	if s.Datacenter.Spec.Stopped {
		return names
	}
	only := s.job().Arguments.RackName
	for _, name := range slices.Sorted(maps.Keys(s.Datacenter.Status.NodeStatuses)) {
		node := s.Datacenter.Status.NodeStatuses[name]
		if node.HostID != "" && (only == "" || only == topology.CleanLabel(node.Rack)) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// hasRack tells whether the datacenter has a rack, or is to have it.
func (s *State) hasRack(name string) bool {
	return slices.Contains(s.specRacks(), name) || slices.ContainsFunc(s.Racks, func(r Rack) bool { return r.Name == name })
}

// hasPod tells whether a rack of the task's has the pod that its arguments name, or is to have it.
func (s *State) hasPod(args api.JobArguments) bool {
	there := slices.ContainsFunc(s.pods(), func(p Pod) bool { return p.Name == args.PodName && (args.RackName == "" || args.RackName == p.Rack) })
	if there || slices.ContainsFunc(s.racks(), func(r Rack) bool { return slices.Contains(s.membersOf(r), args.PodName) }) {
		return true
	}
	dc := s.Datacenter
	names, racks := datacenter.NamesOf(dc), s.specRacks()
	wanted := s.size()
	for i, size := range wanted.RackSizes() {
		for ordinal := range size {
			if (args.RackName == "" || args.RackName == racks[i]) && names.Pod(topology.Position{Rack: wanted.Racks[i], Ordinal: ordinal}) == args.PodName {
				return true
			}
		}
	}
	return false
}

// limit is how many pods of a rack may work at once, when the rack has so many.
func (s *State) limit(pods int) int {
	switch n := s.Task.Spec.MaxConcurrentPods; {
	case s.command().oneByOne:
		return 1
	case n == nil:
		return api.DefaultMaxConcurrentPods
	case *n == 0:
		return pods
	default:
		return *n
	}
}

// retries is how often one pod's job may be tried again.
func (s *State) retries() int {
	switch {
	case s.Task.Spec.RestartPolicy == "Never":
		return 0
	case s.Task.Spec.Retries == nil:
		return api.DefaultRetries
	default:
		return *s.Task.Spec.Retries
	}
}
