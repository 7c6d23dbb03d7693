package main

import (
	"path/filepath"

	"github.com/ringspan/ringspan/internal/cassandra"
)

// bareRuns boots six bare JVMs with the defaults of Cassandra's code, and with those of the file that new rings get: what that
// costs of time and memory is a ratio of the same run. It returns the seconds of the boot that a ring's is compared with.
func bareRuns(home string, f *figures) (float64, error) {
	former, formerMemory, err := bareBoot(filepath.Join(home, "bare-former"), cassandra.BaseNone)
	if err != nil {
		return 0, err
	}
	seconds, memory, err := bareBoot(filepath.Join(home, "bare"), cassandra.BaseLatest)
	if err != nil {
		return 0, err
	}
	f.add("six bare JVMs, all started at once, to six serving: s", seconds)
	f.add("  their memory then: MiB PSS", memory)
	f.add("  the seconds as a multiple of those with the code's defaults", seconds/former)
	f.add("  the memory as a multiple of that with the code's defaults", memory/formerMemory)
	return seconds, nil
}

// pssOf sums the proportional memory of processes, in MiB.
func pssOf(processes []int) (sum float64) {
	for _, pid := range processes {
		pss, _ := sizes(pid)
		sum += pss
	}
	return sum
}
