package ring

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/grant"
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

// Of two copies in datacenters' namespaces the one is taken that says that it is this ring's, whichever datacenter comes first.
func TestOfLocalCopiesTheSurestIsTaken(t *testing.T) {
	k := &api.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: ringNamespace, Name: ringName, Annotations: map[string]string{api.RingIDAnnotation: "id"}}}
	k.Spec.Cassandra = &api.CassandraClusterTemplate{Datacenters: []api.CassandraDatacenterTemplate{templateOf("one/dc1@west"), templateOf("two/dc2@west")}}
	accepts := Read[corev1.Namespace]{Found: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{grant.Annotation: "ns/ring"}}}}
	local := func(password, id string) Here {
		return Here{Secret: Read[corev1.Secret]{Found: &corev1.Secret{Data: map[string][]byte{"password": []byte(password)},
			ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{copyOfAnnotation: "ns/ring", api.RingIDAnnotation: id}}}}}
	}
	s := &State{Region: "west", Ring: k, Shared: true, Here: []Here{local("old", "another"), local("right", "id")}, Namespaces: map[string]Read[corev1.Namespace]{"one": accepts, "two": accepts}}
	if text := Make(s).String(); !strings.Contains(text, "copy Secret ns/ring-superuser: namespace two has it") {
		t.Error(text)
	}
}

// The roles have a name and a password: other keys of two originals may differ.
func TestOriginalsMayDifferInOtherKeys(t *testing.T) {
	secret := func(password, note string) Read[corev1.Secret] {
		return Read[corev1.Secret]{Found: &corev1.Secret{Data: map[string][]byte{"username": []byte("admin"), "password": []byte(password), "note": []byte(note)}}}
	}
	k := &api.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: ringNamespace, Name: ringName}}
	k.Spec.Cassandra = &api.CassandraClusterTemplate{Datacenters: []api.CassandraDatacenterTemplate{templateOf("dc1@west"), templateOf("dc2@central")}}
	for _, test := range []struct {
		password string
		differs  bool
	}{{"one", false}, {"two", true}} {
		s := &State{Region: "west", Ring: k, Shared: true, Here: []Here{{}, {}}, Secret: secret("one", "west's"), Peers: []Peer{{Region: "central", Reachable: true, Secret: secret(test.password, "central's")}}}
		if text := Make(s).String(); strings.Contains(text, "differs between") != test.differs {
			t.Errorf("password %s:\n%s", test.password, text)
		}
	}
}
