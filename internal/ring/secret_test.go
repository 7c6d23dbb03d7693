package ring

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
)

// A copy that was just taken over doesn't list the other regions' copies yet, and its operator may have forgotten them. It says
// all the same where it is from: that region may have the Secret.
func TestACopyNamesTheRegionsThatItIsFrom(t *testing.T) {
	for _, test := range []struct {
		why   string
		own   federation.Own
		makes bool
	}{
		{"it was made here, and nobody had a part in it", federation.Own{Origin: "west", Copy: federation.Copy{Head: federation.Head{Revision: federation.Revision{Counter: 1, Region: "west"}}}}, true},
		{"its revision is another region's", federation.Own{Origin: "west", Copy: federation.Copy{Head: federation.Head{Revision: federation.Revision{Counter: 9, Region: "central"}}}}, false},
		{"it was first applied in another region", federation.Own{Origin: "central", Copy: federation.Copy{Head: federation.Head{Revision: federation.Revision{Counter: 9, Region: "west"}}}}, false},
		{"another region had a part in it", federation.Own{Origin: "west", Copy: federation.Copy{Head: federation.Head{Revision: federation.Revision{Counter: 9, Region: "west"}, Seen: map[string]uint64{"central": 8}}}}, false},
	} {
		k := &api.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: ringNamespace, Name: ringName, Annotations: map[string]string{}}}
		k.Spec.Cassandra = &api.CassandraClusterTemplate{Datacenters: []api.CassandraDatacenterTemplate{templateOf("dc1@west")}}
		s := &State{Region: "west", Ring: k, View: federation.View{Region: "west", Own: &test.own}, Peers: []Peer{{Region: "central"}}, Here: []Here{{}}, Shared: true}
		if text := Make(s).String(); strings.Contains(text, "make Secret") != test.makes {
			t.Errorf("%s:\n%s", test.why, text)
		}
	}
}
