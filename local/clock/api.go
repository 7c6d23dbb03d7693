package clock

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
)

// ErrUnsupported says that wall clocks cannot be shifted on this platform.
var ErrUnsupported = fmt.Errorf("shifting wall clocks needs linux/amd64, not %s/%s: %w", runtime.GOOS, runtime.GOARCH, errors.ErrUnsupported)

// Limit bounds offsets on both sides, so that sums of nanoseconds never overflow.
const Limit = 100 * 365 * 24 * time.Hour

// Shift makes a process see the wall clock shifted by the offset, which replaces
// one from before; 0 restores the process. It needs the rights to trace the
// process: CAP_SYS_PTRACE in its user namespace, or the same user and a kernel
// that allows it.
//
// errors.Is(err, os.ErrProcessDone) says that there is no such process (any
// more), os.ErrPermission that the kernel forbids it. The process runs again
// whatever happens. A child of the calling process is refused; see the package.
func Shift(pid int, offset time.Duration) error {
	if offset < -Limit || offset > Limit {
		return fmt.Errorf("shifting the clock of process %d by %s: the offset must lie within %s", pid, offset, Limit)
	}
	if _, err := shift(pid, offset); err != nil {
		return fmt.Errorf("shifting the clock of process %d by %s: %w", pid, offset, err)
	}
	return nil
}

// Offset is how far the wall clock that a process sees is shifted; 0 when it is
// right. Errors are as those of Shift. It doesn't stop the process.
func Offset(pid int) (time.Duration, error) {
	offset, err := offsetOf(pid)
	if err != nil {
		return 0, fmt.Errorf("reading the clock of process %d: %w", pid, err)
	}
	return offset, nil
}

// ended is the error for a process that is not there.
func ended(pid int) error { return fmt.Errorf("process %d: %w", pid, os.ErrProcessDone) }

// Supported is ErrUnsupported where wall clocks cannot be shifted at all.
func Supported() error {
	if _, err := offsetOf(os.Getpid()); errors.Is(err, ErrUnsupported) {
		return ErrUnsupported
	}
	return nil
}
