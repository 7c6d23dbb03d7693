package ringview

import (
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// Snapshot is what all regions said of rings when they were asked, in the order in
// which they were given.
type Snapshot struct {
	Regions []Region
}

// Region is what one region's API server and nodes said.
type Region struct {
	Name        string
	Err         error // why its API server gave no answer; what is unknown then isn't gone
	Rings       []k8ssandra.K8ssandraCluster
	Datacenters []cassandra.CassandraDatacenter
	Nodes       []ringstatus.View // of Datacenters, when the nodes were asked
	Operator    bool              // the operator that runs is the installed one, when that was asked
}

// Question is what is read.
type Question struct {
	Ring     *client.ObjectKey // this one alone; nil means all rings, and datacenters that belong to none
	Operator bool              // whether the operator that runs is the installed one
	Nodes    bool              // what one node of each datacenter says
	Keyspace string            // whose ownership the nodes tell; "" lets them choose
	Limit    time.Duration     // how long one region may take; 0 means region.AnswerLimit
}

// Silent are the regions that gave no answer.
func (s Snapshot) Silent() (all []Region) {
	for _, r := range s.Regions {
		if r.Err != nil {
			all = append(all, r)
		}
	}
	return all
}

// asked says whether the region of a datacenter was; one without a name is where its
// ring is.
func (s Snapshot) asked(region string) bool {
	return region == "" || slices.ContainsFunc(s.Regions, func(r Region) bool { return r.Name == region })
}

// copyOf is the region's copy of a ring; nil when it has none.
func (r *Region) copyOf(ring client.ObjectKey) *k8ssandra.K8ssandraCluster {
	for i := range r.Rings {
		if client.ObjectKeyFromObject(&r.Rings[i]) == ring {
			return &r.Rings[i]
		}
	}
	return nil
}

// datacenter finds a ring's datacenter by its name.
func (s Snapshot) datacenter(ring client.ObjectKey, name string) (dc *cassandra.CassandraDatacenter, region string) {
	for i := range s.Regions {
		r := &s.Regions[i]
		for j := range r.Datacenters {
			if dc := &r.Datacenters[j]; dc.Name == name && belongs(dc, ring) {
				return dc, r.Name
			}
		}
	}
	return nil, ""
}

func belongs(dc *cassandra.CassandraDatacenter, ring client.ObjectKey) bool {
	return dc.Labels[k8ssandra.ClusterNameLabel] == ring.Name && dc.Labels[k8ssandra.ClusterNamespaceLabel] == ring.Namespace
}
