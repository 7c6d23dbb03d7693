package distribution

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The cache of this machine is used: what is missing is fetched and made.
func TestEnsureMakesAWholeDistribution(t *testing.T) {
	cache, err := Cache()
	if err != nil {
		t.Fatal(err)
	}
	d, err := Ensure(t.Context(), cache, func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	for what, path := range map[string]string{"launcher": d.Launcher, "Jolokia": d.Jolokia, "class-data archive": d.Archive} {
		if _, err := os.Stat(path); path == "" || err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	classPath, err := d.ClassPath("/lib", "/agent")
	if err != nil || !strings.HasPrefix(classPath, "/agent/ringspan-jvm.jar:/agent/jolokia.jar:/lib/") || !strings.Contains(classPath, "/lib/apache-cassandra-5.0.9.jar") && !strings.Contains(classPath, "/lib/cassandra-all-5.0.9.jar") {
		t.Errorf("class path: %v, %s", err, classPath)
	}
}

func TestVerifyNamesTheJarThatDiffers(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.jar"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := verify(dir, "0000  a.jar\n")
	if err == nil || !strings.Contains(err.Error(), "a.jar") {
		t.Errorf("a changed jar: %v", err)
	}
	sum, err := fileSum(filepath.Join(dir, "a.jar"))
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(dir, sum+"  a.jar\n"); err != nil {
		t.Errorf("the published jar: %v", err)
	}
	if err := verify(dir, sum+"  a.jar\n"+sum+"  b.jar\n"); err == nil || !strings.Contains(err.Error(), "b.jar") {
		t.Errorf("a missing jar: %v", err)
	}
}

func TestWrongJavaIsNamed(t *testing.T) {
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\necho 'openjdk version \"21.0.1\" 2023-10-17' >&2\n"
	if err := os.WriteFile(filepath.Join(home, "bin", "java"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("JAVA_HOME", home)
	_, err := FindJava(t.Context())
	if err == nil || !strings.Contains(err.Error(), "21") || !strings.Contains(err.Error(), "17") || !strings.Contains(err.Error(), "JAVA_HOME") {
		t.Errorf("Java 21: %v", err)
	}
}
