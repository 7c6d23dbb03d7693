package ringview

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

var ringKey = client.ObjectKey{Namespace: "default", Name: "ring"}

func wanted() Wanted {
	return Wanted{Ring: ringKey, Datacenters: ringIn(corev1.ConditionTrue, "").Spec.Cassandra.Datacenters}
}

// settled is a ring that everybody sees ready, with all nodes in it.
func settled() []Region {
	all := wholeRing()
	for i := range all {
		all[i].Operator = true
		all[i].Datacenters[0].Status.NodeStatuses = cassandra.CassandraStatusMap{"pod": {IP: "10.0.0.1", HostID: "id"}}
	}
	return all
}

// The regions are central with dc2, then west with dc1.
func TestJudge(t *testing.T) {
	serve := []DatacenterVerdict{{Name: "dc1", Region: "west", Size: 1}, {Name: "dc2", Region: "central", Size: 1}}
	quiet := []RegionVerdict{{Region: "central"}, {Region: "west"}}
	waits := func(first, second string) []RegionVerdict {
		return []RegionVerdict{{Region: "central", Waits: first}, {Region: "west", Waits: second}}
	}
	for _, c := range []struct {
		why    string
		change func([]Region) []Region
		want   Verdict
	}{
		{"all is well", func(r []Region) []Region { return r }, Verdict{Ready: true, Stage: Joined, Regions: quiet, Datacenters: serve}},
		{
			"a region's API server doesn't answer", func(r []Region) []Region { r[0] = Region{Name: "central", Err: errors.New("refused")}; return r },
			Verdict{Regions: []RegionVerdict{{Region: "central", Silent: true, Waits: "its API server doesn't answer: refused"}, {Region: "west"}}, Datacenters: serve[:1]},
		},
		{
			"an operator from before the installation runs", func(r []Region) []Region { r[1].Operator = false; return r },
			Verdict{Stage: Joined, Regions: waits("", "its operator starts"), Datacenters: serve},
		},
		{
			"a region has no copy", func(r []Region) []Region { r[0].Rings = nil; return r },
			Verdict{Stage: Joined, Regions: waits("its operator takes the ring over", ""), Datacenters: serve},
		},
		{
			"a copy was edited since its operator looked", func(r []Region) []Region { r[0].Rings[0].Generation = 2; return r },
			Verdict{Stage: Joined, Regions: waits("its operator looks at the ring", ""), Datacenters: serve},
		},
		{
			"two copies differ", func(r []Region) []Region {
				r[0].Rings[0].Annotations = map[string]string{k8ssandra.RevisionAnnotation: "2/central/def"}
				return r
			},
			Verdict{Stage: Joined, Regions: quiet, Datacenters: serve},
		},
		{
			"no copy has a revision yet", func(r []Region) []Region { r[0].Rings[0].Annotations, r[1].Rings[0].Annotations = nil, nil; return r },
			Verdict{Stage: Joined, Regions: quiet, Datacenters: serve},
		},
		{
			"a region waits while all datacenters serve", func(r []Region) []Region { r[1].Rings[0] = ringIn("False", "waiting for central"); return r },
			Verdict{Stage: Joined, Regions: waits("", "waiting for central"), Datacenters: serve},
		},
		{
			"a region waits for a datacenter, which says more", func(r []Region) []Region {
				r[1].Rings[0] = ringIn("False", "datacenter dc1 is not ready")
				r[1].Rings[0].Status.Error = k8ssandra.NoError
				r[1].Datacenters[0] = datacenter("dc1", "False", "waiting for pod x")
				return r
			},
			Verdict{Regions: quiet, Datacenters: []DatacenterVerdict{{Name: "dc1", Region: "west", Size: 1, Waits: "waiting for pod x"}, serve[1]}},
		},
		{
			"an error of a region is told beside its datacenters", func(r []Region) []Region {
				r[1].Rings[0] = ringIn("False", "it is refused")
				r[1].Rings[0].Status.Error = "it is refused"
				r[1].Datacenters[0] = datacenter("dc1", "False", "")
				return r
			},
			Verdict{Regions: waits("", "it is refused"), Datacenters: []DatacenterVerdict{{Name: "dc1", Region: "west", Size: 1, Waits: "its operator begins"}, serve[1]}},
		},
		{
			"a datacenter was edited since its operator looked", func(r []Region) []Region { r[1].Datacenters[0].Generation = 2; return r },
			Verdict{Stage: Joined, Regions: quiet, Datacenters: []DatacenterVerdict{{Name: "dc1", Region: "west", Size: 1, Waits: "its operator begins"}, serve[1]}},
		},
		{
			"a node has an address and is no member yet", func(r []Region) []Region {
				r[1].Datacenters[0] = datacenter("dc1", "False", "waiting for pod x")
				r[1].Datacenters[0].Status.NodeStatuses = cassandra.CassandraStatusMap{"pod": {IP: "10.0.0.1"}}
				return r
			},
			Verdict{Stage: Placed, Regions: quiet, Datacenters: []DatacenterVerdict{{Name: "dc1", Region: "west", Size: 1, Waits: "waiting for pod x"}, serve[1]}},
		},
		{
			"a node leaves a datacenter that serves", func(r []Region) []Region {
				s := &r[1].Datacenters[0].Status
				s.Conditions = append(s.Conditions, cassandra.DatacenterCondition{Type: cassandra.DatacenterScalingDown, Status: "True", Reason: cassandra.ReasonWaiting, Message: "waiting for node x to leave the ring"})
				return r
			},
			Verdict{Stage: Joined, Regions: quiet, Datacenters: []DatacenterVerdict{{Name: "dc1", Region: "west", Size: 1, Waits: "waiting for node x to leave the ring"}, serve[1]}},
		},
		{
			"a size is refused, and the datacenter serves with more nodes", func(r []Region) []Region {
				s := &r[1].Datacenters[0].Status
				s.Conditions = append(s.Conditions,
					cassandra.DatacenterCondition{Type: cassandra.DatacenterValid, Status: "False", Reason: cassandra.ReasonTooManyReplicas, Message: "spec.size: too few nodes"},
					cassandra.DatacenterCondition{Type: cassandra.DatacenterScalingDown, Status: "False", Reason: cassandra.ReasonReconciled})
				return r
			},
			Verdict{Stage: Joined, Regions: quiet, Datacenters: []DatacenterVerdict{{Name: "dc1", Region: "west", Size: 1, Waits: "spec.size: too few nodes"}, serve[1]}},
		},
		{
			"a datacenter isn't there yet", func(r []Region) []Region { r[1].Datacenters = nil; return r },
			Verdict{Regions: quiet, Datacenters: serve[1:]},
		},
		{
			"a region was left out, for which the other one waits", func(r []Region) []Region { r[1].Rings[0] = ringIn("False", "waiting for central"); return r[1:] },
			Verdict{Ready: true, Stage: Joined, Regions: quiet[1:], Datacenters: serve[:1], LeftOut: []string{"central"}},
		},
		{
			"a region was left out, and the other one hasn't looked at the edit", func(r []Region) []Region { r[1].Rings[0].Generation = 2; return r[1:] },
			Verdict{Stage: Joined, Regions: []RegionVerdict{{Region: "west", Waits: "its operator looks at the ring"}}, Datacenters: serve[:1], LeftOut: []string{"central"}},
		},
		{
			"a datacenter serves while its nodes restart for a change", func(r []Region) []Region {
				dc := &r[1].Datacenters[0]
				dc.Generation, dc.Status.SeenGeneration, dc.Status.ObservedGeneration, dc.Status.Roll = 2, 2, 1, &cassandra.RollStatus{Done: 1, Of: 3}
				dc.Status.Conditions = append(dc.Status.Conditions, cassandra.DatacenterCondition{Type: cassandra.DatacenterUpdating, Status: "True", Message: "waiting for pod x to be ready"})
				return r
			},
			Verdict{Stage: Joined, Regions: quiet, Datacenters: []DatacenterVerdict{{Name: "dc1", Region: "west", Size: 1, Waits: "1 of 3 nodes are as the spec asks; waiting for pod x to be ready"}, serve[1]}},
		},
		{
			"a change waits for consent", func(r []Region) []Region {
				dc := &r[1].Datacenters[0]
				dc.Generation, dc.Status.SeenGeneration, dc.Status.ObservedGeneration, dc.Status.Roll = 2, 2, 1, &cassandra.RollStatus{Of: 3}
				dc.Status.Conditions = append(dc.Status.Conditions, cassandra.DatacenterCondition{Type: cassandra.DatacenterRequiresConsent, Status: "True", Message: "the spec asks for a change"})
				return r
			},
			Verdict{Stage: Joined, Regions: quiet, Datacenters: []DatacenterVerdict{{Name: "dc1", Region: "west", Size: 1, Waits: "0 of 3 nodes are as the spec asks; the spec asks for a change"}, serve[1]}},
		},
		{
			"a change is refused, and the datacenter serves as it is", func(r []Region) []Region {
				dc := &r[1].Datacenters[0]
				dc.Generation, dc.Status.SeenGeneration, dc.Status.ObservedGeneration = 2, 2, 1
				dc.Status.Conditions = append(dc.Status.Conditions, cassandra.DatacenterCondition{Type: cassandra.DatacenterValid, Status: "False", Message: "spec.config: no"})
				return r
			},
			Verdict{Stage: Joined, Regions: quiet, Datacenters: []DatacenterVerdict{{Name: "dc1", Region: "west", Size: 1, Waits: "spec.config: no"}, serve[1]}},
		},
		{
			"a datacenter has yet to begin with a change that its operator has seen", func(r []Region) []Region {
				dc := &r[1].Datacenters[0]
				dc.Generation, dc.Status.SeenGeneration, dc.Status.ObservedGeneration = 2, 2, 1
				return r
			},
			Verdict{Stage: Joined, Regions: quiet, Datacenters: []DatacenterVerdict{{Name: "dc1", Region: "west", Size: 1, Waits: "its operator carries the change out"}, serve[1]}},
		},
		{
			"a ring's revision isn't carried out in a datacenter that has done all that it was asked so far", func(r []Region) []Region {
				k := &r[1].Rings[0]
				k.Generation, k.Status.SeenGeneration, k.Status.ObservedGeneration = 2, 2, 1
				k.Status.Datacenters = map[string]k8ssandra.K8ssandraStatus{"dc1": {DoneRevision: "0/west/abc"}}
				return r
			},
			Verdict{Stage: Joined, Regions: quiet, Datacenters: []DatacenterVerdict{{Name: "dc1", Region: "west", Size: 1, Waits: "its operator carries revision 1/west/abc of the ring out"}, serve[1]}},
		},
		{
			"a revision is carried out, with another region left out for which the ring waits", func(r []Region) []Region {
				r[1].Rings[0] = ringIn("False", "waiting for central")
				k := &r[1].Rings[0]
				k.Generation, k.Status.SeenGeneration, k.Status.ObservedGeneration = 2, 2, 1
				k.Status.Datacenters = map[string]k8ssandra.K8ssandraStatus{"dc1": {DoneRevision: "1/west/abc"}}
				return r[1:]
			},
			Verdict{Ready: true, Stage: Joined, Regions: quiet[1:], Datacenters: serve[:1], LeftOut: []string{"central"}},
		},
		{
			"a datacenter is stopped, as was asked", func(r []Region) []Region {
				dc := &r[1].Datacenters[0]
				*dc = datacenter("dc1", "False", "")
				dc.Spec.Stopped = true
				dc.Status.Conditions = append(dc.Status.Conditions, cassandra.DatacenterCondition{Type: cassandra.DatacenterStopped, Status: "True"})
				return r
			},
			Verdict{Ready: true, Stage: Joined, Regions: quiet, Datacenters: []DatacenterVerdict{{Name: "dc1", Region: "west", Size: 1, Stopped: true}, serve[1]}},
		},
		{
			"a datacenter has yet to stop", func(r []Region) []Region {
				r[1].Datacenters[0].Spec.Stopped = true
				r[1].Datacenters[0].Status.Conditions[0].Message = "waiting for 1 node to stop"
				return r
			},
			Verdict{Stage: Joined, Regions: quiet, Datacenters: []DatacenterVerdict{{Name: "dc1", Region: "west", Size: 1, Stopped: true, Waits: "waiting for 1 node to stop"}, serve[1]}},
		},
		{
			"another ring's datacenter of the name is none of this ring's", func(r []Region) []Region {
				r[1].Datacenters[0].Labels = map[string]string{k8ssandra.ClusterNameLabel: "ring", k8ssandra.ClusterNamespaceLabel: "other"}
				return r
			},
			Verdict{Regions: quiet, Datacenters: serve[1:]},
		},
	} {
		if diff := cmp.Diff(c.want, Judge(Snapshot{c.change(settled())}, wanted())); diff != "" {
			t.Errorf("%s: %s", c.why, diff)
		}
	}
}

func TestBlockers(t *testing.T) {
	s := Snapshot{[]Region{
		{Name: "west", Rings: []k8ssandra.K8ssandraCluster{ringIn("False", "")}, Datacenters: []cassandra.CassandraDatacenter{datacenter("dc1", "False", "waiting for pod x")}},
		{Name: "central", Err: errors.New("refused")},
		{Name: "north"},
	}}
	want := "dc1: waiting for pod x; region central: refused; region north has no copy of ring ring"
	if got := Blockers(s, ringKey); got != want {
		t.Errorf("%s", got)
	}
	if got := Blockers(Snapshot{}, ringKey); got != "the regions do not agree yet" {
		t.Errorf("%s", got)
	}
}
