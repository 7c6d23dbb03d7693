package distribution

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// scratchPattern names the directories in which parts of the cache are made.
const scratchPattern = ".part-*"

// scratch makes a directory beside dir, whose result is renamed to it when it is
// whole. Its lock says that somebody is at work there, and ends with the
// process, however that ends; remove takes the directory away.
func scratch(dir string) (part string, remove func(), err error) {
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", nil, err
	}
	unlock, err := lock(parent, syscall.LOCK_EX)
	if err != nil {
		return "", nil, err
	}
	defer unlock() // nobody sweeps between the next two lines
	if part, err = os.MkdirTemp(parent, scratchPattern); err != nil {
		return "", nil, err
	}
	release, err := lock(part, syscall.LOCK_EX)
	if err != nil {
		return "", nil, errors.Join(err, os.Remove(part))
	}
	return part, func() {
		_ = os.RemoveAll(part) // what stays is swept later
		release()
	}, nil
}

// sweep removes what killed runs have left in a directory of the cache.
func sweep(parent string) error {
	unlock, err := lock(parent, syscall.LOCK_EX)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unlock()
	parts, err := filepath.Glob(filepath.Join(parent, scratchPattern))
	if err != nil {
		return err
	}
	var errs []error
	for _, part := range parts {
		release, err := lock(part, syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, os.ErrNotExist) {
			continue // its owner lives, or has just removed it
		}
		if err == nil {
			err = os.RemoveAll(part)
			release()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// lock locks a directory until it is released or the process ends.
func lock(dir string, how int) (release func(), err error) {
	file, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), how); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", dir, err), file.Close())
	}
	return func() { _ = file.Close() }, nil
}
