package client

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/ring"
)

// State of a task, a datacenter's part or a pod's job.
type State string

// The states. A task that is invalid waits for a person.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Completed State = "completed"
	Failed    State = "failed"
	Skipped   State = "skipped"
	Invalid   State = "invalid"
)

// View is how a task stands.
type View struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Command   string `json:"command"`
	// Region of a CassandraTask.
	Region string `json:"region,omitempty"`
	// Ring of a K8ssandraTask.
	Ring string `json:"ring,omitempty"`
	// Schedule is the ScheduledTask that it was made by.
	Schedule string `json:"schedule,omitempty"`
	// PartOf is the K8ssandraTask that it was made for.
	PartOf string `json:"partOf,omitempty"`
	State  State  `json:"state"`
	// Message says what is waited for, or how it has ended.
	Message     string       `json:"message,omitempty"`
	Started     *time.Time   `json:"started,omitempty"`
	Ended       *time.Time   `json:"ended,omitempty"`
	Datacenters []Datacenter `json:"datacenters"`
	// Unreachable are regions that the task's own one doesn't hear of.
	Unreachable []string `json:"unreachable,omitempty"`
}

// Datacenter is how a task stands in one.
type Datacenter struct {
	Name    string `json:"name"`
	Region  string `json:"region,omitempty"`
	State   State  `json:"state"`
	Message string `json:"message,omitempty"`
	Pods    []Job  `json:"pods"`
}

// Job is a pod's.
type Job struct {
	Pod   string `json:"pod"`
	State State  `json:"state"`
	// Tries so far.
	Tries int    `json:"tries"`
	Error string `json:"error,omitempty"`
}

// Is the task's name.
func (v *View) Is() Name { return Name{v.Kind, v.Namespace, v.Name, v.Region} }

// Over tells whether nothing more happens by itself.
func (v *View) Over() bool {
	return slices.Contains([]State{Completed, Failed, Invalid}, v.State)
}

// Count are the pods that have ended well, and all that are known of.
func (v *View) Count() (done, all int) {
	for _, d := range v.Datacenters {
		for _, p := range d.Pods {
			all++
			if p.State == Completed {
				done++
			}
		}
	}
	return done, all
}

// Views are all tasks, by namespace and name; an empty list when there are none.
func (s Seen) Views() []View {
	all, over := []View{}, map[string][]copied{}
	for _, a := range s {
		for i := range a.Tasks {
			all = append(all, viewOf(a.Region, &a.Tasks[i]))
		}
		for i := range a.RingTasks {
			t := &a.RingTasks[i]
			key := t.Namespace + "/" + t.Name
			over[key] = append(over[key], copied{a.Region, t})
		}
	}
	for _, copies := range over {
		all = append(all, s.viewOver(copies))
	}
	slices.SortFunc(all, func(a, b View) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Region, b.Region))
	})
	return all
}

// viewOf is how a CassandraTask stands.
func viewOf(region string, t *api.CassandraTask) View {
	v := View{Kind: OneDatacenter, Namespace: t.Namespace, Name: t.Name, Command: commandOf(t.Spec.Jobs), Region: region,
		Schedule: t.Labels[api.ScheduledTaskLabel], PartOf: t.Labels[k8ssandra.TaskNameLabel],
		Started: timeOf(t.Status.StartTime), Ended: timeOf(t.Status.CompletionTime)}
	v.State, v.Message = standing(&t.Status, t.DeletionTimestamp)
	v.Datacenters = []Datacenter{{Name: t.Spec.Datacenter.Name, Region: region, State: v.State, Message: v.Message, Pods: jobs(&t.Status)}}
	return v
}

// copied is a region's copy of a K8ssandraTask.
type copied struct {
	region string
	task   *api.K8ssandraTask
}

// progress is how far a copy is. A region that can't carry the task out, because it doesn't have the ring yet for one, says
// nothing of the others.
func (c copied) progress() int {
	switch status := &c.task.Status; {
	case status.CompletionTime != nil:
		return 3
	case meta.IsStatusConditionTrue(status.Conditions, api.Invalid):
		return 0
	case status.StartTime != nil:
		return 2
	}
	return 1
}

// viewOver is how a K8ssandraTask stands. Copies say the same as soon as they know it: the one that is furthest is shown, and of each
// datacenter what its own region says, if that answers.
func (s Seen) viewOver(copies []copied) View {
	t := slices.MaxFunc(copies, func(a, b copied) int { return cmp.Compare(a.progress(), b.progress()) }).task
	v := View{Kind: OverRegions, Namespace: t.Namespace, Name: t.Name, Command: commandOf(t.Spec.Template.Jobs), Ring: t.Spec.Cluster.Name,
		Started: timeOf(t.Status.StartTime), Ended: timeOf(t.Status.CompletionTime)}
	v.State, v.Message = standing(&t.Status.CassandraTaskStatus, t.DeletionTimestamp)
	if conditions := t.Status.Conditions; v.Ended == nil {
		for _, bad := range []string{api.Diverged, api.Invalid} {
			if c := meta.FindStatusCondition(conditions, bad); c != nil && c.Status == metav1.ConditionTrue {
				v.State, v.Message = Invalid, c.Message
			}
		}
		if c := meta.FindStatusCondition(conditions, api.JobFailed); c != nil && c.Status == metav1.ConditionTrue { // the datacenters after it aren't begun
			v.State, v.Message = Failed, c.Message
		}
	}
	for _, r := range t.Status.Regions {
		if !r.Reachable {
			v.Unreachable = append(v.Unreachable, r.Region)
		}
	}
	v.Datacenters = s.datacentersOf(t, copies)
	return v
}

// datacentersOf are a K8ssandraTask's, in its order.
func (s Seen) datacentersOf(t *api.K8ssandraTask, copies []copied) []Datacenter {
	all := []Datacenter{}
	where := s.regionsOf(t.Namespace, t.Spec.Cluster.Name)
	names := slices.Clone(t.Spec.Datacenters)
	for _, name := range slices.Sorted(maps.Keys(t.Status.Datacenters)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		d := Datacenter{Name: name, Region: where[name], State: Waiting, Pods: []Job{}}
		status, known := t.Status.Datacenters[name]
		for _, c := range copies {
			if own, is := c.task.Status.Datacenters[name]; is && c.region == d.Region && c.task != t {
				status, known = own, true
			}
		}
		switch {
		case known && !meta.IsStatusConditionTrue(status.Conditions, api.Skipped):
			d.State, d.Message = standing(&status, nil)
			d.Pods = jobs(&status)
		case known || slices.Contains(t.Spec.SkipDatacenters, name):
			d.State, d.Message = Skipped, "left out by spec.skipDatacenters"
		default:
			d.Message = "it has not begun"
		}
		all = append(all, d)
	}
	return all
}

// regionsOf says where a ring's datacenters are.
func (s Seen) regionsOf(namespace, name string) map[string]string {
	where := map[string]string{}
	for _, a := range s {
		for i := range a.Rings {
			k := &a.Rings[i]
			if k.Namespace != namespace || k.Name != name || k.Spec.Cassandra == nil {
				continue
			}
			for _, t := range k.Spec.Cassandra.Datacenters {
				where[t.Metadata.Name] = ring.RegionOf(k, t)
			}
		}
	}
	return where
}

// standing is a status in a word and a sentence.
func standing(status *api.CassandraTaskStatus, deleted *metav1.Time) (State, string) {
	said := func(condition string) string {
		if c := meta.FindStatusCondition(status.Conditions, condition); c != nil {
			return c.Message
		}
		return ""
	}
	switch {
	case status.CompletionTime != nil && (status.Failed > 0 || meta.IsStatusConditionTrue(status.Conditions, api.JobFailed)):
		return Failed, said(api.JobFailed)
	case status.CompletionTime != nil:
		return Completed, said(api.JobComplete)
	case deleted != nil:
		return Running, cmp.Or(said(api.Deleting), "it is being deleted")
	case status.StartTime != nil:
		return Running, said(api.JobRunning)
	}
	return Waiting, cmp.Or(said(api.JobRunning), "no operator has looked at it yet")
}

func jobs(status *api.CassandraTaskStatus) []Job {
	all := []Job{}
	for _, pod := range slices.Sorted(maps.Keys(status.PodStatuses)) {
		one := status.PodStatuses[pod]
		job := Job{Pod: pod, State: Waiting, Error: one.Error, Tries: one.Retries}
		switch one.Status {
		case api.PodTaskRunning:
			job.State = Running
		case api.PodTaskCompleted:
			job.State, job.Error = Completed, ""
		case api.PodTaskError:
			job.State = Failed
		}
		if job.State != Waiting {
			job.Tries++
		}
		all = append(all, job)
	}
	return all
}

func commandOf(jobs []api.CassandraJob) string {
	var names []string
	for _, j := range jobs {
		names = append(names, string(j.Command))
	}
	return strings.Join(names, ", ")
}

func timeOf(t *metav1.Time) *time.Time {
	if t == nil {
		return nil
	}
	at := t.UTC()
	return &at
}
