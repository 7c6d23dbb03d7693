package local

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Leftovers is what of a fleet is on this machine.
type Leftovers struct {
	Processes []int    // their command lines name the fleet's directory, or they descend from one that does
	Mounts    []string // of this machine, below the fleet's directory
	Data      bool     // the directory is there
}

func (l Leftovers) String() string {
	var all []string
	if len(l.Processes) > 0 {
		all = append(all, fmt.Sprintf("processes %v", l.Processes))
	}
	if len(l.Mounts) > 0 {
		all = append(all, "mounts "+strings.Join(l.Mounts, ", "))
	}
	if l.Data {
		all = append(all, "data")
	}
	return strings.Join(all, "; ")
}

// Leftovers looks at the machine itself, not at what the cloud tells.
func (c *Cloud) Leftovers() (Leftovers, error) {
	var l Leftovers
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return l, err
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 1 && (fields[1] == c.State || strings.HasPrefix(fields[1], c.State+"/")) {
			l.Mounts = append(l.Mounts, fields[1])
		}
	}
	_, err = os.Stat(c.State)
	l.Data = err == nil
	l.Processes, err = c.processes()
	return l, err
}

// processes finds those of the cloud: the ones that name its directory, and all
// below them.
func (c *Cloud) processes() (found []int, err error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	parents, ours := map[int]int{}, map[int]bool{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		parents[pid] = parentOf(pid)
		line, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline")) // gone meanwhile: empty
		arguments := bytes.Split(line, []byte{0})
		ours[pid] = strings.HasPrefix(filepath.Base(string(arguments[0])), "ringspan-") && bytes.Contains(line, []byte(c.State))
	}
	for pid := range parents {
		for p, depth := pid, 0; p > 1 && depth < 64; p, depth = parents[p], depth+1 {
			if ours[p] {
				found = append(found, pid)
				break
			}
		}
	}
	return found, nil
}

// parentOf reads the parent's id, behind the name in parentheses; 0 when the
// process has ended.
func parentOf(pid int) (parent int) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	var state string
	_, _ = fmt.Sscan(string(stat[bytes.LastIndexByte(stat, ')')+1:]), &state, &parent) // the kernel's own form
	return parent
}
