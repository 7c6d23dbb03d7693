package invocation

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/ringspan/ringspan/internal/fleet/inventory"
)

// Called is how the user calls a program that lies beside this one: its name when
// PATH leads there, else its path, from the working directory where that is
// shorter. A program that isn't there keeps its name.
func Called(name string) string {
	self, err := inventory.Program()
	if err != nil {
		return name
	}
	wd, _ := os.Getwd() // "" makes no path relative
	return calledIn(filepath.Join(filepath.Dir(self), name), wd)
}

func calledIn(program, wd string) string {
	name := filepath.Base(program)
	if _, err := os.Stat(program); err != nil {
		return name
	}
	if found, err := exec.LookPath(name); err == nil {
		if found, err = filepath.EvalSymlinks(found); err == nil && found == program {
			return name
		}
	}
	relative, err := filepath.Rel(wd, program)
	switch {
	case err != nil || strings.HasPrefix(relative, "../../.."):
		return program
	case !strings.Contains(relative, "/"):
		return "./" + relative
	}
	return relative
}
