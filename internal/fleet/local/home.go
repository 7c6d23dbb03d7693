package local

import (
	"os"
	"path/filepath"
)

// Home is the directory of all fleets of a user.
func Home() (string, error) {
	if dir := os.Getenv("RINGSPAN_HOME"); dir != "" {
		return filepath.Abs(dir)
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "ringspan"), nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "share", "ringspan"), err
}

// Names lists the fleets that have a state on this machine, also those whose
// making was interrupted at its very beginning.
func Names() (names []string, err error) {
	home, err := Home()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(home)
	if os.IsNotExist(err) {
		return nil, nil
	}
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(home, e.Name(), lockFile)); err == nil {
			names = append(names, e.Name())
		}
	}
	return names, err
}
