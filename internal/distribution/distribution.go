package distribution

import (
	"bufio"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/hash"
	"github.com/ringspan/ringspan/internal/version"
	"github.com/ringspan/ringspan/java"
)

//go:embed maven/pom.xml
var pom []byte

//go:embed maven/jars.sha256
var checksums string

// Distribution is where the parts lie.
type Distribution struct {
	Version  string
	Java     Java
	Lib      string // Cassandra's jars
	Jolokia  string // a jar
	Launcher string // a jar
	Archive  string // class-data archive; empty when there is none
}

const jolokiaJar = "jolokia-agent-jvm-2.6.0-javaagent.jar"

// Cache is the directory that is shared by all versions and projects of a user.
func Cache() (string, error) {
	if dir := os.Getenv("RINGSPAN_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "ringspan"), nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".cache", "ringspan"), err
}

// Ensure returns the distribution, after making what of it is not in the cache.
func Ensure(ctx context.Context, cache string, report func(string)) (Distribution, error) {
	d := Distribution{Version: version.Cassandra}
	var err error
	if d.Java, err = FindJava(ctx); err != nil {
		return d, err
	}
	dir := filepath.Join(cache, "cassandra", d.Version)
	if err := sweep(dir); err != nil {
		return d, fmt.Errorf("removing what a killed run has left in the cache: %w", err)
	}
	d.Lib = filepath.Join(dir, "lib-"+shortHash(checksums))
	if err := ensureJars(ctx, d.Lib, report); err != nil {
		return d, fmt.Errorf("getting Cassandra %s: %w", d.Version, err)
	}
	d.Jolokia = filepath.Join(d.Lib, "jolokia", jolokiaJar)
	if err := ensureLauncher(ctx, &d, dir, report); err != nil {
		return d, fmt.Errorf("compiling the launcher: %w", err)
	}
	if err := ensureArchive(ctx, &d, dir, report); err != nil {
		report(fmt.Sprintf("no class-data archive, starts take longer: %v", err))
	}
	return d, nil
}

func shortHash(s string) string { return hash.Text(s, 6) }

func ensureJars(ctx context.Context, lib string, report func(string)) error {
	if _, err := os.Stat(lib); err == nil {
		return nil
	}
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return errors.New("mvn is not in PATH: Maven fetches Cassandra's jars; install it (package maven)")
	}
	report("fetching Cassandra " + version.Cassandra + " with Maven (67 MB, once)")
	part, remove, err := scratch(lib)
	if err != nil {
		return err
	}
	defer remove()
	pomFile := filepath.Join(part, "pom.xml")
	if err := os.WriteFile(pomFile, pom, 0o600); err != nil {
		return err
	}
	out := filepath.Join(part, "lib")
	cmd := exec.CommandContext(ctx, mvn, "-q", "-B", "-f", pomFile,
		"org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies", "-DoutputDirectory="+out, "-DincludeScope=runtime")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mvn: %w: %s", err, lastLines(string(output), 5))
	}
	if err := verify(out, checksums); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(out, "jolokia"), 0o755); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(out, jolokiaJar), filepath.Join(out, "jolokia", jolokiaJar)); err != nil {
		return err
	}
	return publish(out, lib)
}

// publish makes a finished directory appear at once. Another process may have
// been faster; its result is as good.
func publish(from, to string) error {
	err := os.Rename(from, to)
	if _, there := os.Stat(to); there == nil {
		return nil
	}
	return err
}

// verify checks every jar against the list, and that there are no others.
func verify(dir, list string) error {
	want := map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(list))
	for lines.Scan() {
		sum, name, _ := strings.Cut(lines.Text(), "  ")
		want[name] = sum
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		sum, err := fileSum(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		if want[e.Name()] != sum {
			return fmt.Errorf("%s: its SHA-256 is %s and should be %q: the copy is not the published one; clear Maven's local repository of it and try again", e.Name(), sum, want[e.Name()])
		}
		delete(want, e.Name())
	}
	for name := range want {
		return fmt.Errorf("%s is missing among what Maven brought", name)
	}
	return nil
}

func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func ensureLauncher(ctx context.Context, d *Distribution, dir string, report func(string)) error {
	sources, err := java.Sources.ReadDir("ringspan")
	if err != nil {
		return err
	}
	var all strings.Builder
	for _, s := range sources {
		data, err := java.Sources.ReadFile("ringspan/" + s.Name())
		if err != nil {
			return err
		}
		all.Write(data)
	}
	d.Launcher = filepath.Join(dir, "launcher-"+shortHash(all.String()+d.Java.Build)+".jar")
	if _, err := os.Stat(d.Launcher); err == nil {
		return nil
	}
	report("compiling the launcher")
	part, remove, err := scratch(d.Launcher)
	if err != nil {
		return err
	}
	defer remove()
	if err := os.CopyFS(part, java.Sources); err != nil {
		return err
	}
	args := []string{"-cp", d.Lib + "/*:" + d.Jolokia, "-d", filepath.Join(part, "classes")}
	for _, s := range sources {
		args = append(args, filepath.Join(part, "ringspan", s.Name()))
	}
	if out, err := exec.CommandContext(ctx, d.Java.tool("javac"), args...).CombinedOutput(); err != nil {
		return fmt.Errorf("javac: %w: %s", err, lastLines(string(out), 10))
	}
	jar := filepath.Join(part, "launcher.jar")
	if out, err := exec.CommandContext(ctx, d.Java.tool("jar"), "--create", "--file", jar, "-C", filepath.Join(part, "classes"), ".").CombinedOutput(); err != nil {
		return fmt.Errorf("jar: %w: %s", err, lastLines(string(out), 10))
	}
	return publish(jar, d.Launcher)
}

// ClassPath is the JVM's class path when the jars lie in these places. Its order
// is fixed: a class-data archive is only valid for the class path it was made with.
func (d Distribution) ClassPath(lib, agentDir string) (string, error) {
	jars, err := filepath.Glob(filepath.Join(d.Lib, "*.jar"))
	if err != nil {
		return "", err
	}
	slices.Sort(jars)
	parts := []string{agentDir + "/ringspan-jvm.jar", agentDir + "/jolokia.jar"}
	for _, j := range jars {
		parts = append(parts, lib+"/"+filepath.Base(j))
	}
	return strings.Join(parts, ":"), nil
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
