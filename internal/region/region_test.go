package region

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
)

// Before its first answer a client asks the API server which kinds it serves, whatever
// deadline its caller has: an API server that takes the question and never answers must
// not hold up the caller for longer than any other one.
func TestAnAPIServerThatNeverAnswers(t *testing.T) {
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hanging.Close()
	r, err := newWithin("west", &rest.Config{Host: hanging.URL}, 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if err := r.Client.List(ctx, &corev1.NamespaceList{}); err == nil {
		t.Error("it answered")
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("the question was over after %s", took)
	}
}
