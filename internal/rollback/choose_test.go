package rollback

import (
	"encoding/json"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// What is kept of a spec is that spec, as the API server gives a ring: else a ring never has a configuration that was kept, and a large
// number becomes another one.
func TestWhatIsKeptIsWhatWasThere(t *testing.T) {
	good := spec(t, "concurrent_reads: 32", "ratio: 0.5")
	good.Cassandra.CassandraConfig.CassandraYaml["concurrent_reads"] = int64(9007199254740993)
	stored, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	k := &api.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Name: "demo", UID: "uid", Annotations: map[string]string{api.RevisionAnnotation: "8/west/b", api.RingIDAnnotation: "id"}}}
	if err := utiljson.Unmarshal(stored, &k.Spec); err != nil { // as the client decodes it
		t.Fatal(err)
	}
	kept := &appsv1.ControllerRevision{Revision: 7, Data: runtime.RawExtension{Raw: stored}, ObjectMeta: metav1.ObjectMeta{
		OwnerReferences: []metav1.OwnerReference{{Kind: "K8ssandraCluster", Name: "demo", UID: "uid", Controller: new(true)}},
		Annotations:     map[string]string{api.RevisionAnnotation: "7/west/a", api.RingIDAnnotation: "id", api.GoodSinceAnnotation: "2026-01-01T00:00:00Z"},
	}}
	r, err := Read("west", k, kept)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := Choose(&k.Spec, false, []Revision{r}, ""); err != nil || !c.Already {
		t.Errorf("the ring has that configuration: %v, already %t", err, c.Already)
	}
	if c, err := Choose(spec(t), false, []Revision{r}, ""); err != nil || c.Spec.Cassandra.CassandraConfig.CassandraYaml["concurrent_reads"] != int64(9007199254740993) {
		t.Errorf("%v %+v", err, c.Spec.Cassandra.CassandraConfig)
	}
}
