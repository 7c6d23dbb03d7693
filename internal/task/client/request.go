package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kube "sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/task"
)

// Request is a task that somebody wants.
type Request struct {
	Job api.CassandraJob
	// Given are the names of the arguments that were given.
	Given []string
	// Ring, Namespace and Datacenters say where; what is empty chooses nothing, and no datacenter means all of the ring.
	Ring, Namespace string
	Datacenters     []string
	// Together: several datacenters are taken together, and not one after another.
	Together bool
	// MaxPods is how many pods of a rack work at once; nil for one.
	MaxPods *int
	// Name of the task; made of the command and the time when empty.
	Name string
	Now  time.Time
}

// ArgumentError is an argument of the command that can't be.
type ArgumentError struct {
	// Argument is its name in a job.
	Argument, Why string
}

func (e ArgumentError) Error() string { return fmt.Sprintf("%s: %s", e.Argument, e.Why) }

// Order is what is asked of which region.
type Order struct {
	Region string
	Task   kube.Object
}

// Is the name of the ordered task.
func (o Order) Is() Name {
	if _, over := o.Task.(*api.K8ssandraTask); over {
		return Name{Kind: OverRegions, Namespace: o.Task.GetNamespace(), Name: o.Task.GetName()}
	}
	return Name{OneDatacenter, o.Task.GetNamespace(), o.Task.GetName(), o.Region}
}

// Check says what is wrong with a request before any region is asked.
func (q *Request) Check() error {
	all := task.Commands()
	i := slices.IndexFunc(all, func(c task.Info) bool { return c.Name == q.Job.Command })
	if i < 0 {
		var names []string
		for _, c := range all {
			names = append(names, string(c.Name))
		}
		return fmt.Errorf("there is no command %q; there are %s", q.Job.Command, strings.Join(names, ", "))
	}
	for _, name := range q.Given {
		if !slices.Contains(all[i].Arguments, name) {
			return ArgumentError{name, fmt.Sprintf("%s does not read it", q.Job.Command)}
		}
	}
	t := &api.CassandraTask{}
	t.Spec.Datacenter.Name, t.Spec.Jobs = "any", []api.CassandraJob{q.Job}
	if failure := task.CheckSpec(t); failure != nil {
		if name, why, is := strings.Cut(strings.TrimPrefix(failure.Message, "spec.jobs[0].args."), ": "); is && name != failure.Message {
			return ArgumentError{name, why}
		}
		return errors.New(failure.Message)
	}
	if n := len(q.Datacenters); n > 1 && q.Job.Arguments.PodName != "" {
		return ArgumentError{"pod_name", fmt.Sprintf("a pod is of one datacenter, and there are %d", n)}
	}
	return nil
}

// About says what has to be seen for a request.
func (q *Request) About() About { return About{Rings: true, Pods: q.Job.Arguments.PodName != ""} }

// Order decides which task it is, and where it is made.
func (s Seen) Order(q *Request) (Order, error) {
	targets, whole, err := s.targets(q)
	if err != nil {
		return Order{}, err
	}
	if err := cmp.Or(checkRack(targets, q.Job.Arguments.RackName), checkSource(targets, q.Job.Arguments.SourceDatacenter)); err != nil {
		return Order{}, err
	}
	meta := metav1.ObjectMeta{Name: q.Name}
	if meta.Name == "" {
		meta.Name = fmt.Sprintf("%s-%s", q.Job.Command, q.Now.UTC().Format("20060102-150405"))
	}
	job := q.Job
	job.Name = string(job.Command)
	template := api.CassandraTaskTemplate{Jobs: []api.CassandraJob{job}, MaxConcurrentPods: q.MaxPods}
	if len(targets) == 1 {
		return s.orderOne(q, targets[0], meta, template)
	}
	return s.orderOver(q, targets, whole, meta, template)
}

// orderOne is a CassandraTask, in the datacenter's region.
func (s Seen) orderOne(q *Request, t target, meta metav1.ObjectMeta, template api.CassandraTaskTemplate) (Order, error) {
	switch {
	case q.Together:
		return Order{}, fmt.Errorf("there is one datacenter, %s: nothing can be taken together", t.name)
	case !s.answers(t.region):
		return Order{}, fmt.Errorf("datacenter %s is in region %s, which does not answer%s", t.name, t.region, s.why(t.region))
	}
	meta.Namespace = t.namespace
	made := &api.CassandraTask{ObjectMeta: meta}
	made.Spec.Datacenter.Name, made.Spec.CassandraTaskTemplate = t.name, template
	return Order{t.region, made}, nil
}

// orderOver is a K8ssandraTask, in the region of its first datacenter or another one that has the ring.
func (s Seen) orderOver(q *Request, targets []target, whole bool, meta metav1.ObjectMeta, template api.CassandraTaskTemplate) (Order, error) {
	ring := targets[0].ring
	meta.Namespace = ring.namespace
	made := &api.K8ssandraTask{ObjectMeta: meta}
	made.Spec.Cluster.Name, made.Spec.Template = ring.name, template
	if q.Together {
		made.Spec.DcConcurrencyPolicy = batchv1.AllowConcurrent
	}
	if !whole { // the operator writes down all of the ring
		for _, t := range targets {
			made.Spec.Datacenters = append(made.Spec.Datacenters, t.name)
		}
	}
	for _, t := range targets {
		if s.has(t.region, *ring) {
			return Order{t.region, made}, nil
		}
	}
	for _, a := range s {
		if s.has(a.Region, *ring) {
			return Order{a.Region, made}, nil
		}
	}
	return Order{}, fmt.Errorf("no region that answers has ring %s%s", ring, s.unseen())
}

func (s Seen) why(region string) string {
	for _, a := range s {
		if a.Region == region && a.Err != nil {
			return ": " + a.Err.Error()
		}
	}
	return ""
}

// Make makes the task. The order stays as it is.
func Make(ctx context.Context, regions []region.Region, o Order) error {
	i := slices.IndexFunc(regions, func(r region.Region) bool { return r.Name == o.Region })
	limited, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	made, _ := o.Task.DeepCopyObject().(kube.Object) // of its own type
	err := regions[i].Client.Create(limited, made)
	switch {
	case apierrors.IsAlreadyExists(err):
		return fmt.Errorf("%s is there already; choose another --name", o.Is())
	case err != nil && !answered(err):
		return fmt.Errorf("region %s has not said whether it has made %s; `ringspan task list` shows it: %w", o.Region, o.Is(), err)
	case err != nil:
		return fmt.Errorf("region %s: %w", o.Region, err)
	}
	return nil
}

// answered tells an API server's refusal from an answer that didn't come, or that says nothing.
func answered(err error) bool {
	said, is := errors.AsType[*apierrors.StatusError](err)
	return is && said.ErrStatus.Code < http.StatusInternalServerError
}
