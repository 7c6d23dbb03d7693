package lifecycle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/local"
)

// upOf is an `up` of a file on a machine whose programs note that they are called.
func upOf(t *testing.T, text string) *Up {
	t.Helper()
	t.Setenv("RINGSPAN_HOME", filepath.Join(t.TempDir(), "home"))
	t.Setenv("RINGSPAN_CACHE", t.TempDir())
	f, err := fleet.Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	cloud, err := local.New(f.Fleet.Name)
	if err != nil {
		t.Fatal(err)
	}
	cloud.Bin = t.TempDir()
	for _, p := range programs {
		script := "#!/bin/sh\necho \"$@\" >> " + filepath.Join(cloud.Bin, "called") + "\necho '{}'\n"
		if err := os.WriteFile(filepath.Join(cloud.Bin, p), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return &Up{file: f, platform: &localPlatform{Local: inventory.Local{Cloud: cloud}}}
}

// reported is a run whose report is written somewhere.
func reported(ctx context.Context, u *Up, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	to := progress.New(progress.Options{Out: out})
	defer to.Close()
	return u.Run(ctx, to)
}

// refuses runs an `up` that must fail with all of the words, before anything is made.
func refuses(t *testing.T, u *Up, words ...string) {
	t.Helper()
	err := reported(t.Context(), u, io.Discard)
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("%q is not in: %v", w, err)
		}
	}
	cloud := u.platform.(*localPlatform).Cloud
	if _, err := os.Stat(filepath.Dir(cloud.State)); !os.IsNotExist(err) {
		t.Errorf("something was made in %s: %v", cloud.State, err)
	}
	if called, _ := os.ReadFile(filepath.Join(cloud.Bin, "called")); strings.Contains(string(called), "start") {
		t.Errorf("the embedded cloud was started: %s", called)
	}
}

func oneRegion(fields string) string {
	return "apiVersion: fleet.ringspan.io/v1alpha1\nkind: Fleet\nmetadata: {name: f}\nspec: {regions: [{name: here, cidr: 10.1.0.0/16" + fields + "}]}\n"
}

// No machine of today has what a ring of 16 full regions needs.
func TestTooLittleMemoryIsToldBeforeAnythingIsMade(t *testing.T) {
	var regions, datacenters []string
	for i := range 16 {
		regions = append(regions, fmt.Sprintf("{name: r%d, cidr: 10.%d.0.0/16, nodes: {count: 96}, zones: [{}, {}, {}, {}, {}, {}]}", i, i))
		datacenters = append(datacenters, fmt.Sprintf("{metadata: {name: dc%d}, k8sContext: r%d, size: 96}", i, i))
	}
	text := "apiVersion: fleet.ringspan.io/v1alpha1\nkind: Fleet\nmetadata: {name: f}\nspec: {regions: [" + strings.Join(regions, ", ") + "]}\n---\n" +
		"apiVersion: k8ssandra.io/v1alpha1\nkind: K8ssandraCluster\nmetadata: {name: ring}\nspec: {cassandra: {serverVersion: 5.0.9, storageConfig: {}, datacenters: [" + strings.Join(datacenters, ", ") + "]}}\n"
	u := upOf(t, text)
	refuses(t, u, "too little memory: ", "MiB are free", "16 regions with 1536 Cassandra nodes take about 746080 MiB")
}

func TestATakenPortIsToldBeforeAnythingIsMade(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	u := upOf(t, oneRegion(", apiServerPort: "+port))
	refuses(t, u, "spec.regions[0].apiServerPort: "+port+" of region here is not free on this machine", "leave it out")
}

func TestWrongOrNoJavaIsToldBeforeAnythingIsMade(t *testing.T) {
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	java := "#!/bin/sh\necho 'openjdk version \"11.0.20\" 2023-07-18' >&2\n"
	if err := os.WriteFile(filepath.Join(home, "bin", "java"), []byte(java), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("JAVA_HOME", home)
	u := upOf(t, oneRegion(""))
	refuses(t, u, "java in "+home+" is version 11 and Cassandra needs 17", "JAVA_HOME")

	t.Setenv("JAVA_HOME", "")
	empty := t.TempDir()
	for _, p := range []string{"sh", "true"} { // what the check of the machine itself uses
		if err := os.Symlink("/bin/"+p, filepath.Join(empty, p)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", empty)
	u = upOf(t, oneRegion(""))
	refuses(t, u, "no java in PATH and JAVA_HOME is not set")
}

// The second `up` of a fleet says whom it waits for, and goes on when it may.
func TestASecondUpWaitsForTheFirst(t *testing.T) {
	t.Setenv("JAVA_HOME", t.TempDir()) // where the second one ends, after its turn
	u, out := upOf(t, oneRegion("")), &bytes.Buffer{}
	first, err := local.New("f")
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := first.Lock()
	if err != nil {
		t.Fatal(err)
	}
	said := &signal{writer: out, want: "at work on fleet f: waiting for it", seen: make(chan struct{})}
	done := make(chan error, 1)
	go func() { done <- reported(t.Context(), u, said) }()
	select {
	case <-said.seen:
	case err := <-done:
		t.Fatalf("it didn't wait: %v\n%s", err, out)
	}
	unlock()
	if err := <-done; err == nil || !strings.Contains(err.Error(), "JDK 17") {
		t.Errorf("after its turn: %v", err)
	}
	if want := fmt.Sprintf("another ringspan (process %d) is at work on fleet f", os.Getpid()); !strings.Contains(out.String(), want) {
		t.Errorf("%q is not in:\n%s", want, out)
	}
}

// Who doesn't want to wait for ever is told on whom it waited.
func TestASecondUpGivesUp(t *testing.T) {
	u, out := upOf(t, oneRegion("")), &bytes.Buffer{}
	first, err := local.New("f")
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := first.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	said := &signal{writer: out, want: "waiting for it", seen: make(chan struct{})}
	go func() {
		<-said.seen
		cancel()
	}()
	var busy local.Busy
	if err := reported(ctx, u, said); !errors.As(err, &busy) || busy.Fleet != "f" {
		t.Errorf("%v", err)
	}
}

// signal is a writer that tells when it has seen some words.
type signal struct {
	writer *bytes.Buffer
	want   string
	seen   chan struct{}
	told   bool
}

func (s *signal) Write(p []byte) (int, error) {
	if !s.told && bytes.Contains(p, []byte(s.want)) {
		s.told = true
		close(s.seen)
	}
	return s.writer.Write(p)
}
