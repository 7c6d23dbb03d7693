//go:build linux && amd64

package clock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// stackDepth is how much of each stack is searched, in bytes. A handler of
// signals lies within it, and above that the address where it interrupted.
const stackDepth = 16 << 10

// clear returns an errBusy when a thread stands in one of the spans, or was
// interrupted there by a signal whose handler runs.
func (t *tracer) clear(memory *os.File, spans []span) error {
	stack := make([]byte, stackDepth)
	for tid, h := range t.held {
		if !h.stopped {
			continue
		}
		var regs unix.PtraceRegs
		if err := unix.PtraceGetRegs(tid, &regs); errors.Is(err, syscall.ESRCH) {
			continue // killed
		} else if err != nil {
			return fmt.Errorf("registers of thread %d: %w", tid, err)
		}
		if within(spans, regs.Rip) {
			return fmt.Errorf("thread %d runs the code to be replaced: %w", tid, errBusy)
		}
		n, _ := memory.ReadAt(stack, int64(regs.Rsp)) // shorter where the stack ends
		for s := stack[:n]; len(s) >= 8; s = s[8:] {
			if within(spans, binary.LittleEndian.Uint64(s)) {
				return fmt.Errorf("thread %d returns into the code to be replaced: %w", tid, errBusy)
			}
		}
	}
	return nil
}
