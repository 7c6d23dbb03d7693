package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet"
)

// awaitRing waits until the ring is ready as its home region sees it and tells,
// for every datacenter, what it waits for.
func (u *upRun) awaitRing(ctx context.Context, all []region, home region, ring *fleet.Ring) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	done := map[string]bool{}
	for {
		var k k8ssandra.K8ssandraCluster
		err := home.client.Get(ctx, client.ObjectKey{Namespace: ring.Namespace, Name: ring.Name}, &k)
		if err == nil {
			ready := u.datacenters(ctx, all, ring, done)
			if e := k.Status.Error; e != "" && e != k8ssandra.NoError {
				u.print.Wait("ring "+ring.Name, e)
			}
			if ready && k.Status.IsTrue(k8ssandra.ClusterReady) && k.Status.ObservedGeneration == k.Generation && u.alive(ctx, all, ring) {
				u.print.Line("ring %s is ready", ring.Name)
				return nil
			}
			if ready {
				if c := k.Status.Condition(k8ssandra.ClusterReady); c != nil {
					u.print.Wait("ring "+ring.Name, c.Message)
				}
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("ring %s: %w", ring.Name, u.lastWords(all, ring))
		case <-tick.C:
		}
	}
}

// alive asks the nodes themselves: a status may be from before a restart.
func (u *upRun) alive(ctx context.Context, all []region, ring *fleet.Ring) bool {
	statuses, err := gather(ctx, all)
	if err != nil {
		u.print.Wait("ring "+ring.Name, err.Error())
		return false
	}
	for _, s := range statuses {
		if s.Ring != ring.Name || s.Namespace != ring.Namespace {
			continue
		}
		for _, d := range s.Datacenters {
			if d.Up < d.Size {
				u.print.Wait("ring "+ring.Name, fmt.Sprintf("%d of %d nodes of %s answer", d.Up, d.Size, d.Name))
				return false
			}
		}
		if !s.Ready { // another region's copy says it a moment later
			u.print.Wait("ring "+ring.Name, s.Message)
		}
		return s.Ready
	}
	return false
}

// datacenters tells of every datacenter's news and whether all are ready.
func (u *upRun) datacenters(ctx context.Context, all []region, ring *fleet.Ring, done map[string]bool) bool {
	ready := true
	for i := range ring.Spec.Cassandra.Datacenters {
		name := ring.Spec.Cassandra.Datacenters[i].Metadata.Name
		dc, where := findDatacenter(ctx, all, ring, i)
		if dc == nil {
			u.print.Wait(name, "its region's operator takes the ring over")
			ready = false
			continue
		}
		if dc.Status.IsTrue(cassandra.DatacenterReady) && dc.Status.ObservedGeneration == dc.Generation {
			if !done[name] {
				done[name] = true
				u.print.Line("%s (%s): all %d nodes serve", name, where, dc.Spec.Size)
			}
			continue
		}
		ready, done[name] = false, false
		u.print.Wait(name+" ("+where+")", datacenterNews(dc))
	}
	return ready
}

func datacenterNews(dc *cassandra.CassandraDatacenter) string {
	for _, kind := range []cassandra.DatacenterConditionType{cassandra.DatacenterHealthy, cassandra.DatacenterReady} {
		if c := dc.Status.Condition(kind); c != nil && c.Message != "" {
			return c.Message
		}
	}
	return "its operator begins"
}

// findDatacenter looks in its region, else in all.
func findDatacenter(ctx context.Context, all []region, ring *fleet.Ring, i int) (*cassandra.CassandraDatacenter, string) {
	template := ring.Spec.Cassandra.Datacenters[i]
	namespace := template.Metadata.Namespace
	if namespace == "" {
		namespace = ring.Namespace
	}
	for _, r := range all {
		if template.K8sContext != "" && template.K8sContext != r.name {
			continue
		}
		dc := &cassandra.CassandraDatacenter{}
		if err := r.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: template.Metadata.Name}, dc); err == nil {
			return dc, r.name
		}
	}
	return nil, ""
}

// lastWords says what each datacenter waited for when time was up.
func (u *upRun) lastWords(all []region, ring *fleet.Ring) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var words []string
	for i, t := range ring.Spec.Cassandra.Datacenters {
		if dc, _ := findDatacenter(ctx, all, ring, i); dc != nil && !dc.Status.IsTrue(cassandra.DatacenterReady) {
			words = append(words, t.Metadata.Name+": "+datacenterNews(dc))
		}
	}
	if len(words) == 0 {
		return errNoRing
	}
	return fmt.Errorf("%s", strings.Join(words, "; "))
}
