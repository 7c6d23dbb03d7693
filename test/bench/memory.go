package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// memory sums PSS by program over all processes of the bench's cloud.
func memory(home string, f *figures) error {
	parents, lines := map[int]int{}, map[int]string{}
	lab := 0
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return err
	}
	for _, path := range paths {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		var pid, parent int
		end := bytes.LastIndexByte(stat, ')')
		if _, err := fmt.Sscanf(string(stat), "%d ", &pid); err != nil || end < 0 {
			continue
		}
		if _, err := fmt.Sscan(string(stat[end+4:]), &parent); err != nil {
			continue
		}
		parents[pid], lines[pid] = parent, string(bytes.ReplaceAll(line, []byte{0}, []byte{' '}))
		if strings.Contains(lines[pid], "ringspan-local run ") && strings.Contains(lines[pid], home) {
			lab = pid
		}
	}
	sums, largest, total := map[string]float64{}, map[string]float64{}, 0.0
	for pid, line := range lines {
		p := pid
		for p > 1 && p != lab {
			p = parents[p]
		}
		if lab == 0 || p != lab {
			continue
		}
		pss, rss := sizes(pid)
		name := program(line)
		sums[name] += pss
		largest[name] = max(largest[name], rss)
		total += pss
	}
	f.add("memory at rest, everything: MiB PSS", total)
	for _, name := range []string{"Cassandra", "kube-apiserver", "kubelet", "ringspan-local", "operator", "agent"} {
		f.add("  "+name+", all: MiB PSS", sums[name])
	}
	f.add("  operator, the largest: MiB resident", largest["operator"])
	f.add("  agent, the largest: MiB resident", largest["agent"])
	return nil
}

// sizes are a process's proportional and resident memory, in MiB.
func sizes(pid int) (pss, rss float64) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, 0
	}
	for line := range strings.SplitSeq(string(data), "\n") {
		var kib float64
		if _, err := fmt.Sscanf(line, "Pss: %f kB", &kib); err == nil {
			pss = kib / 1024
		}
		if _, err := fmt.Sscanf(line, "Rss: %f kB", &kib); err == nil {
			rss = kib / 1024
		}
	}
	return pss, rss
}

func program(line string) string {
	switch {
	case strings.Contains(line, "ringspan.Launch"):
		return "Cassandra"
	case strings.Contains(line, "ringspan-agent run"):
		return "agent"
	case strings.Contains(line, "ringspan-operator run"):
		return "operator"
	case strings.Contains(line, "ringspan-kube kube-apiserver"):
		return "kube-apiserver"
	case strings.Contains(line, "ringspan-kube kubelet"):
		return "kubelet"
	case strings.Contains(line, "ringspan-local"):
		return "ringspan-local"
	}
	return "other"
}
