package process

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	securejoin "github.com/cyphar/filepath-securejoin"
	"golang.org/x/sys/unix"
)

// Run is called in new mount, PID, UTS and IPC namespaces and in the pod's
// network namespace, on the process's main thread. It only returns on failure.
func Run(specFile string) error {
	data, err := os.ReadFile(specFile)
	if err != nil {
		return err
	}
	var c Spec
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	root, err := mountRoot(c)
	if err != nil {
		return fmt.Errorf("root file system: %w", err)
	}
	for _, m := range c.Mounts {
		if err := bind(root, m); err != nil {
			return fmt.Errorf("mount %s on %s: %w", m.Source, m.Target, err)
		}
	}
	if err := pivot(root); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if c.ReadOnlyRoot {
		if err := sealRoot(); err != nil {
			return fmt.Errorf("read-only root: %w", err)
		}
	}
	if err := unix.Sethostname([]byte(c.Hostname)); err != nil {
		return err
	}
	return execAs(c)
}

// sharedDirs are the host's directories that containers see, each through an
// overlay: they may write, into a tmpfs, and the host never changes.
//
// One overlay per directory rather than one over "/", because without root the
// kernel refuses an overlay over a directory that has mounts below it, and so
// that nothing else of the host (homes, work trees) shows.
var sharedDirs = map[string]bool{"usr": true, "etc": true, "opt": true, "bin": true, "sbin": true, "lib": true, "lib32": true, "lib64": true}

// mountRoot builds the container's root below c.Root, which must be on a tmpfs:
// an overlay's upper layer may not lie on the disk of its lower layer "inside" it.
func mountRoot(c Spec) (string, error) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return "", err
	}
	root := filepath.Join(c.Root, "root")
	for _, name := range []string{"proc", "sys", "dev", "tmp", "run", "root", "var/lib", "var/log"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			return "", err
		}
	}
	if err := os.Chmod(root+"/tmp", 0o777|os.ModeSticky); err != nil {
		return "", err
	}
	for name, target := range map[string]string{"run": "/run", "tmp": "/tmp"} {
		if err := os.Symlink(target, root+"/var/"+name); err != nil {
			return "", err
		}
	}
	if err := unix.Mount(root, root, "", unix.MS_BIND, ""); err != nil { // pivot_root wants a mount point
		return "", err
	}
	if err := setAttributes(root, 0, unix.MOUNT_ATTR_NODEV); err != nil {
		return "", err
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if !sharedDirs[entry.Name()] {
			continue
		}
		if err := share(c, root, entry); err != nil {
			return "", fmt.Errorf("/%s: %w", entry.Name(), err)
		}
	}
	if err := mountProc(root); err != nil {
		return "", fmt.Errorf("/proc: %w", err)
	}
	if err := bind(root, Mount{Source: "/sys", Target: "/sys", ReadOnly: true}); err != nil {
		return "", fmt.Errorf("/sys: %w", err)
	}
	return root, populateDev(root)
}

func share(c Spec, root string, entry os.DirEntry) error {
	target := filepath.Join(root, entry.Name())
	if entry.Type()&os.ModeSymlink != 0 { // /bin -> usr/bin
		link, err := os.Readlink("/" + entry.Name())
		if err != nil {
			return err
		}
		return os.Symlink(link, target)
	}
	upper, work := filepath.Join(c.Root, "upper", entry.Name()), filepath.Join(c.Root, "work", entry.Name())
	for _, dir := range []string{target, upper, work} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	return unix.Mount("overlay", target, "overlay", unix.MS_NODEV, fmt.Sprintf("lowerdir=/%s,upperdir=%s,workdir=%s", entry.Name(), upper, work))
}

func populateDev(root string) error {
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		if err := bindDevice(root, "/dev/"+name); err != nil {
			return err
		}
	}
	for name, target := range map[string]string{
		"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx",
	} {
		if err := os.Symlink(target, root+"/dev/"+name); err != nil {
			return err
		}
	}
	for name, options := range map[string]string{"shm": "mode=1777", "pts": "newinstance,ptmxmode=0666,mode=0620"} {
		if err := os.Mkdir(root+"/dev/"+name, 0o755); err != nil {
			return err
		}
		kind := map[string]string{"shm": "tmpfs", "pts": "devpts"}[name]
		flags := uintptr(unix.MS_NOSUID | unix.MS_NOEXEC)
		if kind == "tmpfs" {
			flags |= unix.MS_NODEV
		}
		if err := unix.Mount(kind, root+"/dev/"+name, kind, flags, options); err != nil {
			return err
		}
	}
	return nil
}

// bind mounts a host file or directory, on which devices can't be opened.
func bind(root string, m Mount) error {
	target, err := attach(root, m.Source, m.Target)
	if err != nil {
		return err
	}
	attributes := uint64(unix.MOUNT_ATTR_NODEV)
	if m.ReadOnly {
		attributes |= unix.MOUNT_ATTR_RDONLY
	}
	return setAttributes(target, unix.AT_RECURSIVE, attributes)
}

// bindDevice mounts one of the few devices that every container has.
func bindDevice(root, name string) error {
	_, err := attach(root, name, name)
	return err
}

// attach makes a mount. Its source is taken without following links: the runtime
// has resolved and checked it, and a pod that may write there could put a link in
// its place since. The target is resolved inside the container's root: /var/run is
// an absolute symlink to /run on most hosts, and following it naively would mount
// onto the host's /run.
func attach(root, source, target string) (string, error) {
	target, err := securejoin.SecureJoin(root, target)
	if err != nil {
		return "", err
	}
	fd, err := unix.Openat2(unix.AT_FDCWD, source, &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS})
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return "", err
	}
	if err := makeTarget(target, info.Mode&unix.S_IFMT == unix.S_IFDIR); err != nil {
		return "", err
	}
	return target, unix.Mount(fmt.Sprintf("/proc/self/fd/%d", fd), target, "", unix.MS_BIND|unix.MS_REC, "")
}

func makeTarget(target string, dir bool) error {
	if dir {
		return os.MkdirAll(target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(target, os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	return f.Close()
}

func setAttributes(target string, flags uint, attributes uint64) error {
	return unix.MountSetattr(unix.AT_FDCWD, target, flags, &unix.MountAttr{Attr_set: attributes})
}

// What of /proc is the whole machine's, in part writable for its root: without
// these a container's root could name a program that the kernel runs outside
// (core_pattern), or restart the machine.
var (
	sealedProc = []string{"sys", "sysrq-trigger", "irq", "bus", "fs"}
	hiddenProc = []string{"kcore", "keys", "timer_list", "sched_debug", "kallsyms"}
)

func mountProc(root string) error {
	proc := root + "/proc"
	if err := unix.Mount("proc", proc, "proc", unix.MS_NOSUID|unix.MS_NOEXEC|unix.MS_NODEV, ""); err != nil {
		return err
	}
	for _, name := range sealedProc {
		if err := overmount(filepath.Join(proc, name), filepath.Join(proc, name)); err != nil {
			return err
		}
	}
	for _, name := range hiddenProc {
		if err := overmount("/dev/null", filepath.Join(proc, name)); err != nil {
			return err
		}
	}
	return nil
}

// overmount puts a read-only mount over something that this kernel may not have.
func overmount(source, target string) error {
	if _, err := os.Lstat(target); os.IsNotExist(err) {
		return nil
	}
	if err := unix.Mount(source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	if err := setAttributes(target, unix.AT_RECURSIVE, unix.MOUNT_ATTR_RDONLY); err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	return nil
}

// pivot makes root the process's only file system tree.
func pivot(root string) error {
	if err := os.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return err
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return err
	}
	return os.Chdir("/")
}

// sealRoot makes the image's part of the file system read-only and leaves the
// pod's own mounts as they are.
func sealRoot() error {
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	for name := range sharedDirs {
		path := "/" + name
		if info, err := os.Lstat(path); err != nil || !info.IsDir() {
			continue
		}
		if err := unix.MountSetattr(unix.AT_FDCWD, path, 0, &attr); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return unix.MountSetattr(unix.AT_FDCWD, "/", 0, &attr)
}

// DefaultCapabilities are those that Docker and containerd give, but for CAP_MKNOD.
var DefaultCapabilities = []int{
	unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FSETID, unix.CAP_FOWNER,
	unix.CAP_NET_RAW, unix.CAP_SETGID, unix.CAP_SETUID, unix.CAP_SETFCAP, unix.CAP_SETPCAP,
	unix.CAP_NET_BIND_SERVICE, unix.CAP_SYS_CHROOT, unix.CAP_KILL, unix.CAP_AUDIT_WRITE,
}

// MachineCapabilities are those that no container gets, also one that is
// privileged: by them its root would reach the machine's devices, kernel, clock or
// files, and there are no cgroups here to keep it from them.
var MachineCapabilities = []int{
	unix.CAP_MKNOD, unix.CAP_SYS_ADMIN, unix.CAP_SYS_MODULE, unix.CAP_SYS_RAWIO, unix.CAP_SYS_BOOT, unix.CAP_SYS_TIME,
	unix.CAP_DAC_READ_SEARCH, unix.CAP_LINUX_IMMUTABLE, unix.CAP_MAC_ADMIN, unix.CAP_MAC_OVERRIDE, unix.CAP_SYSLOG,
	unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_CHECKPOINT_RESTORE, unix.CAP_AUDIT_CONTROL, unix.CAP_WAKE_ALARM,
}

// LimitCapabilities drops all but the kept ones from the calling thread's
// bounding set, which takes effect at exec.
func LimitCapabilities(kept []int) error {
	for capability := range unix.CAP_LAST_CAP + 1 {
		if slices.Contains(kept, capability) {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(capability), 0, 0, 0); err != nil {
			return fmt.Errorf("dropping capability %d: %w", capability, err)
		}
	}
	return nil
}

func execAs(c Spec) error {
	if err := LimitCapabilities(c.Capabilities); err != nil {
		return err
	}
	// A user namespace made without root forbids setgroups, even to none.
	if err := syscall.Setgroups(c.Groups); err != nil && len(c.Groups) > 0 {
		return err
	}
	if err := syscall.Setgid(c.GID); err != nil {
		return err
	}
	if err := syscall.Setuid(c.UID); err != nil {
		return err
	}
	// The kernel forgets the parent-death signal whenever a process changes
	// its user, so it must be set again here.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return err
	}
	if c.Dir != "" {
		if err := os.MkdirAll(c.Dir, 0o755); err != nil {
			return err
		}
		if err := os.Chdir(c.Dir); err != nil {
			return err
		}
	}
	program, err := LookPath(c.Args[0], c.Env)
	if err != nil {
		return err
	}
	unix.CloseOnExec(c.StatusFD) // its end tells the runtime that the start succeeded
	if err := syscall.Exec(program, c.Args, c.Env); err != nil {
		return fmt.Errorf("exec %s: %w", program, err)
	}
	return nil
}
