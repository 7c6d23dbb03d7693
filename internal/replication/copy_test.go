package replication

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/ringspan/ringspan/api/replication/v1alpha1"
)

func source(targets ...api.ReplicationTarget) Source {
	rs := &api.ReplicatedSecret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "all"}}
	rs.Spec.ReplicationTargets = targets
	return Source{Region: "west", ReplicatedSecret: rs}
}

func TestCopy(t *testing.T) {
	target := api.ReplicationTarget{K8sContextName: "central", Namespace: "there", TargetPrefix: "copied-", DropLabels: []string{"drop"}, AddLabels: map[string]string{"add": "new"}}
	original := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "tls", ResourceVersion: "7", UID: "u", Labels: map[string]string{"keep": "1", "drop": "2"},
		Annotations: map[string]string{"note": "n", corev1.LastAppliedConfigAnnotation: "{secret}"}}, Type: corev1.SecretTypeTLS, Data: map[string][]byte{"tls.key": []byte("k")}}
	want := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "there", Name: "copied-tls",
		Labels:      map[string]string{"keep": "1", "add": "new", "k8ssandra.io/replicated-by": "k8ssandracluster-controller", "k8ssandra.io/replicated-secret-name": "ns.all"},
		Annotations: map[string]string{"note": "n", "ringspan.io/replicated-from": "west/ns/all", "ringspan.io/replicated-version": "7"}}, Type: corev1.SecretTypeTLS, Data: original.Data}
	s := source(target)
	got := s.Copy(target, original)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !s.Owns(got) || !IsCopy(got) || !s.Wanted("central", got) || s.Wanted("west", got) {
		t.Error("the copy is not known again")
	}
	for _, c := range []struct {
		why     string
		target  api.ReplicationTarget
		version string
		want    bool
	}{
		{"nothing has changed", target, "7", true},
		{"the original has changed", target, "8", false},
		{"another label is asked for", api.ReplicationTarget{AddLabels: map[string]string{"add": "newer"}}, "7", false},
		{"a label is not wanted any more", api.ReplicationTarget{DropLabels: []string{"keep"}}, "7", false},
	} {
		if is := s.Current(got, c.target, api.PublishedSecret{Version: c.version}); is != c.want {
			t.Errorf("%s: current %t", c.why, is)
		}
	}
}

func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		why     string
		target  api.ReplicationTarget
		place   string
		self    bool
		regions []string
	}{
		{"another region", api.ReplicationTarget{K8sContextName: "central"}, "ns/a", false, []string{"central"}},
		{"no region is the own one", api.ReplicationTarget{Namespace: "there"}, "there/a", false, []string{"west"}},
		{"the originals' own place", api.ReplicationTarget{}, "ns/a", true, []string{"west"}},
		{"beside the originals", api.ReplicationTarget{TargetPrefix: "b-"}, "ns/b-a", false, []string{"west"}},
	} {
		t.Run(c.why, func(t *testing.T) {
			s := source(c.target)
			namespace, name := s.Place(c.target, "a")
			if namespace+"/"+name != c.place || s.IsSelf(c.target) != c.self || !cmp.Equal(s.Regions(), c.regions) {
				t.Errorf("%s/%s, self %t, regions %q", namespace, name, s.IsSelf(c.target), s.Regions())
			}
		})
	}
}

// Copies are not copied on, and a long name still fits its label.
func TestPublished(t *testing.T) {
	s := source()
	s.Name = strings.Repeat("n", 80)
	copied := s.Copy(api.ReplicationTarget{}, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "copied"}})
	if label := copied.Labels[CopyLabel]; len(label) > 63 {
		t.Errorf("a label of %d characters", len(label))
	}
	got := Published([]corev1.Secret{{ObjectMeta: metav1.ObjectMeta{Name: "b", ResourceVersion: "2"}}, *copied, {ObjectMeta: metav1.ObjectMeta{Name: "a", ResourceVersion: "1"}}})
	if diff := cmp.Diff([]api.PublishedSecret{{Name: "a", Version: "1"}, {Name: "b", Version: "2"}}, got); diff != "" {
		t.Error(diff)
	}
}
