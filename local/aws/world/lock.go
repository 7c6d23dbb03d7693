package world

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// acquire makes sure that no other server keeps its state in the same file: each
// would overwrite what the other had answered for. The lock belongs to the open
// file, so it ends with the process however that ends.
func (w *World) acquire() error {
	if w.file == "" || w.lock != nil {
		return nil
	}
	lock, err := os.OpenFile(w.file+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := unix.FcntlFlock(lock.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}); err != nil {
		_ = lock.Close() // nothing was written to it
		return fmt.Errorf("%s is in use by another server: end that one first, or name another directory", w.file)
	}
	w.lock = lock
	return nil
}

// Release lets another server take the state file over. Nothing may be done with
// the world any more.
func (w *World) Release() {
	if w.lock != nil {
		_ = w.lock.Close() // nothing was written to it
	}
}
