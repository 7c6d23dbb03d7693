//go:build linux && amd64

package clock

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// view is the vDSO of one program of a process, as it was when looked at. The
// file gives that program's memory only: after an exec, or the process's end,
// reads from it fail.
type view struct {
	pid    int
	memory *os.File
	base   uint64
	image  []byte
	layout layout
}

// errUnfit says that a process cannot be shifted, and so never was.
var errUnfit = errors.New("its clock is out of reach")

// readView reads a process's vDSO without stopping it. The caller closes its memory.
func readView(pid int) (*view, error) {
	base, size, err := vdso(pid)
	if err != nil {
		return nil, err
	}
	memory, err := os.Open(proc(pid, "mem"))
	if err != nil {
		return nil, missing(pid, err)
	}
	v := &view{pid: pid, memory: memory, base: base, image: make([]byte, size)}
	if err := v.read(v.image, 0); err != nil {
		memory.Close()
		return nil, err
	}
	if v.layout, err = parse(v.image); err != nil {
		memory.Close()
		return nil, fmt.Errorf("%w: %w", errUnfit, err)
	}
	return v, nil
}

// read reads from the vDSO. A program that is gone by now counts as an ended process.
func (v *view) read(into []byte, at uint64) error {
	_, err := v.memory.ReadAt(into, int64(v.base+at))
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.EIO) {
		return ended(v.pid)
	}
	return missing(v.pid, err)
}

// offset reads again how far the program is shifted.
func (v *view) offset() (time.Duration, error) {
	var head [headSize]byte
	err := v.read(head[:], v.layout.block)
	return offsetIn(head[:]), err
}

func (v *view) hasBlock() bool { return hasBlock(v.image[v.layout.block:]) }

// vdso finds where a process has its vDSO.
func vdso(pid int) (base, size uint64, err error) {
	maps, err := os.Open(proc(pid, "maps"))
	if err != nil {
		return 0, 0, missing(pid, err)
	}
	defer maps.Close()
	lines, any := bufio.NewScanner(maps), false
	for lines.Scan() {
		any = true
		if !strings.HasSuffix(lines.Text(), " [vdso]") {
			continue
		}
		var end uint64
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x", &base, &end); err != nil {
			return 0, 0, fmt.Errorf("process %d, in its maps: %q: %w", pid, lines.Text(), err)
		}
		return base, end - base, nil
	}
	if err := lines.Err(); err != nil {
		return 0, 0, missing(pid, err)
	}
	if !any {
		return 0, 0, ended(pid) // a zombie; or a thread of the kernel, for which it is as true
	}
	return 0, 0, fmt.Errorf("%w: it has no vDSO", errUnfit)
}

// missing tells errors of a process that is not there from others.
func missing(pid int, err error) error {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return ended(pid)
	}
	return err
}

func proc(pid int, name string) string { return "/proc/" + strconv.Itoa(pid) + "/" + name }

// parent is the process id of a process's parent.
func parent(pid int) (int, error) {
	stat, err := os.ReadFile(proc(pid, "stat"))
	if err != nil {
		return 0, missing(pid, err)
	}
	fields := afterName(stat)
	if len(fields) < 2 {
		return 0, ended(pid)
	}
	return strconv.Atoi(fields[1])
}

// sharesMemory tells whether two processes have the same memory, as a child has between fork and exec of a program's start.
func sharesMemory(pid, other int) (bool, error) {
	const kcmpVM = 1 // KCMP_VM of linux/kcmp.h
	order, _, errno := unix.Syscall6(unix.SYS_KCMP, uintptr(pid), uintptr(other), kcmpVM, 0, 0, 0)
	switch {
	case errors.Is(errno, syscall.ESRCH):
		return false, nil // one of them has ended
	case errno != 0:
		return false, fmt.Errorf("comparing the memory of processes %d and %d: %w", pid, other, errno)
	}
	return order == 0, nil
}

// afterName are the fields of a stat file behind the program's name, which may
// hold anything: the state, the parent and so on.
func afterName(stat []byte) []string {
	return strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
}
