package cri

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// source is where a mount that the kubelet asks for really lies, which must be in
// what belongs to the node: its own directory and the volumes that are on it. A
// hostPath, or a local PersistentVolume of a person's hand, names any path of this
// machine: nodes have no file system of their own here. What is missing is made,
// as containerd does.
func (r *Runtime) source(path string) (string, error) {
	real, err := resolve(path)
	if err != nil {
		return "", err
	}
	mounts, err := readMounts()
	if err != nil {
		return "", err
	}
	if !mounts.own(real, append([]string{r.config.RunDir}, r.config.Own...)) {
		return "", fmt.Errorf("%s is not the node's: pods of the embedded cloud see only their volumes, no directories of this machine", path)
	}
	if _, err := os.Stat(real); !errors.Is(err, fs.ErrNotExist) {
		return real, err
	}
	return real, os.MkdirAll(real, 0o755)
}

// resolve follows the links of the part of a path that exists.
func resolve(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return real, err
	}
	parent, err := resolve(filepath.Dir(path))
	return filepath.Join(parent, filepath.Base(path)), err
}

// mount is a line of /proc/self/mountinfo, as far as it says what lies where.
type mount struct {
	device string // major:minor of the file system
	root   string // what of it is mounted
	point  string // where
}

type mounts []mount

func readMounts() (mounts, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseMounts(f)
}

func parseMounts(from io.Reader) (all mounts, err error) {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 {
			return nil, fmt.Errorf("/proc/self/mountinfo has the line %q", lines.Text())
		}
		all = append(all, mount{device: fields[2], root: unescape(fields[3]), point: unescape(fields[4])})
	}
	return all, lines.Err()
}

// unescape undoes the kernel's \040 for a space and its like.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// location is a path within the file system that it lies on.
type location struct{ device, path string }

func (m mounts) locate(path string) location {
	best := mount{}
	for _, one := range m { // of equal ones the last lies on top
		if within(path, one.point) && len(one.point) >= len(best.point) {
			best = one
		}
	}
	rest, _ := filepath.Rel(best.point, path) // within says that there is one
	return location{best.device, filepath.Join(best.root, rest)}
}

// own tells whether a path lies in one of the directories, through whatever mounts:
// the kubelet binds volumes into its own directory. A file system that is mounted
// below the directories and nowhere else, as the kubelet does for Secrets, is the
// node's as well.
func (m mounts) own(path string, dirs []string) bool {
	at := m.locate(path)
	for _, dir := range dirs {
		if d := m.locate(dir); at.device == d.device && within(at.path, d.path) {
			return true
		}
	}
	return !slices.ContainsFunc(m, func(one mount) bool {
		return one.device == at.device && !slices.ContainsFunc(dirs, func(dir string) bool { return one.point != dir && within(one.point, dir) })
	})
}

// within tells whether a path is a directory or lies below it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}
