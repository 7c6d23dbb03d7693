package e2e

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
)

// output is written by a command while it is read.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// A ring isn't started before its regions reach each other, and up says so. It
// needs a fleet without a ring, so it takes what other stories have left down.
func TestUpWaitsForTheNetwork(t *testing.T) {
	ringIsGone()
	ringspan(t, "down")
	ringspan(t, "up", fleetOnly(t))
	fault(t, "drop", west, central, "7000")
	up := command("up", fileName, "--wait=false")
	var out output
	up.Stdout, up.Stderr = &out, &out
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- up.Wait() }()
	for _, part := range []string{"no ring is started until the regions reach each other", west + " → " + central + " tcp/7000", "packets are dropped"} {
		if err := poll(time.Minute, func() error { return contains(out.String(), part) }); err != nil {
			_ = up.Process.Kill()
			t.Fatal(err)
		}
	}
	if rings := kubectl(t, west, "get", "k8c", "-A", "-o", "name"); rings != "" {
		t.Errorf("a ring was made: %s", rings)
	}
	fault(t, "heal")
	select {
	case err := <-ended:
		if err != nil || !strings.Contains(out.String(), "every region reaches every other") {
			t.Errorf("after the healing: %v\n%s", err, out.String())
		}
	case <-time.After(2 * time.Minute):
		_ = up.Process.Kill()
		t.Fatalf("up still waits:\n%s", out.String())
	}
	if rings := kubectl(t, west, "get", "k8c", "-A", "-o", "name"); rings == "" {
		t.Error("no ring was made")
	}
	ringspan(t, "down")
}
