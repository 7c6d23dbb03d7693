package cloud

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOneOwner(t *testing.T) {
	s := State(t.TempDir())
	if got := s.owner(); got != 0 {
		t.Errorf("before anybody, %d owns it", got)
	}
	lock, err := s.lock()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // asking takes nothing
		if got := s.owner(); got != os.Getpid() {
			t.Errorf("%d owns it, want %d", got, os.Getpid())
		}
	}
	if _, err := s.lock(); !errors.Is(err, ErrRunning) {
		t.Errorf("a second owner gets %v", err)
	}
	lock.Close()
	if got := s.owner(); got != 0 {
		t.Errorf("after its end, %d owns it", got)
	}
}

func TestAcceptRefusesAnotherLayout(t *testing.T) {
	s := State(t.TempDir())
	if err := s.accept(twoRegions()); err != nil {
		t.Fatal(err)
	}
	next := twoRegions()
	next.Regions = next.Regions[1:]
	next.Links = nil
	if err := s.accept(next); err == nil || !strings.Contains(err.Error(), "region west is gone") {
		t.Errorf("got %v", err)
	}
	var kept Config
	if err := readJSON(s.config(), &kept); err != nil || len(kept.Regions) != 2 {
		t.Errorf("kept %d regions, %v", len(kept.Regions), err)
	}
}

func TestSocketOfALongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "control.sock")
	for range 2 { // the second replaces what a killed lab left
		listener, err := listenUnix(path)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		conn, err := dialUnix(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
}
