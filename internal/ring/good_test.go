package ring

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
)

// goodRing is a copy of a ring that is ready with everything done.
func goodRing(counter int, reads int) *api.K8ssandraCluster {
	k := &api.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "demo", UID: "uid", Generation: int64(counter), Annotations: map[string]string{
		api.RevisionAnnotation: fmt.Sprintf("%d/west/abc%d", counter, counter), api.RingIDAnnotation: "id"}}}
	k.Spec.Cassandra = &api.CassandraClusterTemplate{Datacenters: []api.CassandraDatacenterTemplate{{Size: 3}}}
	k.Spec.Cassandra.CassandraConfig = &api.CassandraConfig{CassandraYaml: api.Document{"concurrent_reads": int64(reads)}}
	k.Status = api.K8ssandraClusterStatus{ObservedGeneration: k.Generation, SeenGeneration: k.Generation, Error: api.NoError, Conditions: []api.K8ssandraClusterCondition{
		{Type: api.ClusterReady, Status: corev1.ConditionTrue}, {Type: api.CassandraInitialized, Status: corev1.ConditionTrue}}}
	return k
}

// Only what a ring was ready with, and had all of, is good.
func TestWhatIsGood(t *testing.T) {
	if k := goodRing(3, 32); !Good(k, &k.Status) {
		t.Error("one that is ready with everything done isn't good")
	}
	for why, change := range map[string]func(*api.K8ssandraCluster){
		"it isn't ready":                            func(k *api.K8ssandraCluster) { k.Status.Conditions[0].Status = corev1.ConditionFalse },
		"it has yet to boot":                        func(k *api.K8ssandraCluster) { k.Status.Conditions[1].Status = corev1.ConditionFalse },
		"something of the spec isn't done":          func(k *api.K8ssandraCluster) { k.Status.ObservedGeneration-- },
		"the status is of an earlier spec":          func(k *api.K8ssandraCluster) { k.Generation++ },
		"it has no revision":                        func(k *api.K8ssandraCluster) { delete(k.Annotations, api.RevisionAnnotation) },
		"something is wrong with it":                func(k *api.K8ssandraCluster) { k.Status.Error = "no" },
		"it is being deleted":                       func(k *api.K8ssandraCluster) { k.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} },
		"a datacenter is stopped, and shows little": func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters[0].Stopped = true },
		"it has no datacenters":                     func(k *api.K8ssandraCluster) { k.Spec.Cassandra.Datacenters = nil },
		"regions differ": func(k *api.K8ssandraCluster) {
			k.Status.Conditions = append(k.Status.Conditions, api.K8ssandraClusterCondition{Type: api.ClusterDiverged, Status: corev1.ConditionTrue})
		},
	} {
		k := goodRing(3, 32)
		if change(k); Good(k, &k.Status) {
			t.Errorf("%s, and it is good", why)
		}
	}
}

// kept plays the API server: it carries the steps out.
func kept(t *testing.T, have []appsv1.ControllerRevision, steps []Step) (after []appsv1.ControllerRevision) {
	t.Helper()
	byName := map[string]appsv1.ControllerRevision{}
	for _, r := range have {
		byName[r.Name] = r
	}
	for _, step := range steps {
		r := step.Object.(*appsv1.ControllerRevision)
		old, there := byName[r.Name]
		switch {
		case step.Verb == ForgetSpec:
			delete(byName, r.Name)
			continue
		case there != step.Exists:
			t.Fatalf("%s: is there %t", r.Name, there)
		case there && string(old.Data.Raw) != string(r.Data.Raw):
			t.Fatalf("%s: data can't be changed", r.Name)
		}
		byName[r.Name] = *r
	}
	for _, r := range byName {
		after = append(after, r)
	}
	return after
}

// The last ten are kept, by revision; a spec that is good once more is kept once, with its newest revision; twice changes nothing.
func TestWhichSpecsAreKept(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var have []appsv1.ControllerRevision
	for counter := 1; counter <= 14; counter++ {
		k := goodRing(counter, counter)
		have = kept(t, have, PlanSpecs(k, now, have))
		if again := PlanSpecs(k, now.Add(time.Hour), have); len(again) > 0 {
			t.Fatalf("twice: %v", again)
		}
	}
	oldest := int64(100)
	for _, r := range have {
		oldest = min(oldest, r.Revision)
	}
	if len(have) != keptSpecs || oldest != 5 {
		t.Errorf("%d are kept, from revision %d on", len(have), oldest)
	}
	back := goodRing(15, 7)
	have = kept(t, have, PlanSpecs(back, now, have))
	var found []string
	for _, r := range have {
		if strings.Contains(string(r.Data.Raw), `"concurrent_reads":7}`) {
			found = append(found, r.Annotations[api.RevisionAnnotation])
		}
	}
	if len(have) != keptSpecs || !slices.Equal(found, []string{"15/west/abc15"}) {
		t.Errorf("%d are kept, and the one that is good again is %s", len(have), found)
	}
}

// What another copy of the ring has left, or somebody has made, is neither changed nor deleted, and doesn't count.
func TestWhatIsAnothersIsLeftAlone(t *testing.T) {
	var theirs []appsv1.ControllerRevision
	for counter := 1; counter <= 20; counter++ {
		k := goodRing(counter, counter)
		k.UID = "another"
		one, err := specRevision(k, time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		theirs = append(theirs, *one)
	}
	steps := PlanSpecs(goodRing(30, 30), time.Unix(0, 0), theirs)
	if len(steps) != 1 || steps[0].Verb != KeepSpec || steps[0].Exists {
		t.Errorf("%v", steps)
	}
	k := goodRing(3, 3)
	if k.Annotations[api.RevisionAnnotation] = "nonsense"; len(PlanSpecs(k, time.Unix(0, 0), nil)) > 0 {
		t.Error("one without a revision is kept")
	}
	if r, _ := federation.ParseRevision("3/west/abc3"); r.Counter != 3 {
		t.Error("revisions have another form")
	}
}
