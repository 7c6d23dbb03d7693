//go:build linux && amd64

package clock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"
)

// errBusy says that the process cannot be changed at this moment.
var errBusy = errors.New("try again")

// errShared says that the process has its parent's memory: to rewrite it would shift the parent too, whose threads run meanwhile.
var errShared = fmt.Errorf("it has no program of its own yet: %w", errBusy)

// attempts bounds how often a busy process is stopped for one shift.
const attempts = 20

// shift does the work of Shift, and says whether there was any.
func shift(pid int, offset time.Duration) (changed bool, err error) {
	if is, err := already(pid, offset); is || errors.Is(err, os.ErrProcessDone) {
		return false, err
	}
	for range attempts {
		if err = traceable(pid); err == nil {
			err = onThread(func() error { return rewrite(pid, offset) })
		}
		if !errors.Is(err, errBusy) {
			break
		}
		time.Sleep(time.Millisecond) // the threads need it to move on
	}
	return err == nil, err
}

// already says whether a process has the offset, without stopping it. Errors may
// come from an exec that is going on, in the midst of which memory is closed to
// all or has no vDSO. They count only from a process that stands: none does then.
func already(pid int, offset time.Duration) (bool, error) {
	now, err := offsetOf(pid)
	if offset == 0 && errors.Is(err, errUnfit) {
		return true, nil
	}
	return err == nil && now == offset, err
}

func offsetOf(pid int) (time.Duration, error) {
	v, err := readView(pid)
	if err != nil {
		return 0, err
	}
	defer v.memory.Close()
	return v.offset()
}

// traceable refuses what would go wrong: see the package's comment.
func traceable(pid int) error {
	of, err := parent(pid)
	switch {
	case err != nil:
		return err
	case pid == os.Getpid():
		return errors.New("a process cannot trace itself")
	case of == os.Getpid():
		return errors.New("it is a child of this process, whose Wait would take its stop for its end: use a Keeper, or another process")
	}
	shared, err := sharesMemory(pid, of)
	if shared {
		err = errShared
	}
	return err
}

// rewrite stops the process and changes its vDSO.
func rewrite(pid int, offset time.Duration) error {
	t, err := stop(pid)
	if err != nil {
		return err
	}
	defer t.release()
	v, err := readView(pid)
	if err != nil {
		return err
	}
	defer v.memory.Close()
	if v.hasBlock() && !v.layout.known(v.image) {
		return errForeign
	}
	if offset == 0 {
		return restore(t, v)
	}
	if err := install(t, v); err != nil {
		return err
	}
	return setOffset(t, v, offset)
}

// install brings block and jumps into place, with no effect yet.
func install(t *tracer, v *view) error {
	if v.hasBlock() && v.layout.jumps(v.image) {
		return nil
	}
	spans := v.layout.danger(v.image)
	for i := range spans {
		spans[i].from, spans[i].to = v.base+spans[i].from, v.base+spans[i].to
	}
	if err := t.clear(v.memory, spans); err != nil {
		return err
	}
	if !v.hasBlock() {
		block := newBlock(v.image, v.layout)
		if err := t.write(v.base+v.layout.block+headSize, block[headSize:]); err != nil {
			return err
		}
		if err := t.write(v.base+v.layout.block, block[:headSize]); err != nil {
			return err
		}
	}
	for _, e := range v.layout.entries {
		if err := t.write(v.base+e.at, v.layout.jump(e)); err != nil {
			return err
		}
	}
	return nil
}

// restore puts the functions' beginnings back. The block stays, for threads that
// are in it; with no offset, so that it is without effect first of all.
func restore(t *tracer, v *view) error {
	if !v.hasBlock() {
		return nil
	}
	if err := setOffset(t, v, 0); err != nil {
		return err
	}
	for _, e := range v.layout.entries {
		was, err := v.layout.original(v.image, e)
		if err != nil {
			return err
		}
		if err := t.write(v.base+e.at, was); err != nil {
			return err
		}
	}
	return nil
}

func setOffset(t *tracer, v *view, offset time.Duration) error {
	word := binary.LittleEndian.AppendUint64(nil, uint64(offset))
	return t.write(v.base+v.layout.block+offsetAt, word)
}
