package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	lockFile = "up.lock"
	lockPoll = 100 * time.Millisecond
)

// Busy says that another process works on the fleet.
type Busy struct {
	Fleet string
	PID   int // 0 when it has not said
}

func (b Busy) Error() string {
	return fmt.Sprintf("another ringspan (process %d) is at work on fleet %s", b.PID, b.Fleet)
}

// Lock keeps two `up` or `down` of one fleet from working at the same time. The
// kernel releases it when the process ends, however it ends. Its error is a
// Busy when another process has the lock.
func (c *Cloud) Lock() (unlock func(), err error) {
	for {
		file, err := c.tryLock()
		if err != nil || file != nil {
			return func() { _ = file.Close() }, err
		}
	}
}

// tryLock returns nothing when the file that it locked is no longer the fleet's:
// the one that had it before was a `down`.
func (c *Cloud) tryLock() (*os.File, error) {
	if err := os.MkdirAll(c.State, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(c.State, lockFile)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		busy := Busy{Fleet: c.Name()}
		_, _ = fmt.Fscan(file, &busy.PID) // only for the message
		return nil, busy
	}
	mine, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if there, err := os.Stat(path); err != nil || !os.SameFile(mine, there) {
		_ = file.Close() // the lock goes with it
		return nil, nil  //nolint:nilnil // see above: the next try makes a new file
	}
	_ = file.Truncate(0)
	_, err = fmt.Fprintln(file, os.Getpid())
	return file, err
}

// Await is Lock that waits for its turn, and tells once whom it waits for.
func (c *Cloud) Await(ctx context.Context, wait func(Busy)) (unlock func(), err error) {
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	said := 0
	for {
		unlock, err := c.Lock()
		var busy Busy
		if !errors.As(err, &busy) {
			return unlock, err
		}
		if busy.PID != 0 && busy.PID != said {
			said = busy.PID
			wait(busy)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", busy, context.Cause(ctx))
		case <-tick.C:
		}
	}
}
