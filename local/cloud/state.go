package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// State is the directory of one lab.
type State string

func (s State) path(parts ...string) string {
	return filepath.Join(append([]string{string(s)}, parts...)...)
}

// Log is what the lab's own processes write to.
func (s State) Log() string { return s.path("logs", "ringspan-local.log") }

func (s State) config() string { return s.path("config.json") }
func (s State) socket() string { return s.path("control.sock") }
func (s State) port() string   { return s.path("port.json") } // of the API

// ErrRunning says that another process runs the lab.
var ErrRunning = errors.New("the lab is running already")

// lock makes this process the only one that runs the lab, for its lifetime.
func (s State) lock() (*os.File, error) {
	if err := os.MkdirAll(s.path("logs"), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(s.path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.FcntlFlock(file.Fd(), unix.F_OFD_SETLK, wholeFile()); err != nil {
		file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, unix.EACCES) {
			return nil, fmt.Errorf("%s: %w", s, ErrRunning)
		}
		return nil, err
	}
	_ = file.Truncate(0)
	_, err = fmt.Fprintf(file, "%d\n", os.Getpid())
	return file, err
}

// wholeFile is a lock that belongs to the open file: unlike one of flock's, it
// can be asked about without being taken for a moment.
func wholeFile() *unix.Flock_t { return &unix.Flock_t{Type: unix.F_WRLCK} }

// owner is the process that runs the lab; 0 when none does.
func (s State) owner() int {
	file, err := os.OpenFile(s.path("lock"), os.O_RDWR, 0)
	if err != nil {
		return 0
	}
	defer file.Close()
	for {
		lock := wholeFile()
		if err := unix.FcntlFlock(file.Fd(), unix.F_OFD_GETLK, lock); err != nil || lock.Type == unix.F_UNLCK {
			return 0
		}
		var pid int
		if _, err := fmt.Fscan(io.NewSectionReader(file, 0, 32), &pid); err == nil {
			return pid
		}
		time.Sleep(time.Millisecond) // it has the lock and is about to write its pid
	}
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// writeJSON replaces the file at once.
func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".part", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// until polls a condition that no event announces.
func until(timeout time.Duration, what string, done func() error) error {
	deadline := time.Now().Add(timeout)
	for {
		err := done()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: not ready after %s: %w", what, timeout, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
