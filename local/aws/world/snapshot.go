package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// snapshotVersion is the form of the state file.
const snapshotVersion = 1

// snapshot is the state file.
type snapshot struct {
	Version  int
	Account  string
	Advanced time.Duration // by how much the clock was moved
	Tokens   map[string]Answer
	Services map[string]json.RawMessage
}

// save keeps the state before a call is answered: what a client got an answer to
// is there after a kill or a power cut at any moment.
func (w *World) save() error {
	if w.file == "" {
		return nil
	}
	s := snapshot{Version: snapshotVersion, Account: w.Account, Advanced: w.Clock.advanced(), Tokens: w.tokens, Services: map[string]json.RawMessage{}}
	for _, service := range w.services {
		state, err := json.Marshal(service.State())
		if err != nil {
			return fmt.Errorf("keeping the state of %s: %w", service.Name(), err)
		}
		s.Services[service.Name()] = state
	}
	body, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("keeping the state: %w", err)
	}
	if err := replace(w.file, body); err != nil {
		return fmt.Errorf("keeping the state: %w", err)
	}
	return nil
}

// replace replaces a file atomically. Only the owner can read it, because it holds secrets of
// access keys. If it is interrupted, the file is the old or the new one, and complete; when it
// returns, the disk has the new one.
func replace(path string, body []byte) error {
	next, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = next.Write(body)
	if err := errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Load reads the state file, if there is one, and keeps it from others until
// Release. Call it once, after Add.
func (w *World) Load() error {
	if err := w.acquire(); err != nil {
		return err
	}
	body, err := os.ReadFile(w.file)
	if w.file == "" || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var s snapshot
	if err := json.Unmarshal(body, &s); err != nil {
		return fmt.Errorf("%s is not a state file: %w", w.file, err)
	}
	if s.Version != snapshotVersion {
		return fmt.Errorf("%s has form %d; this program reads %d: start with another directory", w.file, s.Version, snapshotVersion)
	}
	w.Account, w.tokens = s.Account, s.Tokens
	w.Clock.Advance(s.Advanced)
	for _, service := range w.services {
		if state, ok := s.Services[service.Name()]; ok {
			if err := json.Unmarshal(state, service.State()); err != nil {
				return fmt.Errorf("%s: the state of %s: %w", w.file, service.Name(), err)
			}
		}
	}
	w.settleNext()
	return nil
}

func (c *Clock) advanced() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}
