package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// process is one of this machine's.
type process struct {
	pid, parent int
	name        string
	line        string // of its command
}

// machine lists all processes by pid.
func machine() map[int]process {
	all := map[int]process{}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		stat, err := os.ReadFile(path)
		line, err2 := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if err != nil || err2 != nil {
			continue // it has ended
		}
		text := string(stat) // pid (name) state parent …
		open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
		p := process{name: text[open+1 : end], line: string(bytes.ReplaceAll(line, []byte{0}, []byte{' '}))}
		_, err = fmt.Sscan(text[:open], &p.pid)
		_, err2 = fmt.Sscan(text[end+4:], &p.parent)
		if err == nil && err2 == nil {
			all[p.pid] = p
		}
	}
	return all
}

// processes lists those of the stories' own cloud, by their command lines.
func processes() map[int]string {
	pids := map[int]string{}
	for pid, p := range machine() {
		if pid != os.Getpid() && strings.Contains(p.line, filepath.Join(home, "e2e")) {
			pids[pid] = p.line
		}
	}
	return pids
}

func labProcess() (int, error) {
	for pid, line := range processes() {
		if strings.Contains(line, "ringspan-local run ") {
			return pid, nil
		}
	}
	return 0, errors.New("the embedded cloud does not run")
}

func nothingRuns() error {
	if all := processes(); len(all) > 0 {
		return fmt.Errorf("still running: %v", all)
	}
	return nil
}

// ofLab lists the processes in the stories' cloud, containers' too, that are
// wanted, oldest first.
func ofLab(wanted func(process) bool) (found []process) {
	lab, err := labProcess()
	if err != nil {
		return nil
	}
	all := machine()
	for _, p := range all {
		for at := p.pid; at > 1; at = all[at].parent {
			if at == lab && wanted(p) {
				found = append(found, p)
			}
		}
	}
	slices.SortFunc(found, func(a, b process) int { return a.pid - b.pid })
	return found
}

// jvms are the Cassandra processes of the stories' cloud.
func jvms() (pids []int) {
	for _, p := range ofLab(func(p process) bool { return p.name == "java" }) {
		pids = append(pids, p.pid)
	}
	return pids
}
