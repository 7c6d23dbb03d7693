package ringview

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/region"
)

// regionAt is a region at an address, whose client needn't ask which kinds are served.
func regionAt(t *testing.T, name, host string) region.Region {
	t.Helper()
	scheme, err := region.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	kinds := meta.NewDefaultRESTMapper(nil)
	for kind := range scheme.AllKnownTypes() {
		kinds.Add(kind, meta.RESTScopeNamespace)
	}
	config := &rest.Config{Host: host}
	kube, err := client.New(config, client.Options{Scheme: scheme, Mapper: kinds})
	if err != nil {
		t.Fatal(err)
	}
	return region.Region{Name: name, Config: config, Client: kube}
}

// An API server that takes a question and never answers, and one that isn't there, are
// facts of the snapshot, and neither holds up the other.
func TestRegionsThatDoNotAnswer(t *testing.T) {
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hanging.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	var regions []region.Region
	for name, host := range map[string]string{"hanging": hanging.URL, "gone": gone.URL} {
		regions = append(regions, regionAt(t, name, host))
	}
	begin := time.Now()
	s := Read(t.Context(), regions, Question{Nodes: true, Operator: true, Limit: 200 * time.Millisecond})
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	for _, r := range s.Silent() {
		if r.Name == "hanging" && !errors.Is(r.Err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", r.Name, r.Err)
		}
	}
	if len(s.Silent()) != 2 || len(s.Regions) != 2 {
		t.Errorf("%+v", s)
	}
}

func TestRolledOut(t *testing.T) {
	d := appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Generation: 2}}
	for status, want := range map[*appsv1.DeploymentStatus]bool{
		{}: false,
		{ObservedGeneration: 1, Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1}: false,
		{ObservedGeneration: 2, Replicas: 1, AvailableReplicas: 1}:                     false,
		{ObservedGeneration: 2, Replicas: 1, UpdatedReplicas: 1}:                       false,
		{ObservedGeneration: 2, Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1}: true,
	} {
		if d.Status = *status; rolledOut(&d) != want {
			t.Errorf("%+v: %v", *status, !want)
		}
	}
}
