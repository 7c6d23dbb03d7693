package cloud

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// covered are the directories over which the supervisor mounts file systems of
// its own. Volatile state (network namespace handles, containers' writable
// layers) lives on a tmpfs that only its mount namespace sees; it covers all of
// /run, so that not even an empty directory remains on the machine. The kubelets
// insist on writing symlinks to /var/log/containers.
var covered = []string{"/run", "/var/log"}

// uncovered refuses directories that the supervisor could not see: what names
// them for people.
func uncovered(what, dir string) error {
	resolved, err := resolve(dir)
	if err != nil {
		return err
	}
	for _, c := range covered {
		if resolved == c || strings.HasPrefix(resolved, c+"/") {
			return fmt.Errorf("%s %s lies below %s, where the lab has file systems of its own: choose another place", what, dir, c)
		}
	}
	return nil
}

// resolve follows the symlinks of a path, of which the end need not be there.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	resolved, err := filepath.EvalSymlinks(path)
	if errors.Is(err, os.ErrNotExist) && path != "/" {
		parent, err := resolve(filepath.Dir(path))
		return filepath.Join(parent, filepath.Base(path)), err
	}
	return resolved, err
}
