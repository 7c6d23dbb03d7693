package controller

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/task"
)

// nodeTimeout bounds one question to a node.
const nodeTimeout = 5 * time.Second

// observe does all of a pass's reading, once.
func (r *Reconciler) observe(ctx context.Context, t *api.CassandraTask) (*task.State, error) {
	s := &task.State{Now: r.Now().Truncate(time.Second), Task: t, Jobs: map[string]task.JobSeen{}}
	if t.Status.CompletionTime != nil || t.Spec.Datacenter.Name == "" {
		return s, nil
	}
	if r.MayGoOn != nil {
		var err error
		if s.Held, err = r.MayGoOn(ctx, t); err != nil || s.Held != "" {
			return s, err
		}
	}
	dc := &cass.CassandraDatacenter{}
	key := client.ObjectKey{Namespace: t.Namespace, Name: t.Spec.Datacenter.Name}
	if err := r.Client.Get(ctx, key, dc); err != nil {
		return s, client.IgnoreNotFound(err)
	}
	s.Datacenter = dc
	if err := r.observeOthers(ctx, s); err != nil {
		return nil, err
	}
	sets, err := r.observeRacks(ctx, s)
	if err != nil {
		return nil, err
	}
	return s, r.observePods(ctx, s, sets)
}

// observeOthers lists the unfinished tasks of the same datacenter.
func (r *Reconciler) observeOthers(ctx context.Context, s *task.State) error {
	var list api.CassandraTaskList
	if err := r.Live.List(ctx, &list, client.InNamespace(s.Task.Namespace)); err != nil {
		return err
	}
	for _, other := range list.Items {
		same := other.Spec.Datacenter.Name == s.Task.Spec.Datacenter.Name && other.Name != s.Task.Name
		if same && other.Status.CompletionTime == nil && other.DeletionTimestamp.IsZero() {
			s.Others = append(s.Others, other)
		}
	}
	return nil
}

func ofDatacenter(dc *cass.CassandraDatacenter) client.MatchingLabels { return datacenter.Selector(dc) }

// observeRacks reads the datacenter's own StatefulSets. Others with the same labels are left out.
func (r *Reconciler) observeRacks(ctx context.Context, s *task.State) ([]appsv1.StatefulSet, error) {
	var sets appsv1.StatefulSetList
	if err := r.Client.List(ctx, &sets, client.InNamespace(s.Task.Namespace), ofDatacenter(s.Datacenter)); err != nil {
		return nil, err
	}
	own := datacenter.OwnSets(s.Datacenter, sets.Items)
	for i := range own {
		s.Racks = append(s.Racks, rackOf(&own[i]))
	}
	return own, nil
}

func rackOf(set *appsv1.StatefulSet) task.Rack {
	replicas := int32(1)
	if set.Spec.Replicas != nil {
		replicas = *set.Spec.Replicas
	}
	var members []string
	for ordinal := range replicas {
		members = append(members, fmt.Sprintf("%s-%d", set.Name, ordinal))
	}
	return task.Rack{
		Name:        set.Labels[cass.RackLabel],
		StatefulSet: set.Name,
		Members:     members,
		RestartedAt: datacenter.RestartedAt(&set.Spec.Template),
		Revision:    set.Status.UpdateRevision,
		Observed:    set.Status.ObservedGeneration >= set.Generation,
		Settled: set.Status.ObservedGeneration >= set.Generation &&
			set.Status.ReadyReplicas == replicas && set.Status.UpdatedReplicas == replicas &&
			set.Status.Replicas == replicas,
	}
}

// observePods reads the pods, then asks the nodes of running jobs all at once.
func (r *Reconciler) observePods(ctx context.Context, s *task.State, sets []appsv1.StatefulSet) error {
	var list corev1.PodList
	if err := r.Client.List(ctx, &list, client.InNamespace(s.Task.Namespace), ofDatacenter(s.Datacenter)); err != nil {
		return err
	}
	pods := datacenter.OwnPods(s.Datacenter, sets, list.Items)
	s.Pods = make([]task.Pod, len(pods))
	asks := task.AsksForSchema(s)
	var mu sync.Mutex
	var group sync.WaitGroup
	for i := range pods {
		pod, one := &pods[i], &s.Pods[i]
		*one = task.Pod{
			Name: pod.Name, Rack: pod.Labels[cass.RackLabel], Ready: ready(pod),
			Revision: pod.Labels[appsv1.ControllerRevisionHashLabelKey],
		}
		if task.AsksForMembers(s.Task) && !one.Ready && pod.DeletionTimestamp == nil && pod.Status.PodIP != "" {
			group.Go(func() { one.Member = r.isMember(ctx, pod) })
		}
		if asks && one.Ready {
			group.Go(func() {
				seen := r.schemaOf(ctx, pod, s.Task.Spec.Jobs[0].Arguments.KeyspaceName)
				mu.Lock()
				defer mu.Unlock()
				s.Schema.Answered, s.Schema.Keyspace = s.Schema.Answered || seen.Answered, s.Schema.Keyspace || seen.Keyspace
				s.Schema.Tables = append(s.Schema.Tables, seen.Tables...)
			})
		}
		status := s.Task.Status.PodStatuses[pod.Name]
		if status.Status != api.PodTaskRunning || status.JobID == "" || task.Call(s.Task) == nil {
			continue
		}
		group.Go(func() {
			ask, cancel := context.WithTimeout(ctx, nodeTimeout)
			defer cancel()
			job, err := r.Node(pod).Job(ask, status.JobID)
			mu.Lock()
			defer mu.Unlock()
			s.Jobs[pod.Name] = task.JobSeen{Job: job, Err: err}
		})
	}
	group.Wait()
	return nil
}

// isMember asks a node whether it is in the ring. One that lets no clients in yet is, and its pod isn't ready.
func (r *Reconciler) isMember(ctx context.Context, pod *corev1.Pod) bool {
	ask, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	status, err := r.Node(pod).Status(ask)
	return err == nil && status.State == mgmtapi.Running
}

// schemaOf asks a node for a keyspace and its tables.
func (r *Reconciler) schemaOf(ctx context.Context, pod *corev1.Pod, keyspace string) (seen task.Schema) {
	ask, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	all, err := r.Node(pod).Keyspaces(ask)
	if err != nil {
		return task.Schema{}
	}
	if seen.Keyspace = slices.Contains(all, keyspace); seen.Keyspace {
		if seen.Tables, err = r.Node(pod).Tables(ask, keyspace); err != nil {
			return task.Schema{}
		}
	}
	seen.Answered = true
	return seen
}

func ready(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil || pod.Status.PodIP == "" {
		return false
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
