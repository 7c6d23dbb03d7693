package oneuser

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// The test's program is run again, in a user namespace with one user.
func TestMain(m *testing.M) {
	if file := os.Getenv("ONEUSER_FILE"); file != "" {
		os.Exit(give(file))
	}
	os.Exit(m.Run())
}

// give tries to give a file away before and after KeepOwners, and returns what
// went wrong as an exit code.
func give(file string) int {
	switch {
	case !Is():
		return 10
	case os.Lchown(file, 65532, -1) == nil:
		return 11 // then there is nothing to cope with
	case KeepOwners() != nil:
		return 12
	case os.Lchown(file, 65532, -1) != nil, os.Chown(file, -1, 999) != nil:
		return 13
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0) // other calls go on
	if err != nil || f.Chown(999, 999) != nil || f.Chmod(0o640) != nil {
		return 14
	}
	return 0
}

func TestOwnersAreKept(t *testing.T) {
	if Is() {
		t.Log("these tests run in a user namespace with one user themselves")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{"ONEUSER_FILE=" + file}
	id := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	gid := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: id, GidMappings: gid}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); int(owner.Uid) != os.Getuid() || int(owner.Gid) != os.Getgid() || info.Mode().Perm() != 0o640 {
		t.Errorf("the file belongs to %d:%d, %v", owner.Uid, owner.Gid, info.Mode())
	}
}
