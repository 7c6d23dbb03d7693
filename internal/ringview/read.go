package ringview

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// Read asks all regions at once. It fails for none of them: where a region doesn't answer in time, its
// Err says so.
func Read(ctx context.Context, regions []region.Region, q Question) Snapshot {
	s := Snapshot{Regions: make([]Region, len(regions))}
	var group sync.WaitGroup
	for i, r := range regions {
		group.Go(func() {
			within, cancel := context.WithTimeout(ctx, cmp.Or(q.Limit, region.AnswerLimit))
			defer cancel()
			s.Regions[i].Name = r.Name
			s.Regions[i].Err = s.Regions[i].read(within, r, q)
		})
	}
	group.Wait()
	return s
}

// read fills in what one region says.
func (r *Region) read(ctx context.Context, at region.Region, q Question) error {
	var rings k8ssandra.K8ssandraClusterList
	if err := at.Client.List(ctx, &rings, q.rings()...); err != nil {
		return err
	}
	r.Rings = rings.Items
	var dcs cassandra.CassandraDatacenterList
	if err := at.Client.List(ctx, &dcs, q.datacenters()...); err != nil {
		return err
	}
	r.Datacenters = dcs.Items
	if q.Operator {
		var operator appsv1.Deployment
		if err := at.Client.Get(ctx, client.ObjectKey{Namespace: install.Namespace, Name: install.OperatorName}, &operator); err != nil {
			return err
		}
		r.Operator = rolledOut(&operator)
	}
	if q.Nodes {
		r.askNodes(ctx, at, q.Keyspace)
	}
	return nil
}

// rings narrows the list of rings to the namespace of the one that is asked for.
func (q Question) rings() []client.ListOption {
	if q.Ring == nil {
		return nil
	}
	return []client.ListOption{client.InNamespace(q.Ring.Namespace)}
}

func (q Question) datacenters() []client.ListOption {
	if q.Ring == nil {
		return nil
	}
	return []client.ListOption{client.MatchingLabels{k8ssandra.ClusterNameLabel: q.Ring.Name, k8ssandra.ClusterNamespaceLabel: q.Ring.Namespace}}
}

// rolledOut says that all pods of a Deployment are those of its template.
func rolledOut(d *appsv1.Deployment) bool {
	s := d.Status
	return s.ObservedGeneration == d.Generation && s.UpdatedReplicas == ptr.Deref(d.Spec.Replicas, 1) && s.UpdatedReplicas == s.Replicas && s.AvailableReplicas == s.Replicas
}

// askNodes asks one node of each datacenter.
func (r *Region) askNodes(ctx context.Context, at region.Region, keyspace string) {
	r.Nodes = make([]ringstatus.View, len(r.Datacenters))
	var group sync.WaitGroup
	for i := range r.Datacenters {
		group.Go(func() { r.Nodes[i] = firstAnswer(ctx, at, &r.Datacenters[i], keyspace) })
	}
	group.Wait()
}

// firstAnswer is that of the first node of a datacenter that gives one, those that
// are ready first.
func firstAnswer(ctx context.Context, r region.Region, dc *cassandra.CassandraDatacenter, keyspace string) ringstatus.View {
	v := ringstatus.View{Region: r.Name, Pods: map[string]string{}}
	pods, err := r.Pods(ctx, dc)
	if err != nil {
		return v
	}
	for _, p := range pods {
		if p.Status.PodIP != "" {
			v.Pods[p.Status.PodIP] = p.Name
		}
	}
	for _, p := range pods {
		err := ask(ctx, r, &p, keyspace, &v)
		if err == nil {
			v.Refused = ""
			break
		}
		if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) { // other errors are a node's that doesn't answer yet
			v.Refused = fmt.Sprintf("the nodes of %s in %s can't be asked: %v", dc.Name, r.Name, err)
		}
	}
	return v
}

// ask reads a node's view of the ring through its pod.
func ask(ctx context.Context, r region.Region, pod *corev1.Pod, keyspace string, v *ringstatus.View) error {
	node, closeIdle, err := r.Agent(ctx, pod)
	if err != nil {
		return err
	}
	defer closeIdle()
	if v.Endpoints, err = node.Endpoints(ctx); err != nil {
		return err
	}
	v.Ownership, _ = node.Ownership(ctx, keyspace) // fails early in the boot: then it is unknown
	return nil
}
