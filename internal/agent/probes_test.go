package agent

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// The plain port answers two questions with yes or no, whatever else is asked of it.
func TestTheProbesListenerAnswersNothingElse(t *testing.T) {
	c := testConfig(t, &output{})
	a, client, _ := serve(t, c)
	probes := httptest.NewServer(a.Probes())
	defer probes.Close()
	exchange{why: "lives", path: "GET /api/v0/probes/liveness", code: 200, answer: "OK"}.try(t, probes.URL)
	if code, answer := ask(t, probes.URL, "GET", "/api/v0/probes/readiness", ""); code != 500 || answer != "" {
		t.Errorf("readiness of a stopped node: %d %q", code, answer)
	}
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "the node is ready", func() bool {
		code, _ := ask(t, probes.URL, "GET", "/api/v0/probes/readiness", "")
		return code == 200
	})
	calls := 0
	for _, r := range a.routes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		if strings.Contains(path, "/probes/") {
			continue
		}
		calls++
		if code, answer := ask(t, probes.URL, method, path, "{}"); code != http.StatusNotFound && code != http.StatusMethodNotAllowed {
			t.Errorf("%s on the probes' port answers %d %q", r.pattern, code, answer)
		}
	}
	if calls < 25 {
		t.Errorf("only %d calls were tried", calls)
	}
	exchange{why: "a probe is asked, not told", path: "POST /api/v0/probes/liveness", code: 405}.try(t, probes.URL)
}

// Whoever reaches the port can hang up at any moment: that is no news of the node.
func TestAProbeThatIsGivenUpIsNoNews(t *testing.T) {
	r := &recently{ask: func(ctx context.Context) bool { return ctx.Err() == nil }}
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	if !r.is(gone) || !r.is(t.Context()) {
		t.Error("a node looks as if it didn't serve, because somebody has hung up")
	}
}

func TestProbesHaveTheirOwnPort(t *testing.T) {
	c := testConfig(t, &output{})
	c.ProbePort = freePort(t)
	run(t, c)
	exchange{why: "lives", path: "GET /api/v0/probes/liveness", code: 200}.try(t, "http://127.0.0.1:"+c.ProbePort)
	exchange{why: "no API", path: "POST /api/v0/ops/auth/role", code: 404}.try(t, "http://127.0.0.1:"+c.ProbePort)
	if err := Run(c, c.ProbePort); err == nil || !strings.Contains(err.Error(), "in use") && !strings.Contains(err.Error(), "MGMT_API_PROBE_PORT") {
		t.Errorf("one port for both: %v", err)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	_, _, base := serve(t, testConfig(t, &output{}))
	body := `{"seeds":["` + strings.Repeat("x", maxBody) + `"]}`
	for _, path := range []string{"/api/v0/lifecycle/start", "/api/v0/ops/seeds/reload", "/api/v0/ops/auth/role", "/api/v0/ops/keyspace/create", "/api/v0/ops/keyspace/alter"} {
		exchange{why: "too much", path: "POST " + path, body: body, code: http.StatusRequestEntityTooLarge, answer: "too large"}.try(t, base)
	}
}
