package agent

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	osexec "os/exec"
)

// In a PID namespace of its own the agent is the first process, as in a
// container, and gets the orphans.
func TestOrphansAreReaped(t *testing.T) {
	c := testConfig(t, nil)
	c.Input.ExtraJVM = []string{"-Dfake=orphans"}
	cmd, _ := process(t, c, func(cmd *osexec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
	})
	await(t, "only the JVM is left", func() bool { return fmt.Sprint(children(t, cmd.Process.Pid)) == "[S]" })
}

// children are the states of a process's children, as /proc has them; a sleeping
// and a running one are the same here.
func children(t *testing.T, parent int) (states []string) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stats {
		data, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
		if fields[1] == itoa(parent) {
			states = append(states, strings.Replace(fields[0], "R", "S", 1))
		}
	}
	return states
}
