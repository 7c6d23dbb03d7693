package ringview

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// Statuses joins what all regions say: one status a ring, and one for every datacenter
// that stands alone. It is an error when no region answers, or when none of the nodes
// knows the keyspace that they were asked about ("" is any).
func (s Snapshot) Statuses(keyspace string) ([]ringstatus.Status, error) {
	if silent := s.Silent(); len(silent) == len(s.Regions) {
		var failed []string
		for _, r := range silent {
			failed = append(failed, fmt.Sprintf("region %s: %v", r.Name, r.Err))
		}
		return nil, fmt.Errorf("no region answers: %s", strings.Join(failed, "; "))
	}
	all := append(s.rings(), s.standalone()...)
	if keyspace != "" && !slices.ContainsFunc(all, func(s ringstatus.Status) bool { return s.Keyspace != "" }) {
		return nil, fmt.Errorf("--keyspace %s: no node knows who owns it; is there such a keyspace?", keyspace)
	}
	slices.SortStableFunc(all, func(a, b ringstatus.Status) int { return cmp.Compare(a.Ring, b.Ring) })
	return all, nil
}

// rings are the statuses of all rings of which some region has a copy.
func (s Snapshot) rings() (all []ringstatus.Status) {
	seen := map[client.ObjectKey]bool{}
	for i := range s.Regions {
		for j := range s.Regions[i].Rings {
			k := &s.Regions[i].Rings[j]
			if key := client.ObjectKeyFromObject(k); !seen[key] {
				seen[key] = true
				all = append(all, s.status(k))
			}
		}
	}
	return all
}

// standalone are the statuses of datacenters that belong to no ring.
func (s Snapshot) standalone() (all []ringstatus.Status) {
	for i := range s.Regions {
		for j := range s.Regions[i].Datacenters {
			if s.Regions[i].Datacenters[j].Labels[k8ssandra.ClusterNameLabel] == "" {
				all = append(all, s.Regions[i].standalone(j))
			}
		}
	}
	return all
}

// status joins what all regions say of a ring; k is one of its copies.
func (s Snapshot) status(k *k8ssandra.K8ssandraCluster) ringstatus.Status {
	ring := client.ObjectKeyFromObject(k)
	out := ringstatus.Status{Ring: k.Name, Namespace: k.Namespace, Ready: true}
	var views []ringstatus.View
	var messages []string
	for i := range s.Regions {
		r := s.Regions[i].status(ring)
		out.Regions = append(out.Regions, r)
		if r.Reachable && !r.Ready {
			out.Ready = false
			if r.Message != "" && !slices.Contains(messages, r.Message) {
				messages = append(messages, r.Message)
			}
		}
		for _, v := range s.Regions[i].nodesOf(ring) {
			views = append(views, v)
			if v.Refused != "" {
				messages = append(messages, v.Refused)
			}
		}
	}
	if k.Spec.Cassandra != nil {
		for _, t := range k.Spec.Cassandra.Datacenters {
			out.Datacenters = append(out.Datacenters, s.datacenterStatus(t, k))
		}
	}
	out.Datacenters = append(out.Datacenters, s.leaving(k)...)
	out.Nodes, out.Keyspace = ringstatus.Nodes(views)
	out.AddExternal(k.Spec.ExternalDatacenters)
	out.Summarize()
	out.Message = strings.Join(messages, "; ")
	if !out.Ready && out.Message == "" {
		out.Message = missing(out)
	}
	return out
}

// nodesOf are what the nodes of a ring's datacenters in the region said.
func (r *Region) nodesOf(ring client.ObjectKey) (all []ringstatus.View) {
	for i := range r.Nodes {
		if belongs(&r.Datacenters[i], ring) {
			all = append(all, r.Nodes[i])
		}
	}
	return all
}

// missing names the datacenters that lack nodes.
func missing(s ringstatus.Status) string {
	var all []string
	for _, d := range s.Datacenters {
		if d.Up < d.Size && !d.External {
			all = append(all, fmt.Sprintf("%d of %d nodes of %s are up", d.Up, d.Size, d.Name))
		}
	}
	return strings.Join(all, "; ")
}

// status is a region's own view of a ring.
func (r *Region) status(ring client.ObjectKey) ringstatus.Region {
	out := ringstatus.Region{Name: r.Name, Reachable: r.Err == nil}
	if r.Err != nil {
		out.Message = r.Err.Error()
		return out
	}
	k := r.copyOf(ring)
	if k == nil {
		out.Message = "region " + r.Name + " has not taken the ring over yet"
		return out
	}
	out.Revision = k.Annotations[k8ssandra.RevisionAnnotation]
	out.Ready = ringWaits(k) == ""
	if observed(k) {
		out.Message = k.Status.Condition(k8ssandra.ClusterReady).Message
	} else {
		out.Message = "the operator of region " + r.Name + " looks at the ring"
	}
	for _, p := range k.Status.Peers {
		out.Peers = append(out.Peers, ringstatus.Peer{Region: p.Region, Reachable: p.Reachable, Since: p.Since.UTC(), Message: p.Message})
	}
	return out
}

// datacenterStatus is what is known of a datacenter: from its own region, or while
// that can't be asked, from what the other operators have last seen.
func (s Snapshot) datacenterStatus(t k8ssandra.CassandraDatacenterTemplate, k *k8ssandra.K8ssandraCluster) ringstatus.Datacenter {
	d := ringstatus.Datacenter{Name: t.CassandraName(), Region: t.K8sContext, Size: int(t.Size)}
	if dc, region := s.datacenter(client.ObjectKeyFromObject(k), t.Metadata.Name); dc != nil {
		d.Region = region
		describe(&d, &dc.Status)
	} else if last := k.Status.Datacenters[t.Metadata.Name].Cassandra; last != nil {
		describe(&d, last)
	}
	return d
}

// leaving are the datacenters that the ring's spec doesn't name any more and that haven't left yet. No node of theirs is wanted.
func (s Snapshot) leaving(k *k8ssandra.K8ssandraCluster) (all []ringstatus.Datacenter) {
	if k.Spec.Cassandra == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(k.Status.Datacenters)) {
		last := k.Status.Datacenters[name]
		if last.DecommissionProgress == k8ssandra.DecommNone || slices.ContainsFunc(k.Spec.Cassandra.Datacenters, func(t k8ssandra.CassandraDatacenterTemplate) bool { return t.Metadata.Name == name }) {
			continue
		}
		d := ringstatus.Datacenter{Name: name, Region: last.ContextName}
		status := last.Cassandra
		if dc, _ := s.datacenter(client.ObjectKeyFromObject(k), name); dc != nil {
			d.Name, status = dc.CassandraName(), &dc.Status
		}
		d.Message = "leaves the ring: " + string(last.DecommissionProgress)
		if status == nil {
			status = &cassandra.CassandraDatacenterStatus{}
		}
		if c := status.Condition(cassandra.DatacenterDecommission); c != nil && c.Message != "" {
			d.Message += ", " + c.Message
		}
		all = append(all, d)
	}
	return all
}

// standalone is the status of a datacenter without a ring.
func (r *Region) standalone(i int) ringstatus.Status {
	dc := &r.Datacenters[i]
	d := ringstatus.Datacenter{Name: dc.CassandraName(), Region: r.Name, Size: int(dc.Spec.Size)}
	describe(&d, &dc.Status)
	s := ringstatus.Status{
		Ring: dc.Spec.ClusterName, Namespace: dc.Namespace, Ready: d.Ready, Message: d.Message,
		Datacenters: []ringstatus.Datacenter{d}, Regions: []ringstatus.Region{{Name: r.Name, Reachable: true, Ready: d.Ready}},
	}
	if i < len(r.Nodes) {
		s.Nodes, s.Keyspace = ringstatus.Nodes(r.Nodes[i : i+1])
	}
	s.Summarize()
	return s
}

func describe(d *ringstatus.Datacenter, s *cassandra.CassandraDatacenterStatus) {
	d.Ready = s.IsTrue(cassandra.DatacenterReady)
	if d.Message = cmp.Or(surplusWaits(s), changeWaits(s, s.SeenGeneration)); !d.Ready {
		d.Message = statusWaits(s)
	}
	if c := s.Condition(cassandra.DatacenterRingDisruptionBudget); d.Message == "" && c != nil && c.Reason == cassandra.ReasonWaiting {
		d.Message = c.Message // who waits for whom
	}
}
