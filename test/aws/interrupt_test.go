package aws

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Up and down that a person ends with Ctrl-C say what to do next, and that works.
func TestInterruptedSaysWhatToDoNext(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fleet.yaml")
	if err := os.WriteFile(file, []byte(twoRegions), 0o600); err != nil {
		t.Fatal(err)
	}
	e := serve(t)
	before := e.left()
	ends := func(k int, says string, args ...string) {
		t.Helper()
		if dead, news := interrupted(t, e, k, args...); !dead || !strings.Contains(news, "Interrupted.") || !strings.Contains(news, says) {
			t.Errorf("%v after %d changes: %v, and it says %q", args, k, dead, news)
		}
	}
	for _, flag := range []string{"--network-only", "--infrastructure-only"} {
		for _, k := range []int{1, 9, 25} {
			ends(k, "run up again", "up", file, flag)
		}
		if code, out, news := command(t, t.Context(), e.url, "up", file, flag); code != 0 {
			t.Fatalf("up again: %d\n%s%s", code, out, news)
		}
		if code, out, news := command(t, t.Context(), e.url, "plan", file, "--network-only"); flag == "--network-only" && code != 0 {
			t.Errorf("there is still something to do: %d\n%s%s", code, out, news)
		}
	}
	for _, k := range []int{1, 9, 25} {
		ends(k, "run down again", "down", "-f", file)
	}
	if code, out, news := command(t, t.Context(), e.url, "down", "-f", file); code != 0 || !slices.Equal(e.left(), before) {
		t.Errorf("down again: %d\n%s%s\nleft is %v", code, out, news, e.left())
	}
}
