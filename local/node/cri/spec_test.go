package cri

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/ringspan/ringspan/local/node/process"
)

func TestArguments(t *testing.T) {
	img := image{Entrypoint: []string{"entry"}, Cmd: []string{"cmd"}}
	for _, c := range []struct {
		why                 string
		command, args, want []string
	}{
		{"neither: the image's both", nil, nil, []string{"entry", "cmd"}},
		{"arguments replace the image's", nil, []string{"a"}, []string{"entry", "a"}},
		{"a command replaces both", []string{"c"}, nil, []string{"c"}},
		{"both replace both", []string{"c"}, []string{"a"}, []string{"c", "a"}},
	} {
		if got := arguments(&runtimeapi.ContainerConfig{Command: c.command, Args: c.args}, img); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.why, got, c.want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	img := image{Env: map[string]string{"A": "image", "B": "image", "PATH": "/opt/bin"}}
	config := &runtimeapi.ContainerConfig{Envs: []*runtimeapi.KeyValue{{Key: "B", Value: []byte("pod")}, {Key: "C", Value: []byte("pod")}}}
	got := environment("host", config, img)
	slices.Sort(got)
	want := []string{"A=image", "B=pod", "C=pod", "HOSTNAME=host", "PATH=/opt/bin"}
	if !slices.Equal(got, want) {
		t.Errorf("the pod's go before the image's, and those before the defaults: got %v, want %v", got, want)
	}
}

func TestCapabilities(t *testing.T) {
	for _, c := range []struct {
		why          string
		add, drop    []string
		with, absent []int
	}{
		{"the defaults", nil, nil, process.DefaultCapabilities, []int{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_MKNOD}},
		{"one more", []string{"IPC_LOCK"}, nil, append([]int{unix.CAP_IPC_LOCK}, process.DefaultCapabilities...), []int{unix.CAP_SYS_ADMIN}},
		{"one less, in any spelling", nil, []string{"cap_chown"}, []int{unix.CAP_KILL}, []int{unix.CAP_CHOWN}},
		{"none but one", []string{"CAP_NET_BIND_SERVICE"}, []string{"ALL"}, []int{unix.CAP_NET_BIND_SERVICE}, []int{unix.CAP_CHOWN, unix.CAP_SETUID}},
		{"all but those that reach the machine", []string{"ALL"}, nil, []int{unix.CAP_NET_ADMIN, unix.CAP_SYS_PTRACE}, process.MachineCapabilities},
		{"an unknown one takes nothing away", nil, []string{"MAGIC"}, process.DefaultCapabilities, nil},
	} {
		got, err := capabilities(&runtimeapi.Capability{AddCapabilities: c.add, DropCapabilities: c.drop})
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
		}
		for _, n := range c.with {
			if !slices.Contains(got, n) {
				t.Errorf("%s: %d is missing in %v", c.why, n, got)
			}
		}
		for _, n := range c.absent {
			if slices.Contains(got, n) {
				t.Errorf("%s: %d is in %v", c.why, n, got)
			}
		}
	}
}

func TestCapabilitiesOfTheMachineAreRefused(t *testing.T) {
	for name, number := range capabilityNumbers {
		_, err := capabilities(&runtimeapi.Capability{AddCapabilities: []string{"CAP_" + name}})
		if refused := slices.Contains(process.MachineCapabilities, number); (err != nil) != refused || refused && !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, number := range process.MachineCapabilities {
		if !slices.Contains(slices.Collect(maps.Values(capabilityNumbers)), number) {
			t.Errorf("capability %d has no name, so that asking for it isn't refused", number)
		}
	}
}

// Privileged containers get what the machine can give without being reached.
func TestPrivileged(t *testing.T) {
	var s process.Spec
	err := new(Runtime).applySecurity(&s, &runtimeapi.LinuxContainerSecurityContext{Privileged: true})
	if err != nil || slices.Contains(s.Capabilities, unix.CAP_SYS_ADMIN) || !slices.Contains(s.Capabilities, unix.CAP_NET_ADMIN) {
		t.Errorf("%v, %v", s.Capabilities, err)
	}
}

func TestBuildSpec(t *testing.T) {
	dir := t.TempDir()
	user := &runtimeapi.Int64Value{Value: 999}
	r := &Runtime{config: Config{NodeName: "node", RunDir: "/run/node", Own: []string{dir}}}
	config := &runtimeapi.ContainerConfig{
		Image: &runtimeapi.ImageSpec{Image: "tools"}, Mounts: []*runtimeapi.Mount{{HostPath: filepath.Join(dir, "new"), ContainerPath: "/data", Readonly: true}},
		Linux: &runtimeapi.LinuxContainerConfig{SecurityContext: &runtimeapi.LinuxContainerSecurityContext{
			RunAsUser: user, SupplementalGroups: []int64{5}, ReadonlyRootfs: true,
		}},
	}
	c := &container{id: "c1", config: config, sandbox: &sandbox{id: "s1", config: &runtimeapi.PodSandboxConfig{Hostname: "pod"}}}
	img := image{Entrypoint: []string{"run"}, Dir: "/work", UID: 7, GID: 8, Mounts: []process.Mount{{Source: t.TempDir(), Target: "/opt/lib"}}}

	s, err := r.buildSpec(c, img)
	if err != nil {
		t.Fatal(err)
	}
	if s.Root != "/run/node/containers/c1" || s.Hostname != "pod" || s.Dir != "/work" || s.UID != 999 || s.GID != 8 || !slices.Equal(s.Groups, []int{5}) || !s.ReadOnlyRoot {
		t.Errorf("got %+v", s)
	}
	var targets []string
	for _, m := range s.Mounts { // the image's first, so that the pod's can lie in them
		targets = append(targets, m.Target)
	}
	if want := []string{"/opt/lib", "/etc/resolv.conf", "/etc/hostname", "/data"}; !slices.Equal(targets, want) {
		t.Errorf("mounted on %v, want %v", targets, want)
	}
	if last := s.Mounts[len(s.Mounts)-1]; !last.ReadOnly {
		t.Errorf("the pod's read-only mount is %+v", last)
	}

	r.singleUser = true
	if s, err = r.buildSpec(c, img); err != nil || s.UID != 0 || s.GID != 0 || s.Groups != nil {
		t.Errorf("where there is one user only, got %d:%d %v, %v", s.UID, s.GID, s.Groups, err)
	}
	config.Linux = nil
	if s, err = r.buildSpec(c, img); err != nil || s.UID != 0 || s.GID != 0 {
		t.Errorf("and for the image's user, got %d:%d, %v", s.UID, s.GID, err)
	}
	c.sandbox.config.Hostname = ""
	if s, err = r.buildSpec(c, img); err != nil || s.Hostname != "node" {
		t.Errorf("on the node's network the name is %q, %v, want the node's", s.Hostname, err)
	}
	if _, err := r.buildSpec(c, image{}); err == nil || !strings.Contains(err.Error(), "tools has no command") {
		t.Errorf("without any command, got %v", err)
	}
}
