package cri

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What of a machine lies where: the node's directory is on a file system of its own
// in memory, with its disk, which is a directory of the machine's, mounted below.
const mountinfo = `
21 1 8:1 / / rw - ext4 /dev/vda rw
22 21 0:20 / /dev/shm rw - tmpfs tmpfs rw
23 21 0:30 / /run rw - tmpfs tmpfs rw
24 23 8:1 /state/cluster/nodes/a /run/node/a/disk rw - ext4 /dev/vda rw
25 24 0:40 / /run/node/a/disk/pods/1/secret rw - tmpfs tmpfs rw
26 24 8:1 /state/cluster/volumes/a/pvc-1 /run/node/a/disk/pods/1/volume rw - ext4 /dev/vda rw
27 24 8:1 /etc /run/node/a/disk/pods/2/volume rw - ext4 /dev/vda rw
28 24 8:1 /state/cluster/volumes/b/pvc-2 /run/node/a/disk/pods/3/volume rw - ext4 /dev/vda rw
29 24 0:20 / /run/node/a/disk/pods/4/volume rw - tmpfs tmpfs rw
30 24 8:1 /with\040space /run/node/a/disk/pods/5/a\040volume rw - ext4 /dev/vda rw
`

func TestOwn(t *testing.T) {
	all, err := parseMounts(strings.NewReader(strings.TrimSpace(mountinfo)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why, path string
		want      bool
	}{
		{"the node's volatile directory", "/run/node/a/sandboxes/1/resolv.conf", true},
		{"the kubelet's directory on the node's disk", "/run/node/a/disk/pods/1/etc-hosts", true},
		{"the same by its other name", "/state/cluster/nodes/a/pods/1/etc-hosts", true},
		{"a Secret, in a file system of its own", "/run/node/a/disk/pods/1/secret/token", true},
		{"a volume of the node", "/run/node/a/disk/pods/1/volume", true},
		{"the volume by its own path", "/state/cluster/volumes/a/pvc-1", true},
		{"a local volume that names /etc", "/run/node/a/disk/pods/2/volume", false},
		{"a local volume that names another node's", "/run/node/a/disk/pods/3/volume", false},
		{"a local volume that names the machine's /dev/shm", "/run/node/a/disk/pods/4/volume", false},
		{"a volume with a space in its name", "/run/node/a/disk/pods/5/a volume", false},
		{"the machine's root", "/", false},
		{"a directory of the machine", "/var/lib", false},
		{"another node's directory", "/run/node/b/disk", false},
		{"a name that only begins like the node's", "/run/node/ab", false},
		{"the machine's memory", "/dev/shm", false},
	} {
		if got := all.own(c.path, []string{"/run/node/a", "/run/node/a/disk", "/state/cluster/volumes/a"}); got != c.want {
			t.Errorf("%s (%s): %t, want %t", c.why, c.path, got, c.want)
		}
	}
}

// On this machine, with its own mounts: nothing leads out of the directories.
func TestSource(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	run, volumes := filepath.Join(dir, "run"), filepath.Join(dir, "volumes")
	for _, d := range []string{run, volumes} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(elsewhere, filepath.Join(volumes, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(run, "hosts"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := &Runtime{config: Config{RunDir: run, Own: []string{volumes}}}
	for _, c := range []struct {
		why, path string
		refused   bool
	}{
		{why: "a directory that is there", path: volumes},
		{why: "a file", path: filepath.Join(run, "hosts")},
		{why: "one that is made", path: filepath.Join(run, "pods", "1")},
		{why: "a link that leads out", path: filepath.Join(volumes, "link"), refused: true},
		{why: "a new directory behind such a link", path: filepath.Join(volumes, "link", "new"), refused: true},
		{why: "a directory elsewhere", path: elsewhere, refused: true},
		{why: "a new directory elsewhere", path: filepath.Join(elsewhere, "new"), refused: true},
		{why: "a path with steps back", path: run + "/../../" + filepath.Base(filepath.Dir(elsewhere)), refused: true},
	} {
		got, err := r.source(c.path)
		if c.refused != (err != nil) || err != nil && !strings.Contains(err.Error(), "is not the node's") {
			t.Errorf("%s: %q, %v", c.why, got, err)
		}
	}
	if made, _ := os.ReadDir(elsewhere); len(made) > 0 {
		t.Errorf("made %v elsewhere", made)
	}
}
