package aws

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A fleet that runs, looked at with less than all of its file: options leave things
// out, and a file that a region is no longer in is refused until somebody agrees.
func TestNothingIsDeletedThatNobodyAgreedTo(t *testing.T) {
	e := serve(t)
	c, w := e.cloud(), request(t, twoRegions, false)
	up(t, c, w)
	there := e.left()
	file := filepath.Join(t.TempDir(), "fleet.yaml")
	one := strings.Replace(twoRegions, "    - {name: eu-central-1, zones: [{}, {}], nodes: {count: 2}}\n", "", 1)
	for _, d := range []struct {
		text string
		args []string
		code int
		says []string
	}{
		{twoRegions, []string{"plan", "--network-only"}, 0, []string{"Nothing to do"}},
		{twoRegions, []string{"up", "--network-only"}, 0, nil},
		{twoRegions, []string{"up", "--network-only", "--prune", "--yes"}, 0, nil},
		{one, []string{"up", "--infrastructure-only"}, 1, []string{"pair-eu-central-1", "pair-eu-central-1/nodes", "network eu-central-1/vpc", "--prune"}},
		{one, []string{"up", "--infrastructure-only", "--prune"}, 1, []string{"cluster pair-eu-central-1 in eu-central-1", "node pool pair-eu-central-1/nodes", "--yes"}},
		{one, []string{"up", "--network-only", "--prune", "--yes"}, 1, []string{"cluster pair-eu-central-1 uses it", "--network-only"}},
	} {
		if err := os.WriteFile(file, []byte(d.text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, news := command(t, t.Context(), e.url, append([]string{d.args[0], file}, d.args[1:]...)...)
		for _, part := range d.says {
			if !strings.Contains(out+news, part) {
				t.Errorf("%v: %q is not in\n%s%s", d.args, part, out, news)
			}
		}
		if code != d.code {
			t.Errorf("%v: exit code %d\n%s%s", d.args, code, out, news)
		}
		if now := e.left(); !slices.Equal(now, there) {
			t.Fatalf("%v: before %v\nafter %v", d.args, there, now)
		}
	}
	if code, out, news := command(t, t.Context(), e.url, "up", file, "--infrastructure-only", "--prune", "--yes"); code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, out, news)
	}
	if left := e.left(); slices.ContainsFunc(left, func(s string) bool { return strings.HasPrefix(s, "eu-central-1 ") }) {
		t.Errorf("what was agreed to is left: %v", left)
	}
}
