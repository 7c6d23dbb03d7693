package lifecycle

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/topology"
)

// copyOf is a ring's copy in a region.
func copyOf(in, id string, change ...func(*k8ssandra.K8ssandraCluster)) copyIn {
	c := copyIn{region: region.Region{Name: in}}
	c.object.Namespace, c.object.Name, c.object.UID = "ns", "ring", types.UID(in+id)
	c.object.Annotations = map[string]string{}
	if id != "" {
		c.object.Annotations[k8ssandra.RingIDAnnotation] = id
	}
	for _, f := range change {
		f(&c.object)
	}
	return c
}

func byUp(k *k8ssandra.K8ssandraCluster) {
	k.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: string(FieldOwner), Operation: metav1.ManagedFieldsOperationApply}}
}

func going(k *k8ssandra.K8ssandraCluster) {
	k.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
}

func asked(k *k8ssandra.K8ssandraCluster) {
	going(k)
	k.Annotations[deletion.Annotation] = deletion.Asked
}

func lost(k *k8ssandra.K8ssandraCluster) {
	going(k)
	k.Annotations[deletion.Annotation] = deletion.Lost
}

func hasSeen(regions string) func(*k8ssandra.K8ssandraCluster) {
	return func(k *k8ssandra.K8ssandraCluster) { k.Annotations[federation.RegionsAnnotation] = regions }
}

func holding(copies ...copyIn) held {
	h := held{rings: map[string][]copyIn{}}
	for _, c := range copies {
		h.rings[identity(&c.object)] = append(h.rings[identity(&c.object)], c)
	}
	return h
}

func TestWhichRingsAreDowns(t *testing.T) {
	for name, test := range map[string]struct {
		held held
		want []string // in the refusal; none means that down goes on
	}{
		"up made one copy, the others follow":        {holding(copyOf("west", "1", byUp), copyOf("central", "1")), nil},
		"nobody knows who made it":                   {holding(copyOf("west", "1"), copyOf("central", "1")), []string{"ring ns/ring was not made by"}},
		"up made one of two rings of the name":       {holding(copyOf("west", "1", byUp), copyOf("central", "2")), []string{"ring ns/ring (the one in central) was not made by"}},
		"copies without an id may be of two rings":   {holding(copyOf("west", "", byUp), copyOf("central", "")), []string{"ring ns/ring (the one in central) was not made by"}},
		"a former down was interrupted":              {holding(copyOf("central", "1", asked)), nil},
		"one copy is going, another one isn't":       {holding(copyOf("west", "1"), copyOf("central", "1", asked)), []string{"was not made by"}},
		"it is going, and nobody knows why":          {holding(copyOf("central", "1", going)), []string{"was not made by"}},
		"it was lost":                                {holding(copyOf("central", "1", lost)), []string{"was not made by"}},
		"a copy has seen one in a region not asked":  {holding(copyOf("west", "1", byUp, hasSeen("central=u east=v"))), []string{"ring ns/ring is also in region east,"}},
		"its regions are those that are asked":       {holding(copyOf("west", "1", byUp, hasSeen("central=u"))), nil},
		"one of a former down was in one, not asked": {holding(copyOf("west", "1", asked, hasSeen("east=v"))), []string{"is also in region east,"}},
	} {
		err := test.held.refuse([]string{"west", "central"})
		if len(test.want) == 0 && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		says(t, name, err, test.want...)
	}
}

func TestRingsThatKeepTheirVolumes(t *testing.T) {
	h := holding(copyOf("west", "1", byUp), copyOf("central", "1", func(k *k8ssandra.K8ssandraCluster) { k.Annotations[deletion.KeepVolumes] = "168h" }))
	if all := h.keepers(); len(all) != 1 || !strings.Contains(all[0], "ring ns/ring, for 168h") {
		t.Errorf("%v", all)
	}
	d := ExistingDown{}
	says(t, "volumes that would be kept", d.refuseKept(h.keepers()), "for 168h", "--leave-volumes")
	if d.LeaveVolumes = true; d.refuseKept(h.keepers()) != nil {
		t.Error("it was said that they may stay")
	}
	if !slices.Equal(h.names(), []string{"ns/ring"}) {
		t.Errorf("%v", h.names())
	}
}

// A claim of a datacenter that is there goes with it, unless it is of an earlier one or was lost.
func TestWhichVolumesAreKept(t *testing.T) {
	dc := &cassandra.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "dc1"}}
	dc.Spec.ClusterName = "My Ring"
	for name, test := range map[string]struct {
		change func(*claimIn)
		kept   bool
	}{
		"of the datacenter":        {func(*claimIn) {}, false},
		"which is being deleted":   {func(c *claimIn) { c.object.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }, false},
		"without the finalizer":    {func(c *claimIn) { c.object.Finalizers, c.region = nil, "central" }, false},
		"of one in another region": {func(c *claimIn) { c.region = "central" }, true},
		"of one that is gone":      {func(c *claimIn) { c.object.Labels[cassandra.DatacenterLabel] = "dc2" }, true},
		"of one in a namespace":    {func(c *claimIn) { c.object.Namespace = "other" }, true},
		"kept for a time":          {func(c *claimIn) { c.object.Annotations[deletion.KeptUntil] = "2027-01-01T00:00:00Z" }, true},
		"lost with a namespace":    {func(c *claimIn) { c.object.Annotations[deletion.Annotation] = deletion.Lost }, true},
	} {
		c := claimIn{region: "west"}
		c.object.Namespace, c.object.Name, c.object.Finalizers = "ns", "claim", []string{deletion.KeepData}
		c.object.Labels = map[string]string{cassandra.ClusterLabel: topology.CleanLabel("My Ring"), cassandra.DatacenterLabel: "dc1"}
		c.object.Annotations = map[string]string{}
		test.change(&c)
		h := held{owners: map[owner]bool{ownerOf("west", dc): true}, claims: []claimIn{c}}
		if kept := len(h.keptVolumes()) > 0; kept != test.kept {
			t.Errorf("%s: kept is %t", name, kept)
		}
	}
}

// says checks that an error has some parts.
func says(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v; it doesn't say %q", what, err, part)
		}
	}
}
