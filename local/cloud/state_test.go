package cloud

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
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

// Whoever asks between the lock and the writing of the pid gets the pid, not "nobody".
func TestAnOwnerThatHasNotWrittenItsPID(t *testing.T) {
	s := State(t.TempDir())
	lock, err := s.lock()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := lock.Truncate(0); err != nil {
		t.Fatal(err)
	}
	answer := make(chan int, 1)
	go func() { answer <- s.owner() }()
	for range 100 { // it has every chance to answer too early
		runtime.Gosched()
	}
	if _, err := lock.WriteAt([]byte("4711\n"), 0); err != nil {
		t.Fatal(err)
	}
	if got := <-answer; got != 4711 {
		t.Errorf("%d owns it, want 4711", got)
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
