package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Spec says how one container process sees the world. Package cri writes it,
// ringspan-init turns it into a running process.
type Spec struct {
	Root     string   `json:"root"` // scratch directory on a tmpfs; holds the overlay
	Hostname string   `json:"hostname"`
	Mounts   []Mount  `json:"mounts"`
	Args     []string `json:"args"`
	Env      []string `json:"env"`
	Dir      string   `json:"dir"`
	UID      int      `json:"uid"`
	GID      int      `json:"gid"`
	Groups   []int    `json:"groups"`

	Capabilities []int `json:"capabilities"` // kept in the bounding set
	ReadOnlyRoot bool  `json:"readOnlyRoot"`
	StatusFD     int   `json:"statusFD"` // where a start failure is reported; closed by exec
}

// Mount binds a host path into the container. Source has no symbolic links.
type Mount struct {
	Source   string `json:"source"`
	Target   string `json:"target"`
	ReadOnly bool   `json:"readOnly"`
}

// SetEnv sets a variable, replacing an earlier value: with two entries for one
// name, C programs would see the first and shells the last.
func SetEnv(env []string, name, value string) []string {
	for i, kv := range env {
		if strings.HasPrefix(kv, name+"=") {
			env[i] = name + "=" + value
			return env
		}
	}
	return append(env, name+"="+value)
}

// LookPath finds a program by the PATH of the given environment, which is the
// container's, not the caller's.
func LookPath(program string, env []string) (string, error) {
	if strings.Contains(program, "/") {
		return program, nil
	}
	for _, kv := range env {
		list, ok := strings.CutPrefix(kv, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(list) {
			path := filepath.Join(dir, program)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%q: executable file not found in $PATH", program)
}
