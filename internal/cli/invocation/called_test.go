package invocation

import (
	"os"
	"path/filepath"
	"testing"
)

func TestProgramsAreNamedAsTheUserCallsThem(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "project", "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(bin, "ringspan")
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", "/nowhere")
	for _, c := range []struct{ why, program, wd, want string }{
		{"from the project", program, filepath.Join(dir, "project"), "bin/ringspan"},
		{"from its own directory", program, bin, "./ringspan"},
		{"from beside the project", program, dir, "project/bin/ringspan"},
		{"from a neighbour", program, filepath.Join(dir, "project", "docs"), "../bin/ringspan"},
		{"from far away", program, "/usr/share/doc", program},
		{"without a working directory", program, "", program},
		{"a program that isn't there", filepath.Join(bin, "kubectl"), bin, "kubectl"},
	} {
		if got := calledIn(c.program, c.wd); got != c.want {
			t.Errorf("%s: %s, want %s", c.why, got, c.want)
		}
	}
	t.Setenv("PATH", bin)
	if got := calledIn(program, bin); got != "ringspan" {
		t.Errorf("in PATH: %s", got)
	}
}
