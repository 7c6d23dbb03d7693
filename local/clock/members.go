package clock

import (
	"os"
	"slices"
	"strconv"
)

// Members finds the processes of containers by their PID namespaces, those
// included that were started in a container from outside. It is for one user at a time.
type Members struct{ namespaces map[int]string }

// Of returns all processes in the PID namespaces of the given ones, which are
// the containers' first. It costs a read of /proc, and a look at processes that
// are new since the last call.
func (m *Members) Of(inits []int) []int {
	listed := processes()
	known := make(map[int]string, len(listed))
	for _, pid := range listed {
		namespace, ok := m.namespaces[pid]
		if !ok {
			// Fails for one that has ended by now.
			namespace, _ = os.Readlink("/proc/" + strconv.Itoa(pid) + "/ns/pid")
		}
		known[pid] = namespace
	}
	m.namespaces = known
	var wanted []string
	for _, pid := range inits {
		if known[pid] != "" {
			wanted = append(wanted, known[pid])
		}
	}
	return slices.DeleteFunc(listed, func(pid int) bool { return !slices.Contains(wanted, known[pid]) })
}

// processes are the ids of all processes.
func processes() []int {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil // not Linux
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1)
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
