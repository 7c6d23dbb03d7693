package agent

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// claim is an operator's.
type claim struct {
	epoch  int64
	outrun int64
}

func (c *claim) Epoch() (int64, error) {
	if c.epoch == 0 {
		return 0, errors.New("the lease is over")
	}
	return c.epoch, nil
}

func (c *claim) Outrun(seen int64) { c.outrun = seen }

// An operator whose lease another one has taken is refused, whatever it wants to
// change; it may look. A person who means it isn't.
func TestAnOperatorOfThePastChangesNothing(t *testing.T) {
	config := testConfig(t, &output{})
	_, plain, base := serve(t, config)
	stop := func(c *mgmtapi.Client) error { return c.Stop(t.Context()) }
	if err := stop(plain); err != nil {
		t.Errorf("nobody has said an epoch, and one without is refused: %v", err)
	}
	old, next := &claim{epoch: 7}, &claim{epoch: 8}
	for _, c := range []*claim{old, next} {
		if err := stop(plain.WithEpoch(c)); err != nil {
			t.Errorf("epoch %d: %v", c.epoch, err)
		}
	}
	err := stop(plain.WithEpoch(old))
	if !errors.Is(err, mgmtapi.ErrUnavailable) || !strings.Contains(err.Error(), "epoch 8") || old.outrun != 8 {
		t.Errorf("the past operator is told %v, and of epoch %d", err, old.outrun)
	}
	if _, err := plain.WithEpoch(old).Status(t.Context()); err != nil {
		t.Errorf("the past operator may not look: %v", err)
	}
	if err := stop(plain); err == nil || !strings.Contains(err.Error(), "Ringspan-Epoch: override") {
		t.Errorf("a former version beside this one: %v", err)
	}
	if err := stop(plain.WithEpoch(&claim{})); err == nil || !strings.Contains(err.Error(), "the lease is over") {
		t.Errorf("one that doesn't know whether it holds its lease: %v", err)
	}
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/api/v0/lifecycle/stop", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for said, code := range map[string]int{mgmtapi.EpochOverride: 200, "8": 200, "7": 409, "0": 400, "-1": 400, "soon": 400, "4611686018427387904": 400} {
		q.Header.Set(mgmtapi.EpochHeader, said)
		answer, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != code {
			t.Errorf("%s: %s, want %d", said, answer.Status, code)
		}
	}
	again := httptest.NewServer(New(config).Handler())
	defer again.Close()
	if err := stop(mgmtapi.New(again.URL, nil)); err != nil {
		t.Errorf("an agent that has just started has heard of nobody, and refuses one without an epoch: %v", err)
	}
	if err := stop(mgmtapi.New(again.URL, nil).WithEpoch(old)); err == nil {
		t.Error("an agent that has just started serves the past operator")
	}
}

// What can't be kept is remembered.
func TestEpochsWithoutADisk(t *testing.T) {
	for name, content := range map[string]string{"no directory": "", "a broken file": "x"} {
		dir := filepath.Join(t.TempDir(), "d")
		if content != "" {
			if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, epochFile), []byte(content), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		e := newEpochs(dir, slog.New(slog.DiscardHandler))
		for _, c := range []struct {
			said string
			code int
		}{{"5", 0}, {"4", 409}, {"6", 0}} {
			if code, err := e.admit(http.MethodPost, c.said); code != c.code || (err == nil) != (code == 0) {
				t.Errorf("%s: %s: %d %v", name, c.said, code, err)
			}
		}
		if code, _ := e.admit(http.MethodGet, "1"); code != 0 {
			t.Errorf("%s: a read is refused", name)
		}
	}
}
