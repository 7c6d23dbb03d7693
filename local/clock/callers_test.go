//go:build linux && amd64

package clock

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The C library's functions, and with them those that Go does not call.
func TestLibraryOfC(t *testing.T) {
	program := filepath.Join(t.TempDir(), "clock")
	if out, err := exec.Command("cc", "-O1", "-o", program, "testdata/clock.c").CombinedOutput(); err != nil {
		t.Skipf("no C compiler: %v: %s", err, out)
	}
	c := start(t, exec.Command(program))
	for _, offset := range []time.Duration{0, 2 * time.Second, -90 * time.Second, 1700 * time.Millisecond, -1, 0} {
		mustShift(t, c.pid, offset)
		for range 100 {
			judge(t, c.ask(t, ""), offset)
		}
	}
}

// judge reads "name before got after" over and over.
func judge(t *testing.T, answer string, offset time.Duration) {
	t.Helper()
	clocks, invalid, _ := strings.Cut(answer, "invalid ")
	if invalid != "-1" {
		t.Errorf("an unknown clock answers %s", invalid)
	}
	for words := strings.NewReader(clocks); ; {
		var name string
		var before, got, after int64
		if n, err := fmt.Fscan(words, &name, &before, &got, &after); n == 0 {
			return
		} else if err != nil {
			t.Fatalf("%q: %v", clocks, err)
		}
		want := offset
		if strings.HasPrefix(name, "=") {
			want = 0
		}
		if strings.HasPrefix(name, "time") { // whole seconds
			after, before = after+int64(want), before+int64(want)-int64(time.Second)
			want = 0
		}
		if !around(before, got-int64(want), after) {
			t.Errorf("shifted by %s: %s is off by %s", offset, name, time.Duration(got-before))
		}
	}
}

func TestJVM(t *testing.T) {
	java, err := exec.LookPath("java")
	if err != nil {
		t.Skip("no java: ", err)
	}
	c := start(t, exec.Command(java, "-Xmx64m", "testdata/Clock.java"))
	for _, offset := range []time.Duration{0, 2 * time.Second, -90 * time.Second, 1700 * time.Millisecond, 0} {
		mustShift(t, c.pid, offset)
		begun := time.Now()
		before := time.Now().UnixNano()
		_, _, mono := readJVM(t, c)
		instant, millis, mono1 := readJVM(t, c)
		after := time.Now().UnixNano()
		for what, got := range map[string]int64{"Instant.now": instant, "currentTimeMillis": millis} {
			if !around(before, got-int64(offset), after) {
				t.Errorf("shifted by %s: %s is off by %s", offset, what, time.Duration(got-before))
			}
		}
		if passed := mono1 - mono; passed < 0 || passed > int64(time.Since(begun)) {
			t.Errorf("shifted by %s: between two readings the monotonic clock advanced by %s", offset, time.Duration(passed))
		}
	}
}

func readJVM(t *testing.T, c *child) (instant, millis, mono int64) {
	t.Helper()
	answer := c.ask(t, "")
	if _, err := fmt.Sscan(answer, &instant, &millis, &mono); err != nil {
		t.Fatalf("%q: %v", answer, err)
	}
	return instant, millis, mono
}
