package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// regionFacts is what one region's API server and nodes say.
type regionFacts struct {
	region string
	err    error
	rings  []k8ssandra.K8ssandraCluster
	dcs    []cassandra.CassandraDatacenter
	views  []ringstatus.View // of dcs
}

// gather asks all regions at once and joins what they say, one status a ring.
// An empty keyspace lets the nodes choose one. Nobody answering at all is an
// error.
func gather(ctx context.Context, c inventory.Fleet, all []region.Region, keyspace string) ([]ringstatus.Status, error) {
	facts := make([]regionFacts, len(all))
	var group sync.WaitGroup
	for i, r := range all {
		group.Go(func() {
			ask, cancel := context.WithTimeout(ctx, region.AnswerLimit)
			defer cancel()
			facts[i] = askRegion(ask, r, keyspace)
		})
	}
	_, faults, cloudErr := c.Running(ctx)
	group.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if cloudErr != nil {
		return nil, cloudErr
	}
	var failed []string
	for _, f := range facts {
		if f.err != nil {
			failed = append(failed, fmt.Sprintf("region %s: %v", f.region, f.err))
		}
	}
	if len(failed) == len(facts) {
		return nil, fmt.Errorf("no region answers: %s", strings.Join(failed, "; "))
	}
	statuses := join(facts)
	if keyspace != "" && !slices.ContainsFunc(statuses, func(s ringstatus.Status) bool { return s.Keyspace != "" }) {
		return nil, fmt.Errorf("--keyspace %s: no node knows who owns it; is there such a keyspace?", keyspace)
	}
	for i := range statuses {
		statuses[i].Fleet = c.Name()
		statuses[i].Faults = faults
	}
	return statuses, nil
}

func askRegion(ctx context.Context, r region.Region, keyspace string) regionFacts {
	f := regionFacts{region: r.Name}
	var rings k8ssandra.K8ssandraClusterList
	if f.err = r.Client.List(ctx, &rings); f.err != nil {
		return f
	}
	var dcs cassandra.CassandraDatacenterList
	if f.err = r.Client.List(ctx, &dcs); f.err != nil {
		return f
	}
	f.rings, f.dcs, f.views = rings.Items, dcs.Items, make([]ringstatus.View, len(dcs.Items))
	var group sync.WaitGroup
	for i := range f.dcs {
		group.Go(func() { f.views[i] = viewFrom(ctx, r, &f.dcs[i], keyspace) })
	}
	group.Wait()
	return f
}

// viewFrom asks the first node of a datacenter that answers, those that are
// ready first.
func viewFrom(ctx context.Context, r region.Region, dc *cassandra.CassandraDatacenter, keyspace string) ringstatus.View {
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

// ask lets a pod's node say what it knows of the ring.
func ask(ctx context.Context, r region.Region, pod *corev1.Pod, keyspace string, v *ringstatus.View) error {
	node, hangUp, err := r.Agent(ctx, pod)
	if err != nil {
		return err
	}
	defer hangUp()
	if v.Endpoints, err = node.Endpoints(ctx); err != nil {
		return err
	}
	v.Ownership, _ = node.Ownership(ctx, keyspace) // not there early in the boot: unknown
	return nil
}
