package mgmtapi

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAnswersHaveClasses(t *testing.T) {
	for code, want := range map[int]error{400: ErrRefused, 404: ErrNotFound, 405: ErrNotFound, 406: ErrRefused, 420: ErrRefused, 421: ErrUnavailable, 500: ErrFailed, 502: ErrUnavailable, 503: ErrUnavailable} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "Cassandra's words", code)
		}))
		err := New(server.URL, nil).Stop(t.Context())
		server.Close()
		if !errors.Is(err, want) || !strings.Contains(err.Error(), "Cassandra's words") || !strings.Contains(err.Error(), "/api/v0/lifecycle/stop") {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestNobodyThereIsUnavailable(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if _, err := New(server.URL, nil).Status(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("refused connection: %v", err)
	}
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	defer close(release)
	if _, err := New(slow.URL, &http.Client{Timeout: time.Millisecond}).Status(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("no answer in time: %v", err)
	}
}

// bearer shows a token to whoever is called, as a kubeconfig's transport does.
type bearer struct{ http.RoundTripper }

func (b bearer) RoundTrip(q *http.Request) (*http.Response, error) {
	q = q.Clone(q.Context())
	q.Header.Set("Authorization", "Bearer t0ken")
	return b.RoundTripper.RoundTrip(q)
}

// Who has a pod says what its agent answers, and gets neither the token of the
// person who asks nor the operator's passwords sent to another place.
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		t.Errorf("%s %s with %q", q.Method, q.URL, q.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	for _, code := range []int{302, 307, 308} {
		agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, elsewhere.URL, code)
		}))
		for _, c := range []*http.Client{nil, {Transport: bearer{http.DefaultTransport}}} {
			_, read := New(agent.URL, c).Endpoints(t.Context())
			written := New(agent.URL, c).PutRole(t.Context(), Role{Name: "u", Password: "p4ss"})
			if !errors.Is(read, ErrRefused) || !errors.Is(written, ErrRefused) {
				t.Errorf("%d: %v, %v", code, read, written)
			}
		}
		agent.Close()
	}
}

func TestSecretsAreNotInTheURL(t *testing.T) {
	var uri, body string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		data := make([]byte, 1000)
		n, _ := q.Body.Read(data) // all of so short a body
		uri, body = q.RequestURI, string(data[:n])
	}))
	defer server.Close()
	if err := New(server.URL, nil).PutRole(t.Context(), Role{Name: "u", Password: "p4ss", Login: true}); err != nil {
		t.Fatal(err)
	}
	if want := `{"username":"u","password":"p4ss","is_superuser":false,"can_login":true}`; body != want || strings.Contains(uri, "p4ss") {
		t.Errorf("%s with %s", uri, body)
	}
	server.Close()
	if err := New(server.URL, nil).PutRole(t.Context(), Role{Name: "u", Password: "p4ss"}); strings.Contains(err.Error(), "p4ss") {
		t.Errorf("%v", err)
	}
}

// The stock management API writes gossip's words, with more keys than are used.
func TestEndpointsOfTheStockAPI(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"entity":[{"DC":"dc1","ENDPOINT_IP":"10.0.0.1","HOST_ID":"h","IS_ALIVE":"true","LOAD":"84016.5","NET_VERSION":"12","RACK":"r1","RELEASE_VERSION":"5.0.9",
			"RPC_READY":"true","SCHEMA":"s","STATUS":"NORMAL,-123","TOKENS":"1,2","IS_LOCAL":"true","CLUSTER_NAME":"c"},{"ENDPOINT_IP":"10.0.0.2","IS_ALIVE":"false"}],"variant":{}}`))
	}))
	defer server.Close()
	all, err := New(server.URL+"/", nil).Endpoints(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	if e := all[0]; e.Status != "NORMAL" || e.Load != 84016.5 || !e.Alive || !e.Local || !slices.Equal(e.Tokens, []string{"1", "2"}) {
		t.Errorf("%+v", e)
	}
	if e := all[1]; e.Alive || e.Tokens != nil || e.Load != 0 {
		t.Errorf("%+v", e)
	}
}

func TestAnAnswerThatIsNone(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	defer server.Close()
	if _, err := New(server.URL, nil).Keyspaces(t.Context()); err == nil || !strings.Contains(err.Error(), "unexpected answer") {
		t.Errorf("%v", err)
	}
}
