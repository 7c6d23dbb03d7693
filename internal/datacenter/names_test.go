package datacenter

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
)

func underscored() *api.CassandraDatacenter {
	dc := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc1"}}
	dc.Spec.ClusterName, dc.Spec.DatacenterName = "Test_Ring", "DC_1"
	dc.Spec.Racks = []api.Rack{{Name: "r_1"}, {Name: "r1x"}}
	return dc
}

// What is there decides which names a datacenter has.
func TestNamesAreReadFromWhatIsThere(t *testing.T) {
	member := func(dc *api.CassandraDatacenter, pod, rack string) {
		dc.Status.NodeStatuses = map[string]api.CassandraNodeStatus{pod: {HostID: "id", Rack: rack}}
	}
	for _, c := range []struct {
		why    string
		change func(*api.CassandraDatacenter)
		use    NamesInUse
		form   string
		both   bool
	}{
		{why: "nothing is there"},
		{why: "a StatefulSet of the first version", use: NamesInUse{StatefulSets: []string{"testring-dc1-r1-sts"}}, form: api.NamesFormer},
		{why: "one as cass-operator names it", use: NamesInUse{StatefulSets: []string{"test-ring-dc1-r-1-sts"}}, form: api.NamesOfCassOperator},
		{why: "all StatefulSets are lost, and pods are left", use: NamesInUse{Pods: []string{"testring-dc1-r1-sts-0"}}, form: api.NamesFormer},
		{why: "only volumes are left", use: NamesInUse{Claims: []string{"server-data-testring-dc1-r1-sts-0"}}, form: api.NamesFormer},
		{why: "volumes of racks that the spec hasn't", use: NamesInUse{Claims: []string{"server-data-testring-dc1-zone9-sts-0"}}, form: api.NamesFormer},
		{why: "other volumes than the data's", use: NamesInUse{Claims: []string{"logs-testring-dc1-r1-sts-0"}}},
		{why: "only the status knows members", change: func(dc *api.CassandraDatacenter) { member(dc, "testring-dc1-r1-sts-0", "r_1") }, form: api.NamesFormer},
		{why: "a rack that is taken out of the spec", change: func(dc *api.CassandraDatacenter) {
			dc.Spec.ClusterName, dc.Spec.DatacenterName, dc.Spec.Racks = "ring", "", []api.Rack{{Name: "r1"}}
		}, use: NamesInUse{StatefulSets: []string{"ring-dc1-r1-sts", "ring-dc1-r2-sts"}, Racks: []string{"r1", "r_2"}}, form: api.NamesFormer},
		{why: "both have a rack of that name", change: func(dc *api.CassandraDatacenter) {
			dc.Spec.ClusterName, dc.Spec.DatacenterName, dc.Spec.Racks = "ring", "", []api.Rack{{Name: "r_2"}, {Name: "r2"}}
		}, use: NamesInUse{StatefulSets: []string{"ring-dc1-r2-sts"}}},
		{why: "StatefulSets under both names", use: NamesInUse{StatefulSets: []string{"testring-dc1-r1-sts", "test-ring-dc1-r-1-sts"}}, both: true},
		{why: "empty StatefulSets beside volumes of the other name", use: NamesInUse{StatefulSets: []string{"test-ring-dc1-r-1-sts"}, Claims: []string{"server-data-testring-dc1-r1-sts-0"}}, both: true},
		{why: "objects of nobody's names", use: NamesInUse{StatefulSets: []string{"web"}, Pods: []string{"debug"}, Claims: []string{"server-data"}}},
	} {
		dc := underscored()
		if c.change != nil {
			c.change(dc)
		}
		form, refused := c.use.data(dc).form()
		if form != c.form || (refused != "") != c.both {
			t.Errorf("%s: %q, %q", c.why, form, refused)
		}
		for _, name := range c.use.StatefulSets {
			if c.both && !strings.Contains(refused, name) {
				t.Errorf("%s: %s isn't named: %s", c.why, name, refused)
			}
		}
	}
}

// Services are made first, and have no data.
func TestServicesTellNamesToo(t *testing.T) {
	for service, want := range map[string]string{"testring-dc1-all-pods-service": api.NamesFormer, "test-ring-dc1-all-pods-service": api.NamesOfCassOperator, "other": ""} {
		use := NamesInUse{Services: []string{service}}
		if form, refused := use.made(underscored()).form(); form != want || refused != "" {
			t.Errorf("%s: %q %q", service, form, refused)
		}
	}
}

// Data goes before the record, the record before what has no data, and that before the others of the cluster.
func TestWhatDecidesAboutNames(t *testing.T) {
	beside := func(form string, age int64) api.CassandraDatacenter {
		dc := *underscored()
		dc.Name, dc.UID, dc.CreationTimestamp = "dc0", "other", metav1.Unix(age, 0)
		if form != "" {
			dc.Annotations = map[string]string{api.NamesAnnotation: form}
		}
		return dc
	}
	older, younger, deleted := beside("", 1), beside("", 9), beside("", 1)
	deleted.DeletionTimestamp = new(metav1.Unix(1, 0))
	former := NamesInUse{Services: []string{"testring-dc1-all-pods-service"}}
	for _, c := range []struct {
		why          string
		record       string
		use          NamesInUse
		deleting     bool
		form, beside string
	}{
		{why: "nothing is there", form: api.NamesOfCassOperator},
		{why: "it was put on record, and the operator ended before it made anything", record: api.NamesFormer, form: api.NamesFormer},
		{why: "a record that nobody knows", record: "later", form: api.NamesOfCassOperator},
		{why: "an older operator has made its own in between", record: api.NamesOfCassOperator, use: NamesInUse{StatefulSets: []string{"testring-dc1-r1-sts"}}, form: api.NamesFormer},
		{why: "the volumes of an earlier one are left", use: NamesInUse{Claims: []string{"server-data-testring-dc1-r1-sts-0"}}, form: api.NamesFormer},
		{why: "a person has restored volumes, without labels", record: api.NamesOfCassOperator, use: NamesInUse{LooseClaims: []string{"server-data-testring-dc1-r1-sts-0"}}, form: api.NamesFormer},
		{why: "somebody's volumes look like it", use: NamesInUse{LooseClaims: []string{"server-data-testring-dc1-zone9-sts-0"}}, form: api.NamesOfCassOperator},
		{why: "Services of the first version", use: former, form: api.NamesFormer},
		{why: "Services, and another record", record: api.NamesOfCassOperator, use: former, form: api.NamesOfCassOperator},
		{why: "a datacenter of the cluster has former names", use: NamesInUse{Cluster: []api.CassandraDatacenter{beside(api.NamesFormer, 9)}}, form: api.NamesFormer},
		{why: "one has cass-operator's", use: NamesInUse{Cluster: []api.CassandraDatacenter{beside(api.NamesOfCassOperator, 1)}}, form: api.NamesOfCassOperator},
		{why: "an older one has yet to choose", use: NamesInUse{Cluster: []api.CassandraDatacenter{older}}, beside: "dc0"},
		{why: "a younger one has yet to choose", use: NamesInUse{Cluster: []api.CassandraDatacenter{younger}}, form: api.NamesOfCassOperator},
		{why: "an older one goes", use: NamesInUse{Cluster: []api.CassandraDatacenter{deleted}}, form: api.NamesOfCassOperator},
		{why: "it goes itself, and nothing is there", deleting: true},
		{why: "it goes itself, and has data", deleting: true, use: NamesInUse{Pods: []string{"testring-dc1-r1-sts-0"}}, form: api.NamesFormer},
	} {
		dc := underscored()
		dc.UID, dc.CreationTimestamp = "own", metav1.Unix(5, 0)
		if c.record != "" {
			dc.Annotations = map[string]string{api.NamesAnnotation: c.record}
		}
		if c.deleting {
			dc.DeletionTimestamp = new(metav1.Unix(1, 0))
		}
		form, refused := c.use.Decide(dc)
		if form != c.form && c.beside == "" || (refused != "") != (c.beside != "") || !strings.Contains(refused, c.beside) {
			t.Errorf("%s: %q %q", c.why, form, refused)
		}
	}
}

// Of a namespace's claims the labelled ones are their datacenters', and those without labels anybody's.
func TestClaimsOfOthersTellNoNames(t *testing.T) {
	dc, use := underscored(), NamesInUse{}
	for name, labels := range map[string]map[string]string{
		"own": Selector(dc), "loose": nil, "others": {api.ClusterLabel: "TestRing", api.DatacenterLabel: "dc2"}, "of another cluster": {api.ClusterLabel: "other", api.DatacenterLabel: "dc1"},
	} {
		use.AddClaim(dc, &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
	}
	if len(use.Claims) != 1 || use.Claims[0] != "own" || len(use.LooseClaims) != 1 || use.LooseClaims[0] != "loose" {
		t.Errorf("%+v", use)
	}
}

// Where all of a datacenter goes it doesn't matter how it is named; where nodes leave a ring before, it does.
func TestWhoIsDeletedWhole(t *testing.T) {
	dc := underscored()
	if IsDeletedWhole(dc) {
		t.Error("it isn't being deleted")
	}
	if dc.DeletionTimestamp = new(metav1.Unix(1, 0)); !IsDeletedWhole(dc) {
		t.Error("it is being deleted")
	}
	if dc.Annotations = map[string]string{api.DecommissionOnDeleteAnnotation: "true"}; IsDeletedWhole(dc) {
		t.Error("its nodes leave the ring before")
	}
}

func TestNamesThatAreOnRecord(t *testing.T) {
	dc := underscored()
	if got := NamesOf(dc).StatefulSet("r_1"); got != "testring-dc1-r1-sts" {
		t.Error("without a record:", got)
	}
	dc.Annotations = map[string]string{api.NamesAnnotation: api.NamesOfCassOperator}
	dc.Spec.DatacenterName = "elsewhere"
	if got := NamesOf(dc).StatefulSet("r_1"); got != "test-ring-dc1-r-1-sts" {
		t.Error("as cass-operator:", got)
	}
	if !NamesDiffer(dc) {
		t.Error("they differ")
	}
	plain := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc1"}}
	plain.Spec.ClusterName, plain.Spec.Racks = "Multi Region", []api.Rack{{Name: "Rack-1"}}
	if NamesDiffer(plain) {
		t.Error("both ways give the same")
	}
}

// Without the record the planner works as the first version does: it makes nothing beside StatefulSets of other names.
func TestAnOperatorThatKnowsNoRecordMakesNothingBesideOtherNames(t *testing.T) {
	s := state(func(dc *api.CassandraDatacenter) {
		dc.Spec.ClusterName = "Test_Ring"
		dc.Annotations = map[string]string{api.NamesAnnotation: api.NamesOfCassOperator}
	})
	set, err := s.StatefulSet(s.DC.Spec.Racks[0], 1)
	if err != nil {
		t.Fatal(err)
	}
	delete(s.DC.Annotations, api.NamesAnnotation)
	s.StatefulSets = map[string]*appsv1.StatefulSet{}
	s.NoteRemovedSet(set)
	if p := Make(s); len(p.Steps) > 0 || p.Invalid == "" {
		t.Errorf("%s", p)
	}
}

// Names that Kubernetes wouldn't take are refused with the field, in datacenters that are named like cass-operator's.
func TestNamesThatCantBe(t *testing.T) {
	for _, c := range []struct{ cluster, rack, field string }{
		{"123", "r1", "spec.clusterName"},
		{"ring", "a.b", "spec.racks"},
		{"ring", "__", "spec.racks"},
		{"ring", "2b", ""},
		{"ring", "A_b", ""},
		{strings.Repeat("x", 40), strings.Repeat("y", 20), "spec.racks"},
	} {
		s := state(func(dc *api.CassandraDatacenter) {
			dc.Spec.ClusterName, dc.Spec.Racks = c.cluster, []api.Rack{{Name: c.rack}}
			dc.Annotations = map[string]string{api.NamesAnnotation: api.NamesOfCassOperator}
		})
		if bad := s.badNames(); (bad == "") != (c.field == "") || !strings.HasPrefix(bad, c.field) {
			t.Errorf("%q %q: %q", c.cluster, c.rack, bad)
		}
		s.DC.Annotations[api.NamesAnnotation] = api.NamesFormer
		if bad := s.badNames(); bad != "" {
			t.Errorf("%q %q of the first version: %q", c.cluster, c.rack, bad)
		}
	}
	s := state(func(dc *api.CassandraDatacenter) {
		dc.Name, dc.Annotations = "123", map[string]string{api.NamesAnnotation: api.NamesOfCassOperator}
	})
	if bad := s.badNames(); !strings.HasPrefix(bad, "metadata.name") {
		t.Errorf("a datacenter named by digits: %q", bad)
	}
}

// Until it is on record how another datacenter is named, either way may collide.
func TestDatacentersMayShareNames(t *testing.T) {
	dc := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "dc-1", Annotations: map[string]string{api.NamesAnnotation: api.NamesOfCassOperator}}}
	dc.Spec.ClusterName, dc.Spec.DatacenterName = "ring", "other"
	other := &api.CassandraDatacenter{ObjectMeta: metav1.ObjectMeta{Name: "x"}}
	other.Spec.ClusterName, other.Spec.DatacenterName = "ring", "dc-1"
	if !MayShare(dc, other) {
		t.Error("former names of the other are this one's")
	}
	other.Annotations = map[string]string{api.NamesAnnotation: api.NamesOfCassOperator}
	if MayShare(dc, other) {
		t.Error("ring-x-service isn't ring-dc-1-service")
	}
}

func TestRefusedNamesAreSaid(t *testing.T) {
	dc := underscored()
	first := RefuseNames(dc, "why", time.Unix(1, 0))
	dc.Status = *first
	again := RefuseNames(dc, "why", time.Unix(2, 0))
	for _, kind := range []api.DatacenterConditionType{api.DatacenterValid, api.DatacenterReady} {
		if c := again.Condition(kind); c == nil || c.Message != "why" || c.LastTransitionTime.Unix() != 1 {
			t.Errorf("%s: %+v", kind, c)
		}
	}
}
