package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// join makes one status a ring, and one for every datacenter that stands alone.
func join(facts []regionFacts) (out []ringstatus.Status) {
	seen := map[string]bool{}
	for _, f := range facts {
		for i := range f.rings {
			k := &f.rings[i]
			if key := k.Namespace + "/" + k.Name; !seen[key] {
				seen[key] = true
				out = append(out, ofRing(k, facts))
			}
		}
	}
	for _, f := range facts {
		for i := range f.dcs {
			if f.dcs[i].Labels[k8ssandra.ClusterNameLabel] == "" {
				out = append(out, ofLoner(f, i))
			}
		}
	}
	slices.SortStableFunc(out, func(a, b ringstatus.Status) int { return cmp.Compare(a.Ring, b.Ring) })
	return out
}

// ofRing joins what all regions say of a ring.
func ofRing(k *k8ssandra.K8ssandraCluster, facts []regionFacts) ringstatus.Status {
	s := ringstatus.Status{Ring: k.Name, Namespace: k.Namespace, Ready: true}
	var views []ringstatus.View
	var messages []string
	for _, f := range facts {
		r := regionOf(f, k)
		s.Regions = append(s.Regions, r)
		if r.Reachable && !r.Ready {
			s.Ready = false
			if r.Message != "" && !slices.Contains(messages, r.Message) {
				messages = append(messages, r.Message)
			}
		}
		for i := range f.dcs {
			if belongs(&f.dcs[i], k) {
				views = append(views, f.views[i])
				if why := f.views[i].Refused; why != "" {
					messages = append(messages, why)
				}
			}
		}
	}
	if k.Spec.Cassandra != nil {
		for _, t := range k.Spec.Cassandra.Datacenters {
			s.Datacenters = append(s.Datacenters, datacenterOf(t, k, facts))
		}
	}
	s.Nodes, s.Keyspace = ringstatus.Nodes(views)
	s.Summarize()
	s.Message = strings.Join(messages, "; ")
	if !s.Ready && s.Message == "" {
		s.Message = missing(s)
	}
	return s
}

// missing names the datacenters that lack nodes.
func missing(s ringstatus.Status) string {
	var all []string
	for _, d := range s.Datacenters {
		if d.Up < d.Size {
			all = append(all, fmt.Sprintf("%d of %d nodes of %s are up", d.Up, d.Size, d.Name))
		}
	}
	return strings.Join(all, "; ")
}

func belongs(dc *cassandra.CassandraDatacenter, k *k8ssandra.K8ssandraCluster) bool {
	return dc.Labels[k8ssandra.ClusterNameLabel] == k.Name && dc.Labels[k8ssandra.ClusterNamespaceLabel] == k.Namespace
}

// regionOf is a region's own view of a ring.
func regionOf(f regionFacts, k *k8ssandra.K8ssandraCluster) ringstatus.Region {
	r := ringstatus.Region{Name: f.region, Reachable: f.err == nil}
	if f.err != nil {
		r.Message = f.err.Error()
		return r
	}
	i := slices.IndexFunc(f.rings, func(c k8ssandra.K8ssandraCluster) bool { return c.Name == k.Name && c.Namespace == k.Namespace })
	if i < 0 {
		r.Message = "region " + f.region + " has not taken the ring over yet"
		return r
	}
	own := &f.rings[i]
	r.Revision = own.Annotations[k8ssandra.RevisionAnnotation]
	if c := own.Status.Condition(k8ssandra.ClusterReady); c != nil {
		r.Ready, r.Message = c.Status == corev1.ConditionTrue, c.Message
	}
	for _, p := range own.Status.Peers {
		r.Peers = append(r.Peers, ringstatus.Peer{Region: p.Region, Reachable: p.Reachable, Since: p.Since.UTC(), Message: p.Message})
	}
	return r
}

// datacenterOf is what is known of a datacenter: from its own region, or while
// that can't be asked, from what the other operators have last seen.
func datacenterOf(t k8ssandra.CassandraDatacenterTemplate, k *k8ssandra.K8ssandraCluster, facts []regionFacts) ringstatus.Datacenter {
	d := ringstatus.Datacenter{Name: cmp.Or(t.DatacenterName, t.Metadata.Name), Region: t.K8sContext, Size: int(t.Size)}
	for _, f := range facts {
		for i := range f.dcs {
			if dc := &f.dcs[i]; belongs(dc, k) && dc.Name == t.Metadata.Name {
				d.Region = f.region
				tell(&d, &dc.Status)
				return d
			}
		}
	}
	if s := k.Status.Datacenters[t.Metadata.Name].Cassandra; s != nil {
		tell(&d, s)
	}
	return d
}

func ofLoner(f regionFacts, i int) ringstatus.Status {
	dc := &f.dcs[i]
	d := ringstatus.Datacenter{Name: cmp.Or(dc.Spec.DatacenterName, dc.Name), Region: f.region, Size: int(dc.Spec.Size)}
	tell(&d, &dc.Status)
	s := ringstatus.Status{Ring: dc.Spec.ClusterName, Namespace: dc.Namespace, Ready: d.Ready, Message: d.Message,
		Datacenters: []ringstatus.Datacenter{d}, Regions: []ringstatus.Region{{Name: f.region, Reachable: true, Ready: d.Ready}}}
	s.Nodes, s.Keyspace = ringstatus.Nodes(f.views[i : i+1])
	s.Summarize()
	return s
}

func tell(d *ringstatus.Datacenter, s *cassandra.CassandraDatacenterStatus) {
	d.Ready = s.IsTrue(cassandra.DatacenterReady)
	if !d.Ready {
		d.Message = datacenterNews(s)
	}
}
