package oneuser

import (
	"os"
	"strings"
)

// Is tells whether the user namespace of this process maps only one user.
func Is() bool {
	data, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	fields := strings.Fields(string(data))
	return len(fields) == 3 && fields[2] == "1"
}
