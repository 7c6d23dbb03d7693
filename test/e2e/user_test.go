package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/distribution"
)

// userFleet is a ring of one node in each of two regions.
const userFleet = `
apiVersion: fleet.ringspan.io/v1alpha1
kind: Fleet
metadata: {name: user}
spec:
  provider: local
  regions:
    - {name: north, cidr: 172.23.0.0/16, zones: [{name: north-a}], nodes: {count: 1}}
    - {name: south, cidr: 172.24.0.0/16, zones: [{name: south-a}], nodes: {count: 1}}
---
apiVersion: k8ssandra.io/v1alpha1
kind: K8ssandraCluster
metadata: {name: users, namespace: default}
spec:
  cassandra:
    serverVersion: 5.0.9
    storageConfig: {cassandraDataVolumeClaimSpec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
    datacenters:
      - {metadata: {name: dc1}, k8sContext: north, size: 1}
      - {metadata: {name: dc2}, k8sContext: south, size: 1}
`

// Somebody without any rights brings a ring up and down. The programs and the
// cache are copies, because those of root may not be readable to others.
func TestAsAnyUser(t *testing.T) {
	t.Parallel() // it has a cloud of its own
	if os.Getuid() != 0 {
		t.Skip("not root: all other stories ran without rights already")
	}
	nobody := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if err := tryUserNamespace(nobody.Credential.Uid); err != nil {
		t.Skipf("this kernel does not let users make namespaces: %v", err)
	}
	dir, err := os.MkdirTemp("", "ringspan-e2e-user-*") //nolint:usetesting // the parents of t.TempDir are root's own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	cache, err := distribution.Cache()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "fleet.yaml")
	if err := os.WriteFile(file, []byte(userFleet), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{ // times are kept: the class-data archive depends on them
		{"cp", "-rL", "--preserve=timestamps,mode", bin, filepath.Join(dir, "bin")},
		{"mkdir", filepath.Join(dir, "cache")},
		{"cp", "-rL", "--preserve=timestamps,mode", filepath.Join(cache, "cassandra"), filepath.Join(dir, "cache")},
		{"chown", "-R", "65534:65534", dir},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v %s", args, err, out)
		}
	}
	run := func(args ...string) (string, error) {
		cmd := exec.Command(filepath.Join(dir, "bin", "ringspan"), args...)
		cmd.Dir, cmd.SysProcAttr = dir, nobody
		cmd.Env = append(os.Environ(), "HOME="+dir, "RINGSPAN_HOME="+filepath.Join(dir, "home"), "RINGSPAN_CACHE="+filepath.Join(dir, "cache"))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	t.Cleanup(func() { _, _ = run("down") })
	if out, err := run("up", file, "--timeout", "6m"); err != nil {
		t.Fatalf("up: %v\n%s", err, out)
	}
	out, err := run("status", "-o", "json")
	if err != nil {
		t.Fatalf("status: %v\n%s", err, out)
	}
	var s ringStatus
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Nodes) != 2 || s.Nodes[0].State != "UN" || s.Nodes[1].State != "UN" || !s.Ready {
		t.Errorf("status: %s", out)
	}
	if out, err := run("cql", "--region", "south", "-e", "CONSISTENCY LOCAL_QUORUM; LIST ROLES"); err != nil || !strings.Contains(out, "users-superuser") {
		t.Errorf("cql: %v %s", err, out)
	}
	if out, err := run("down"); err != nil {
		t.Errorf("down: %v %s", err, out)
	}
	err = poll(10*time.Second, func() error {
		for _, p := range machine() {
			if strings.Contains(p.line, dir) {
				return fmt.Errorf("still running: %s", p.line)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// tryUserNamespace makes a user namespace as another user would. Becoming that
// user and making the namespace in one clone is refused, so a thread becomes it
// first; it is never unlocked, and so ends with its goroutine.
func tryUserNamespace(uid uint32) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		id := uintptr(uid)
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, id, id, id); errno != 0 {
			result <- errno
			return
		}
		cmd := exec.Command("/bin/true")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
		result <- cmd.Run()
	}()
	return <-result
}
