package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
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

// save writes the state beside the file and renames it, so that a killed
// process leaves either the old state or the new one. It doesn't wait for the
// disk: after a power cut the file can be older.
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
	if err := os.WriteFile(w.file+".new", body, 0o600); err != nil { // it holds secrets of access keys
		return fmt.Errorf("keeping the state: %w", err)
	}
	return os.Rename(w.file+".new", w.file)
}

// Load reads the state file, if there is one. Call it once, after Add.
func (w *World) Load() error {
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
