package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	kube "sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/region"
)

// Seen is what all regions have answered, in the fleet's order.
type Seen []Answer

// Answer is a region's. What it hasn't been asked for is empty.
type Answer struct {
	Region string
	// Err is why it gave none.
	Err         error
	Datacenters []cassandra.CassandraDatacenter
	Rings       []k8ssandra.K8ssandraCluster
	Tasks       []api.CassandraTask
	RingTasks   []api.K8ssandraTask
	// Pods are its Cassandra pods, each with its datacenter.
	Pods []Pod
}

// Pod is a Cassandra pod.
type Pod struct{ Name, Namespace, Datacenter string }

// About chooses what regions are asked for.
type About struct{ Rings, Tasks, Pods bool }

// Look asks all regions at once. The error is of the context, or says that no region answers.
func Look(ctx context.Context, regions []region.Region, about About) (Seen, error) {
	return each(ctx, regions, func(ctx context.Context, r region.Region, a *Answer) error {
		var rings k8ssandra.K8ssandraClusterList
		var datacenters cassandra.CassandraDatacenterList
		var tasks api.CassandraTaskList
		var ringTasks api.K8ssandraTaskList
		for list, wanted := range map[kube.ObjectList]bool{&rings: about.Rings, &datacenters: about.Rings, &tasks: about.Tasks, &ringTasks: about.Tasks} {
			if !wanted {
				continue
			}
			if err := r.Client.List(ctx, list); err != nil {
				return err
			}
		}
		a.Rings, a.Datacenters, a.Tasks, a.RingTasks = rings.Items, datacenters.Items, tasks.Items, ringTasks.Items
		if !about.Pods {
			return nil
		}
		nodes, err := r.Nodes(ctx)
		for i := range nodes {
			a.Pods = append(a.Pods, podOf(&nodes[i].Pod, nodes[i].Datacenter.Name))
		}
		return err
	})
}

func podOf(pod *corev1.Pod, datacenter string) Pod { return Pod{pod.Name, pod.Namespace, datacenter} }

// Again asks for one task and fills in what was seen of rings before.
func Again(ctx context.Context, regions []region.Region, before Seen, is Name) (Seen, error) {
	return each(ctx, regions, func(ctx context.Context, r region.Region, a *Answer) error {
		if i := slices.IndexFunc(before, func(b Answer) bool { return b.Region == r.Name }); i >= 0 {
			a.Rings, a.Datacenters = before[i].Rings, before[i].Datacenters
		}
		key := kube.ObjectKey{Namespace: is.Namespace, Name: is.Name}
		if is.Kind == OverRegions {
			t := api.K8ssandraTask{}
			err := r.Client.Get(ctx, key, &t)
			if err == nil {
				a.RingTasks = append(a.RingTasks, t)
			}
			return kube.IgnoreNotFound(err)
		}
		if is.Region != r.Name {
			return nil
		}
		t := api.CassandraTask{}
		err := r.Client.Get(ctx, key, &t)
		if err == nil {
			a.Tasks = append(a.Tasks, t)
		}
		return kube.IgnoreNotFound(err)
	})
}

func each(ctx context.Context, regions []region.Region, ask func(context.Context, region.Region, *Answer) error) (Seen, error) {
	seen := make(Seen, len(regions))
	var group sync.WaitGroup
	for i, r := range regions {
		group.Go(func() {
			limited, cancel := context.WithTimeout(ctx, region.AnswerLimit)
			defer cancel()
			seen[i].Region = r.Name
			seen[i].Err = ask(limited, r, &seen[i])
		})
	}
	group.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if away := seen.Away(); len(away) == len(seen) {
		return nil, errors.Join(away...)
	}
	return seen, nil
}

// Away says of each region that gave no answer why.
func (s Seen) Away() (errs []error) {
	for _, a := range s {
		if a.Err != nil {
			errs = append(errs, fmt.Errorf("region %s does not answer: %w", a.Region, a.Err))
		}
	}
	return errs
}

// unseen says which regions may have what isn't found, as the end of an error; "" when all have answered.
func (s Seen) unseen() string {
	var names []string
	for _, a := range s {
		if a.Err != nil {
			names = append(names, a.Region)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; no answer from " + strings.Join(names, ", ")
}

func (s Seen) answers(region string) bool {
	return slices.ContainsFunc(s, func(a Answer) bool { return a.Region == region && a.Err == nil })
}
