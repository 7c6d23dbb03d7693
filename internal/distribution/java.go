package distribution

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// Java is the development kit that runs Cassandra.
type Java struct {
	Home  string
	Build string // its own words about its version
}

var versionPattern = regexp.MustCompile(`version "(\d+)(?:\.(\d+))?[^"]*"`)

// FindJava looks at JAVA_HOME, else at the java in PATH. Cassandra 5.0 runs on
// Java 11 or 17; 17 with its compiler is what is tested here.
func FindJava(ctx context.Context) (Java, error) {
	home := os.Getenv("JAVA_HOME")
	if home == "" {
		path, err := exec.LookPath("java")
		if err != nil {
			return Java{}, errors.New("no java in PATH and JAVA_HOME is not set: Cassandra needs a JDK 17; install one (package openjdk-17-jdk-headless) or point JAVA_HOME to it")
		}
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return Java{}, err
		}
		home = filepath.Dir(filepath.Dir(path))
	}
	j := Java{Home: home}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, j.tool("java"), "-version").CombinedOutput()
	if err != nil {
		return j, fmt.Errorf("%s -version: %w; point JAVA_HOME to a JDK 17", j.tool("java"), err)
	}
	j.Build = string(out)
	m := versionPattern.FindStringSubmatch(j.Build)
	if m == nil {
		return j, fmt.Errorf("%s -version says %q, which names no version; point JAVA_HOME to a JDK 17", j.tool("java"), j.Build)
	}
	if major, _ := strconv.Atoi(m[1]); major != 17 {
		return j, fmt.Errorf("java in %s is version %s and Cassandra needs 17; install a JDK 17 and point JAVA_HOME to it", home, m[1])
	}
	if _, err := os.Stat(j.tool("javac")); err != nil {
		return j, fmt.Errorf("java in %s has no compiler (javac): it is a runtime only; install a JDK 17 (package openjdk-17-jdk-headless) or point JAVA_HOME to one", home)
	}
	return j, nil
}

func (j Java) tool(name string) string { return filepath.Join(j.Home, "bin", name) }
