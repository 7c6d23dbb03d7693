package process

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestSetEnv(t *testing.T) {
	for _, c := range []struct {
		why       string
		env, want []string
	}{
		{"a new variable comes last", []string{"A=1"}, []string{"A=1", "B=x"}},
		{"an old one is replaced in its place", []string{"B=1", "A=1"}, []string{"B=x", "A=1"}},
		{"a longer name is another one", []string{"BB=1"}, []string{"BB=1", "B=x"}},
	} {
		if got := SetEnv(c.env, "B", "x"); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.why, got, c.want)
		}
	}
}

func TestLookPath(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	write := func(mode os.FileMode, parts ...string) {
		if err := os.WriteFile(filepath.Join(parts...), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	write(0o644, first, "tool") // not executable
	write(0o755, second, "tool")
	if err := os.Mkdir(filepath.Join(first, "dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := []string{"HOME=/", "PATH=" + first + ":" + second}
	for _, c := range []struct {
		why, program, want string // want "" means that it isn't found
		env                []string
	}{
		{"the first executable file counts", "tool", filepath.Join(second, "tool"), path},
		{"a directory is no program", "dir", "", path},
		{"a path is taken as it is", "./any", "./any", path},
		{"without a PATH nothing is found", "tool", "", []string{"HOME=/"}},
	} {
		if got, err := LookPath(c.program, c.env); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: got %q, %v, want %q", c.why, got, err, c.want)
		}
	}
}
