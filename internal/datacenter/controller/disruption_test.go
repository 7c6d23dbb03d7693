package controller_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/kubetest"
)

// evict is what kubectl drain asks of the API server. It would be asked again for a long time when it refuses.
func (s *stage) evict(pod string, dryRun ...string) error {
	s.t.Helper()
	config := *kubetest.Shared(s.t).Admin
	config.APIPath, config.GroupVersion, config.NegotiatedSerializer = "/api", &corev1.SchemeGroupVersion, scheme.Codecs.WithoutConversion()
	calls, err := rest.RESTClientFor(&config)
	s.must(err)
	body := &policyv1.Eviction{TypeMeta: metav1.TypeMeta{APIVersion: "policy/v1", Kind: "Eviction"}, ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: pod},
		DeleteOptions: &metav1.DeleteOptions{DryRun: dryRun}}
	return calls.Post().MaxRetries(0).Namespace(s.ns).Resource("pods").Name(pod).SubResource("eviction").Body(body).Do(s.t.Context()).Error()
}

// letGo are the pods that the API server would let go now.
func (s *stage) letGo() (names []string) {
	s.t.Helper()
	for name := range s.nodes {
		err := s.evict(name, metav1.DryRunAll)
		if err == nil {
			names = append(names, name)
		} else if !apierrors.IsTooManyRequests(err) && !apierrors.IsNotFound(err) {
			s.t.Fatal(err)
		}
	}
	return names
}

// While a node is down by our own hand no other one is evicted, from the moment when it is taken down on, whenever the controller of
// PodDisruptionBudgets looks. Before and afterwards one is.
func TestNobodyIsEvictedDuringARoll(t *testing.T) {
	s := newStage(t)
	s.create(nil)
	s.settle()
	if got := s.letGo(); len(got) != 3 {
		t.Fatalf("of a datacenter at rest any pod may be evicted, and only %v may", got)
	}
	s.change(func(dc *api.CassandraDatacenter) {
		dc.Spec.Config = []byte(`{"cassandra-yaml":{"num_tokens":4,"authenticator":"PasswordAuthenticator","concurrent_reads":16}}`)
	})
	before, restarted := s.uids(), 0
	for range 100 {
		s.pass()
		for name := range s.nodes { // as the loop left it, before anything else has seen it
			if s.down(name, before[name]) && slices.ContainsFunc(s.letGo(), func(other string) bool { return other != name }) {
				t.Fatalf("node %s is down, and %v may be evicted", name, s.letGo())
			}
		}
		s.kubernetes()
		if now := s.uids(); !equal(now, before) {
			restarted++
			before = now
		}
		if s.calm() {
			break
		}
	}
	if got := s.letGo(); restarted != 3 || len(got) != 3 {
		t.Errorf("%d nodes were restarted, and afterwards %v may be evicted", restarted, got)
	}
}

// down tells whether a pod has gone or goes.
func (s *stage) down(name, uid string) bool {
	s.t.Helper()
	pod := &corev1.Pod{}
	err := s.admin.Get(s.t.Context(), client.ObjectKey{Namespace: s.ns, Name: name}, pod)
	return err != nil || string(pod.UID) != uid || pod.DeletionTimestamp != nil
}

func equal(a, b map[string]string) bool {
	for name := range a {
		if a[name] != b[name] {
			return false
		}
	}
	return len(a) == len(b)
}

// An eviction that was let through before the operator's look, or after it, is seen: the node that was to be restarted stays.
func TestARestartWaitsForAnEvictionThatNobodyHasSeenYet(t *testing.T) {
	const victim = "ring-dc1-r3-sts-0"
	s := newStage(t)
	s.create(nil)
	s.settle()
	watched, err := client.NewWithWatch(kubetest.Shared(t).Operator(), client.Options{Scheme: s.admin.Scheme()})
	s.must(err)
	evicted := false
	s.loop.Client = interceptor.NewClient(watched, interceptor.Funcs{Patch: func(ctx context.Context, c client.WithWatch, o client.Object, patch client.Patch, options ...client.PatchOption) error {
		if _, is := o.(*policyv1.PodDisruptionBudget); is && !evicted {
			evicted = true
			s.must(s.evict(victim))
		}
		return c.Patch(ctx, o, patch, options...)
	}})
	s.restartTask(nil)
	before := s.uids()
	for range 20 {
		if s.pass(); evicted {
			break
		}
		s.kubernetes()
	}
	if !evicted {
		t.Fatal("the budget was not written before a node was taken down")
	}
	for name, uid := range before {
		if name != victim && s.down(name, uid) {
			t.Errorf("%s was taken down although %s had just been evicted", name, victim)
		}
	}
	s.settle()
	for name, uid := range before {
		if !s.down(name, uid) {
			t.Errorf("%s was never restarted", name)
		}
	}
}

// A datacenter may have no budget: it is restarted as before.
func TestARollWithoutABudget(t *testing.T) {
	s := newStage(t)
	s.create(func(dc *api.CassandraDatacenter) {
		dc.Annotations = map[string]string{api.DisablePDBCreationAnnotation: "true"}
	})
	s.settle()
	s.restartTask(nil)
	if count := s.restarts(); len(count) != 3 {
		t.Errorf("restarted: %v", count)
	}
	var budgets policyv1.PodDisruptionBudgetList
	s.must(s.admin.List(t.Context(), &budgets, client.InNamespace(s.ns)))
	for i := range budgets.Items {
		if strings.HasPrefix(budgets.Items[i].Name, "dc1") {
			t.Errorf("there is %s", budgets.Items[i].Name)
		}
	}
}
