package distribution

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringspan/ringspan/internal/version"
)

// program puts a shell script into a directory that is all of PATH but the
// system's own.
func program(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/bin")
}

const outputArgument = `for a in "$@"; do case "$a" in -DoutputDirectory=*) out="${a#*=}";; esac; done; mkdir -p "$out"; `

func silent(string) {}

func TestAWrongJarIsNotKept(t *testing.T) {
	program(t, "mvn", outputArgument+`echo broken > "$out/HdrHistogram-2.1.12.jar"`)
	lib := filepath.Join(t.TempDir(), "cassandra", "lib")
	err := ensureJars(t.Context(), lib, silent)
	if err == nil || !strings.Contains(err.Error(), "HdrHistogram-2.1.12.jar") || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("error %v", err)
	}
	left, err := os.ReadDir(filepath.Dir(lib))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAJarThatNobodyAskedForIsNamed(t *testing.T) {
	program(t, "mvn", outputArgument+`echo > "$out/surprise.jar"`)
	if err := ensureJars(t.Context(), filepath.Join(t.TempDir(), "lib"), silent); err == nil || !strings.Contains(err.Error(), "surprise.jar") {
		t.Errorf("error %v", err)
	}
}

func TestMavensOwnWordsAreKept(t *testing.T) {
	program(t, "mvn", "echo 'Could not resolve dependencies: offline'; exit 1")
	if err := ensureJars(t.Context(), filepath.Join(t.TempDir(), "lib"), silent); err == nil || !strings.Contains(err.Error(), "Could not resolve dependencies: offline") {
		t.Errorf("error %v", err)
	}
}

func TestNoMaven(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := ensureJars(t.Context(), filepath.Join(t.TempDir(), "lib"), silent); err == nil || !strings.Contains(err.Error(), "mvn") {
		t.Errorf("error %v", err)
	}
}

// A run that was killed leaves its scratch directory, which is nobody's cache and
// is removed by the next run; that of a run that lives stays.
func TestAKilledRunIsDoneAgain(t *testing.T) {
	lib := filepath.Join(t.TempDir(), "lib")
	killed := filepath.Join(filepath.Dir(lib), ".part-1234")
	if err := os.MkdirAll(killed, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(killed, "half.jar"), []byte("ha"), 0o600); err != nil {
		t.Fatal(err)
	}
	alive, remove, err := scratch(lib)
	if err != nil {
		t.Fatal(err)
	}
	if err := sweep(filepath.Dir(lib)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(killed); !os.IsNotExist(err) {
		t.Errorf("what the killed run left is still there: %v", err)
	}
	if _, err := os.Stat(alive); err != nil {
		t.Errorf("a run that lives has lost its directory: %v", err)
	}
	program(t, "mvn", "echo again; exit 1")
	if err := ensureJars(t.Context(), lib, silent); err == nil || !strings.Contains(err.Error(), "again") {
		t.Errorf("Maven was not asked again: %v", err)
	}
	remove()
	if left, err := os.ReadDir(filepath.Dir(lib)); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := sweep(filepath.Join(filepath.Dir(lib), "nothing")); err != nil {
		t.Errorf("a cache that is not there: %v", err)
	}
}

func TestTheFasterOneWins(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"there", "late"} {
		if err := os.MkdirAll(filepath.Join(dir, name, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := publish(filepath.Join(dir, "late"), filepath.Join(dir, "there")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "there", "there")); err != nil {
		t.Error("what was published first is gone")
	}
	if err := publish(filepath.Join(dir, "nothing"), filepath.Join(dir, "nowhere")); err == nil {
		t.Error("nothing was published")
	}
}

func TestJavaThatDoesNotDo(t *testing.T) {
	for _, test := range []struct{ why, script, says string }{
		{"a runtime without a compiler", `echo 'openjdk version "17.0.1" 2021-10-19' >&2`, "javac"},
		{"not Java", "echo hello", "hello"},
		{"it fails", "exit 3", "exit status 3"},
	} {
		home := t.TempDir()
		if err := os.Mkdir(filepath.Join(home, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, "bin", "java"), []byte("#!/bin/sh\n"+test.script), 0o755); err != nil {
			t.Fatal(err)
		}
		t.Setenv("JAVA_HOME", home)
		if _, err := FindJava(t.Context()); err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "JDK 17") {
			t.Errorf("%s: %v", test.why, err)
		}
	}
	t.Setenv("JAVA_HOME", "")
	t.Setenv("PATH", t.TempDir())
	if _, err := FindJava(context.Background()); err == nil || !strings.Contains(err.Error(), "JAVA_HOME") {
		t.Errorf("no Java: %v", err)
	}
}

func TestImages(t *testing.T) {
	dir, bin := t.TempDir(), t.TempDir()
	for _, name := range []string{"ringspan-operator", "ringspan-agent"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	d := Distribution{Version: version.Cassandra, Java: Java{Home: "/jdk"}, Lib: "/cache/lib", Jolokia: "/cache/jolokia.jar", Launcher: "/cache/launcher.jar", Archive: "/cache/classes.jsa"}
	for range 2 { // the second changes nothing
		if err := WriteImages(dir, bin, d); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) (i image) {
		data, err := os.ReadFile(filepath.Join(dir, name, "image.json"))
		if err == nil {
			err = json.Unmarshal(data, &i)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return i
	}
	c := read("cassandra")
	if len(c.Tags) != 1 || c.Tags[0] != version.Cassandra || c.UID != 999 || c.Env["CASSANDRA_JVM_PROFILE"] != "small" || c.Env["CASSANDRA_CDS_ARCHIVE"] != archiveIn || c.Env["JAVA_HOME"] != "/jdk" {
		t.Errorf("cassandra: %+v", c)
	}
	for _, m := range c.Mounts {
		if !m.ReadOnly {
			t.Errorf("%s can be written to", m.Target)
		}
	}
	if a := read(AgentImage); len(a.Mounts) != 3 || len(a.Entrypoint) != 1 || a.Tags[0] != version.Version {
		t.Errorf("agent: %+v", a)
	}
	id, err := ImageID(dir, AgentImage)
	if err != nil || !strings.HasPrefix(id, AgentImage+"@sha256:") || read(OperatorImage).ID == "" || c.ID != "" {
		t.Errorf("ids: %q, %v; %q; %q", id, err, read(OperatorImage).ID, c.ID)
	}
	operator := read(OperatorImage).ID
	if err := os.WriteFile(filepath.Join(bin, "ringspan-agent"), []byte("built anew"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := WriteImages(dir, bin, d); err != nil {
		t.Fatal(err)
	}
	if next := read(AgentImage).ID; next == id || read(OperatorImage).ID != operator {
		t.Errorf("another agent: %s, and the operator %s", next, read(OperatorImage).ID)
	}
	d.Archive = ""
	if err := WriteImages(dir, bin, d); err != nil {
		t.Fatal(err)
	}
	if c := read("cassandra"); c.Env["CASSANDRA_CDS_ARCHIVE"] != "" {
		t.Errorf("an archive that isn't: %+v", c)
	}
	if err := WriteImages(dir, t.TempDir(), d); err == nil || !strings.Contains(err.Error(), "ringspan") {
		t.Errorf("without programs: %v", err)
	}
}
