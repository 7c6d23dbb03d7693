package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

type finding struct {
	Severity, Check, From, To, Cause, Fix string
	BothWays                              bool
	Ports                                 []string
}

// short is a finding without its words.
func (f finding) short() string {
	arrow := "→"
	if f.BothWays {
		arrow = "⇄"
	}
	text := fmt.Sprintf("%s %s: %s", f.Severity, f.Check, f.From)
	if f.To != "" {
		text += fmt.Sprintf(" %s %s", arrow, f.To)
	}
	return strings.TrimSpace(text + " " + strings.Join(f.Ports, " "))
}

// examine runs doctor, which has a minute, and returns what it has found and
// its exit code.
func examine(t *testing.T) (findings []finding, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "ringspan"), "doctor", "-o", "json")
	cmd.Env = environment()
	out, err := cmd.Output()
	var report struct {
		Findings []finding
		Pairs    []struct{ From, To string }
	}
	if json.Unmarshal(out, &report) != nil || len(report.Pairs) != 2 {
		t.Fatalf("doctor: %v %s", err, out)
	}
	for _, f := range report.Findings {
		t.Logf("%s: %s; %s", f.short(), f.Cause, f.Fix)
	}
	return report.Findings, cmd.ProcessState.ExitCode()
}

// The doctor calls a healthy fleet healthy, names each fault of the network and
// nothing else, and calls the fleet healthy again when it is healed.
func TestDoctorNamesEachFault(t *testing.T) {
	theRing(t)
	killedDoctor(t)
	heal := func() { fault(t, "heal") }
	t.Cleanup(heal)
	if out := ringspan(t, "doctor"); !strings.Contains(out, "healthy") || strings.Contains(out, "fault") {
		t.Errorf("a healthy fleet:\n%s", out)
	}
	for _, c := range []struct {
		name   string
		faults [][]string
		want   string
		code   int
	}{
		{"a port one way", [][]string{{"drop", west, central, "7000"}}, "fault reach: " + west + " → " + central + " tcp/7000", 1},
		{"another port the other way", [][]string{{"drop", central, west, "9042"}}, "fault reach: " + central + " → " + west + " tcp/9042", 1},
		{"the API server", [][]string{{"drop", west, central, "443"}}, "fault reach: " + west + " → " + central + " tcp/443", 1},
		{"small packets, told", [][]string{{"mtu", west, central, "1300"}}, "warning size: " + central + " ⇄ " + west, 0},
		{"small packets, not told", [][]string{{"mtu", west, central, "1300"}, {"icmp", west, central}}, "fault size: " + central + " ⇄ " + west, 1},
		{"address translation", [][]string{{"snat", west}}, "fault source: " + west + " → " + central, 1},
		{"a clock", [][]string{{"clock", central, "2s"}}, "fault clock: " + central + " ⇄ " + west, 1},
		{"DNS", [][]string{{"dns", central}}, "fault dns: " + central, 1},
		{"the link", [][]string{{"cut-link", west, central}}, "fault reach: " + central + " ⇄ " + west, 1},
		{"a region", [][]string{{"cut", central}}, "fault reach: " + central + " ⇄ " + west, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, f := range c.faults {
				fault(t, f...)
			}
			defer heal()
			// A process's clock is wrong some time after it has begun: on a busy machine the doctor's probes may be done by then.
			tries := 1
			if c.faults[0][0] == "clock" {
				tries = 5
			}
			var problem string
			for range tries {
				found, code := examine(t)
				if len(found) == 1 && found[0].short() == c.want && found[0].Cause != "" && found[0].Fix != "" && code == c.code {
					return
				}
				problem = fmt.Sprintf("exit code %d, want %d; found %+v, want %s", code, c.code, found, c.want)
			}
			t.Error(problem)
		})
	}
	if found, code := examine(t); len(found) != 0 || code != 0 {
		t.Errorf("after the healing: exit code %d, %+v", code, found)
	}
	eventually(t, 150*time.Second, func() error { // the probes of the run that was killed end by themselves
		for _, r := range []string{west, central} {
			if left := probes(t, r); left != "" {
				return fmt.Errorf("left in %s: %s", r, left)
			}
		}
		return nil
	})
	awaitWhole(t)
}

func probes(t *testing.T, region string) string {
	t.Helper()
	return kubectl(t, region, "get", "jobs,pods", "-n", "ringspan-system", "-l", "app.kubernetes.io/name=ringspan-probe", "-o", "name")
}

// killedDoctor kills a doctor while its probes are there.
func killedDoctor(t *testing.T) {
	t.Helper()
	cmd := command("doctor")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	err := poll(30*time.Second, func() error { return contains(probes(t, west), "pod/") })
	_ = cmd.Process.Signal(syscall.SIGKILL)
	_ = cmd.Wait()
	if err != nil {
		t.Fatal(err)
	}
}
