package cli

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// memoryNeeded is what the embedded cloud with six nodes takes, in MiB; less
// than two thirds of it is refused.
const memoryNeeded = 4096

// checkMachine finds what would make the embedded cloud fail late and badly.
func checkMachine() error {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return fmt.Errorf("this machine has no /proc/meminfo: the embedded cloud needs Linux: %w", err)
	}
	available := availableMiB(string(data))
	if available > 0 && available < memoryNeeded*2/3 {
		return fmt.Errorf("%d MiB of memory are free and a ring of six nodes takes about %d: free some, or ask for fewer nodes on a larger machine", available, memoryNeeded)
	}
	return nil
}

func availableMiB(meminfo string) int {
	for _, line := range strings.Split(meminfo, "\n") {
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err == nil {
				return kib / 1024
			}
		}
	}
	return 0
}
