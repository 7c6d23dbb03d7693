package agent

import (
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
)

// jvmUser is who logs in to the JVM: the agent at Jolokia, nodetool at JMX.
const jvmUser = "ringspan"

// Files beside the configuration that the JVM and nodetool read; only the user
// that Cassandra runs as can.
const (
	jmxServerFile   = "jmx/server.password"   // the JVM's, which may replace it by hashes
	jmxNodetoolFile = "jmx/nodetool.password" // nodetool's
	nodetoolInclude = "nodetool.in.sh"
)

// newSecret is one that nobody can guess.
func newSecret() string {
	data := make([]byte, 32)
	_, _ = rand.Read(data) // never fails
	return base64.RawURLEncoding.EncodeToString(data)
}

// writeJMXLogin makes the login of one run of the JVM: other containers of the
// pod, and with hostNetwork everything on the machine, reach JMX's port too.
func writeJMXLogin(configDir string) error {
	if err := os.MkdirAll(filepath.Join(configDir, "jmx"), 0o700); err != nil {
		return err
	}
	line := []byte(jvmUser + " " + newSecret() + "\n")
	for _, name := range []string{jmxServerFile, jmxNodetoolFile} {
		if err := replaceFile(filepath.Join(configDir, name), line, 0o600); err != nil {
			return fmt.Errorf("login for JMX: %w", err)
		}
	}
	return replaceFile(filepath.Join(configDir, nodetoolInclude), include, 0o644)
}

// include lets Cassandra's own nodetool log in by itself: its script reads the
// file that CASSANDRA_INCLUDE names.
//
//go:embed nodetool.in.sh
var include []byte

// replaceFile writes a file in one step, with its mode from the beginning.
func replaceFile(path string, data []byte, mode os.FileMode) error {
	if err := os.Remove(path + ".part"); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.WriteFile(path+".part", data, mode); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}
