package oneuser

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// KeepOwners makes every change of a file's owner by this process, and by those
// that it starts, succeed without changing anything. The kernel refuses such
// changes here (EINVAL), and a kubelet then mounts no volume for a pod that runs
// as a user of its own or has an fsGroup. Who the files belong to makes no
// difference where only one user exists. It needs CAP_SYS_ADMIN in the user
// namespace, and can't be undone.
//
// Source of the rule: user_namespaces(7) on IDs without a mapping, seccomp(2) on
// SECCOMP_RET_ERRNO with the error 0.
func KeepOwners() error {
	filter := ownerFilter()
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		return fmt.Errorf("seccomp filter for owners of files: %w", errno)
	}
	return nil
}

// ownerFilter is the filter's program: a call in chownCalls ends at once with
// success, every other one goes on. The number of a call means something only
// with the architecture, which therefore is looked at first.
func ownerFilter() []unix.SockFilter {
	const (
		number       = 0 // offsets in struct seccomp_data, bytes
		architecture = 4
	)
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	jump := func(equal uint32, yes, no int) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: equal, Jt: uint8(yes), Jf: uint8(no)}
	}
	end := func(action uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
	}
	n := len(chownCalls)
	program := []unix.SockFilter{load(architecture), jump(auditArch, 0, n+1), load(number)}
	for i, call := range chownCalls {
		program = append(program, jump(call, n-i, 0))
	}
	return append(program, end(unix.SECCOMP_RET_ALLOW), end(unix.SECCOMP_RET_ERRNO))
}
