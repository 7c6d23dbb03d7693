package cli

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/region"
)

// How often a region is looked at, and how long a look may take.
const (
	awaitPoll = 500 * time.Millisecond
	lookLimit = 5 * time.Second
)

// look is what one region's API server says of a ring.
type look struct {
	region string
	err    error
	ring   *k8ssandra.K8ssandraCluster // nil when the region has no copy yet
	dcs    []cassandra.CassandraDatacenter
	fresh  bool // the operator that runs is the installed one, not one from before
}

// await waits until every region sees the ring ready and every node answers, and
// tells for every datacenter what it waits for.
func (u *ringRun) await(ctx context.Context) error {
	tick := time.NewTicker(awaitPoll)
	defer tick.Stop()
	var last []look
	for {
		looks := u.look(ctx)
		if ctx.Err() == nil {
			last = looks
		}
		if u.settled(looks) && u.answers(ctx) {
			u.report.Line(progress.Subject{Name: u.ring.Name}, u.readiness())
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("ring %s is not ready: %s", u.ring.Name, lastWords(last, u.ring.Name))
		case <-tick.C:
		}
	}
}

// readiness says what the ring is, as far as its regions answer.
func (u *ringRun) readiness() string {
	if silent := u.silentOf(u.ring); len(silent) > 0 {
		return "ready but for " + strings.Join(silent, ", ")
	}
	return "ready"
}

func (u *ringRun) look(ctx context.Context) []look {
	looks := make([]look, len(u.regions))
	var group sync.WaitGroup
	for i, r := range u.regions {
		group.Go(func() { looks[i] = u.lookAt(ctx, r) })
	}
	group.Wait()
	return looks
}

func (u *ringRun) lookAt(ctx context.Context, r region.Region) look {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	l := look{region: r.Name}
	var rings k8ssandra.K8ssandraClusterList
	if l.err = r.Client.List(ctx, &rings, client.InNamespace(u.ring.Namespace)); l.err != nil {
		return l
	}
	for i := range rings.Items {
		if rings.Items[i].Name == u.ring.Name {
			l.ring = &rings.Items[i]
		}
	}
	var dcs cassandra.CassandraDatacenterList
	l.err = r.Client.List(ctx, &dcs, client.MatchingLabels{k8ssandra.ClusterNameLabel: u.ring.Name, k8ssandra.ClusterNamespaceLabel: u.ring.Namespace})
	l.dcs = dcs.Items
	if l.err != nil {
		return l
	}
	var operator appsv1.Deployment
	l.err = r.Client.Get(ctx, client.ObjectKey{Namespace: install.Namespace, Name: install.OperatorName}, &operator)
	l.fresh = rolledOut(&operator)
	return l
}

// rolledOut says that all pods of a Deployment are those of its template.
func rolledOut(d *appsv1.Deployment) bool {
	s := d.Status
	return s.ObservedGeneration == d.Generation && s.UpdatedReplicas == ptr.Deref(d.Spec.Replicas, 1) && s.UpdatedReplicas == s.Replicas && s.AvailableReplicas == s.Replicas
}

// settled tells everybody's news and whether all regions agree that all is done.
func (u *ringRun) settled(looks []look) bool {
	served := u.datacenters(looks)
	revision, agreed := "", true
	for _, l := range looks {
		who := progress.Subject{Region: l.region, Name: u.ring.Name}
		switch {
		case l.err != nil:
			u.report.Wait(progress.Subject{Region: l.region}, "its API server doesn't answer: "+l.err.Error())
			agreed = false
		case !l.fresh:
			u.report.Wait(who, "its operator starts")
			agreed = false
		case l.ring == nil:
			u.report.Wait(who, "its operator takes the ring over")
			agreed = false
		default:
			news := newsOfRing(l.ring)
			if news != "" && len(u.silentOf(u.ring)) > 0 && l.ring.Status.ObservedGeneration == l.ring.Generation {
				news = "" // it waits for regions that don't answer
			}
			if news != "" {
				agreed = false
				if !served && l.ring.Status.Error == k8ssandra.NoError {
					news = "" // its datacenters say more
				}
			}
			u.report.Wait(who, news)
			if revision == "" {
				revision = l.ring.Annotations[k8ssandra.RevisionAnnotation]
			}
			agreed = agreed && revision != "" && revision == l.ring.Annotations[k8ssandra.RevisionAnnotation]
		}
	}
	return served && agreed
}

// newsOfRing is empty when the region sees the ring ready.
func newsOfRing(k *k8ssandra.K8ssandraCluster) string {
	c := k.Status.Condition(k8ssandra.ClusterReady)
	switch {
	case c == nil || k.Status.ObservedGeneration != k.Generation:
		return "its operator looks at the ring"
	case c.Status == corev1.ConditionTrue:
		return ""
	case c.Message == "":
		return "not ready"
	}
	return c.Message
}

// datacenters tells their news, passes the stages of the boot, and says whether
// all serve.
func (u *ringRun) datacenters(looks []look) bool {
	placed, joined, ready := true, true, true
	for i := range u.ring.Spec.Cassandra.Datacenters {
		name := u.ring.Spec.Cassandra.Datacenters[i].Metadata.Name
		if !u.goesOn(u.ring.Spec.Cassandra.Datacenters[i].K8sContext) {
			continue
		}
		dc, where := find(looks, name)
		who := progress.Subject{Region: where, Name: name}
		if dc == nil {
			placed, joined, ready = false, false, false
			continue
		}
		addresses, ids := counts(dc)
		placed = placed && addresses >= int(dc.Spec.Size)
		joined = joined && ids >= int(dc.Spec.Size)
		if !serves(dc) {
			ready, u.done[name] = false, false
			u.report.Wait(who, datacenterNews(&dc.Status))
		} else if !u.done[name] {
			u.done[name] = true
			u.report.Line(who, fmt.Sprintf("all %d nodes serve", dc.Spec.Size))
		}
	}
	switch {
	case ready || placed && joined:
		u.passed(2)
	case placed:
		u.passed(1)
	}
	return ready
}

func find(looks []look, name string) (dc *cassandra.CassandraDatacenter, region string) {
	for _, l := range looks {
		for i := range l.dcs {
			if l.dcs[i].Name == name {
				return &l.dcs[i], l.region
			}
		}
	}
	return nil, ""
}

// counts are how many nodes have an address, and how many a host id.
func counts(dc *cassandra.CassandraDatacenter) (addresses, ids int) {
	for _, n := range dc.Status.NodeStatuses {
		if n.IP != "" {
			addresses++
		}
		if n.HostID != "" {
			ids++
		}
	}
	return addresses, ids
}

func serves(dc *cassandra.CassandraDatacenter) bool {
	return dc.Status.IsTrue(cassandra.DatacenterReady) && dc.Status.ObservedGeneration == dc.Generation
}

func datacenterNews(s *cassandra.CassandraDatacenterStatus) string {
	for _, kind := range []cassandra.DatacenterConditionType{cassandra.DatacenterHealthy, cassandra.DatacenterReady} {
		if c := s.Condition(kind); c != nil && c.Message != "" {
			return c.Message
		}
	}
	return "its operator begins"
}

// answers asks the nodes themselves: a status may be from before a restart.
func (u *ringRun) answers(ctx context.Context) bool {
	who := progress.Subject{Name: u.ring.Name}
	statuses, err := gather(ctx, u.ground, u.regions, "")
	if err != nil {
		u.report.Wait(who, err.Error())
		return false
	}
	for _, s := range statuses {
		if s.Ring != u.ring.Name || s.Namespace != u.ring.Namespace {
			continue
		}
		for _, d := range s.Datacenters {
			if d.Up < d.Size && u.goesOn(d.Region) {
				u.report.Wait(who, fmt.Sprintf("%d of %d nodes of %s answer", d.Up, d.Size, d.Name))
				return false
			}
		}
		return true
	}
	return false
}

// lastWords say what was waited for when time was up.
func lastWords(looks []look, ring string) string {
	var words []string
	for _, l := range looks {
		switch {
		case l.err != nil:
			words = append(words, fmt.Sprintf("region %s: %v", l.region, l.err))
		case l.ring == nil:
			words = append(words, fmt.Sprintf("region %s has no copy of ring %s", l.region, ring))
		}
		for i := range l.dcs {
			if !serves(&l.dcs[i]) {
				words = append(words, l.dcs[i].Name+": "+datacenterNews(&l.dcs[i].Status))
			}
		}
	}
	if len(words) == 0 {
		return "the regions do not agree yet"
	}
	return strings.Join(words, "; ")
}
