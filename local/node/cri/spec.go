package cri

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/ringspan/ringspan/local/node/process"
)

// buildSpec merges the image's configuration with the pod's, by Docker's rules.
func (r *Runtime) buildSpec(c *container, img image) (process.Spec, error) {
	s := process.Spec{
		Root:     filepath.Join(r.config.RunDir, "containers", c.id),
		Hostname: c.sandbox.config.Hostname,
		Args:     arguments(c.config, img),
		Dir:      c.config.WorkingDir, UID: img.UID, GID: img.GID,
		Mounts:   slices.Clone(img.Mounts),
		StatusFD: 3,
	}
	if len(s.Args) == 0 {
		return s, fmt.Errorf("image %s has no command, and the container gives none", c.config.Image.Image)
	}
	if s.Dir == "" {
		s.Dir = img.Dir
	}
	if s.Hostname == "" { // hostNetwork
		s.Hostname = r.config.NodeName
	}
	s.Env = environment(s.Hostname, c.config, img)
	if err := r.applySecurity(&s, c.config.GetLinux().GetSecurityContext()); err != nil {
		return s, err
	}
	if err := resolveLinks(s.Mounts); err != nil {
		return s, err
	}
	for _, file := range []string{"resolv.conf", "hostname"} {
		s.Mounts = append(s.Mounts, process.Mount{Source: filepath.Join(r.sandboxDir(c.sandbox.id), file), Target: "/etc/" + file})
	}
	for _, m := range c.config.Mounts {
		source, err := r.source(m.HostPath)
		if err != nil {
			return s, fmt.Errorf("mount on %s: %w", m.ContainerPath, err)
		}
		s.Mounts = append(s.Mounts, process.Mount{Source: source, Target: m.ContainerPath, ReadOnly: m.Readonly})
	}
	return s, nil
}

// arguments applies the rule that a command replaces the image's entry point
// and its arguments, and arguments alone only the image's.
func arguments(config *runtimeapi.ContainerConfig, img image) []string {
	command, args := config.Command, config.Args
	if len(command) == 0 {
		command = img.Entrypoint
		if len(args) == 0 {
			args = img.Cmd
		}
	}
	return slices.Concat(command, args)
}

func environment(hostname string, config *runtimeapi.ContainerConfig, img image) []string {
	env := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=" + hostname}
	for k, v := range img.Env {
		env = process.SetEnv(env, k, v)
	}
	for _, kv := range config.Envs {
		env = process.SetEnv(env, kv.Key, string(kv.Value))
	}
	return env
}

// resolveLinks follows the links of what an image brings: mounting follows none.
func resolveLinks(mounts []process.Mount) (err error) {
	for i := range mounts {
		if mounts[i].Source, err = filepath.EvalSymlinks(mounts[i].Source); err != nil {
			return err
		}
	}
	return nil
}

func (r *Runtime) applySecurity(s *process.Spec, sc *runtimeapi.LinuxContainerSecurityContext) error {
	if r.singleUser { // the namespace has no other user to become
		defer func() { s.UID, s.GID, s.Groups = 0, 0, nil }()
	}
	s.Capabilities = process.DefaultCapabilities
	if sc == nil {
		return nil
	}
	s.ReadOnlyRoot = sc.ReadonlyRootfs
	want := sc.GetCapabilities()
	if sc.Privileged {
		want = &runtimeapi.Capability{AddCapabilities: []string{"ALL"}}
	}
	var err error
	if s.Capabilities, err = capabilities(want); err != nil {
		return err
	}
	if sc.RunAsUser != nil {
		s.UID = int(sc.RunAsUser.Value)
	}
	if sc.RunAsGroup != nil {
		s.GID = int(sc.RunAsGroup.Value)
	}
	for _, g := range sc.SupplementalGroups {
		s.Groups = append(s.Groups, int(g))
	}
	return nil
}

// capabilities applies a pod's additions and removals to the default set. What would
// reach the machine is in no set, and an error when it is asked for by name.
func capabilities(want *runtimeapi.Capability) ([]int, error) {
	kept := slices.Clone(process.DefaultCapabilities)
	for _, name := range want.GetDropCapabilities() {
		if strings.EqualFold(name, "ALL") {
			kept = nil
			continue
		}
		if number, ok := capabilityNumbers[normalCapability(name)]; ok {
			kept = slices.DeleteFunc(kept, func(c int) bool { return c == number })
		}
	}
	for _, name := range want.GetAddCapabilities() {
		if strings.EqualFold(name, "ALL") {
			for c := range unix.CAP_LAST_CAP + 1 {
				if !slices.Contains(process.MachineCapabilities, c) {
					kept = append(kept, c)
				}
			}
			continue
		}
		number, ok := capabilityNumbers[normalCapability(name)]
		switch {
		case slices.Contains(process.MachineCapabilities, number) && ok:
			return nil, fmt.Errorf("capability %s: containers of the embedded cloud don't get it, because it reaches the machine", name)
		case ok:
			kept = append(kept, number)
		}
	}
	return kept, nil
}

func normalCapability(name string) string {
	return strings.TrimPrefix(strings.ToUpper(name), "CAP_")
}

var capabilityNumbers = map[string]int{
	"CHOWN": unix.CAP_CHOWN, "DAC_OVERRIDE": unix.CAP_DAC_OVERRIDE, "DAC_READ_SEARCH": unix.CAP_DAC_READ_SEARCH,
	"FOWNER": unix.CAP_FOWNER, "FSETID": unix.CAP_FSETID, "KILL": unix.CAP_KILL, "SETGID": unix.CAP_SETGID,
	"SETUID": unix.CAP_SETUID, "SETPCAP": unix.CAP_SETPCAP, "NET_BIND_SERVICE": unix.CAP_NET_BIND_SERVICE,
	"NET_ADMIN": unix.CAP_NET_ADMIN, "NET_RAW": unix.CAP_NET_RAW, "IPC_LOCK": unix.CAP_IPC_LOCK,
	"SYS_CHROOT": unix.CAP_SYS_CHROOT, "SYS_PTRACE": unix.CAP_SYS_PTRACE, "SYS_ADMIN": unix.CAP_SYS_ADMIN,
	"SYS_NICE": unix.CAP_SYS_NICE, "SYS_RESOURCE": unix.CAP_SYS_RESOURCE, "SYS_TIME": unix.CAP_SYS_TIME,
	"SYS_MODULE": unix.CAP_SYS_MODULE, "SYS_RAWIO": unix.CAP_SYS_RAWIO, "SYS_BOOT": unix.CAP_SYS_BOOT, "LINUX_IMMUTABLE": unix.CAP_LINUX_IMMUTABLE,
	"MAC_ADMIN": unix.CAP_MAC_ADMIN, "MAC_OVERRIDE": unix.CAP_MAC_OVERRIDE, "SYSLOG": unix.CAP_SYSLOG, "BPF": unix.CAP_BPF, "PERFMON": unix.CAP_PERFMON,
	"CHECKPOINT_RESTORE": unix.CAP_CHECKPOINT_RESTORE, "AUDIT_CONTROL": unix.CAP_AUDIT_CONTROL, "WAKE_ALARM": unix.CAP_WAKE_ALARM,
	"MKNOD": unix.CAP_MKNOD, "AUDIT_WRITE": unix.CAP_AUDIT_WRITE, "SETFCAP": unix.CAP_SETFCAP,
}

func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
