package agent

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"
)

// Whoever opens connections and says nothing fills neither port's process: those beyond the bound wait.
func TestConnectionsAreBounded(t *testing.T) {
	c := testConfig(t, &output{})
	c.ProbePort = freePort(t)
	port := freePort(t)
	go func() { _ = Run(c, port) }()
	for _, base := range []string{"http://127.0.0.1:" + c.ProbePort, "http://127.0.0.1:" + port} {
		await(t, "it answers", func() bool { return answers(t, base, time.Second) })
		var idle []net.Conn
		for range maxConnections {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", base[len("http://"):])
			if err != nil {
				t.Fatal(err)
			}
			idle = append(idle, conn)
		}
		if answers(t, base, 300*time.Millisecond) {
			t.Errorf("%s answers one more", base)
		}
		for _, conn := range idle {
			_ = conn.Close()
		}
		if !answers(t, base, 5*time.Second) {
			t.Errorf("%s doesn't answer when the others are gone", base)
		}
	}
}

func answers(t *testing.T, base string, patience time.Duration) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api/v0/probes/liveness", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return true
}
