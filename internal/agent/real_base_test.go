package agent

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/version"
)

// Cassandra takes each of its own files of defaults below ours, writes in the format that the file asks for, and comes up on
// its data again. With the older format after the newer one it isn't started.
func TestRealCassandraWithItsOwnDefaults(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Cassandra several times")
	}
	for base, format := range map[string]string{cassandra.BaseLatest: "da-*-bti-Data.db", cassandra.BaseCompatible: "nb-*-big-Data.db"} {
		t.Run(base, func(t *testing.T) {
			c := realConfig(t)
			c.Input.Base, c.Input.Version = base, version.Cassandra
			off := false
			bootReal(t, c, mgmtapi.StartOptions{FirstBoot: true, InitialTokens: []string{"-5", "7"}, AutoBootstrap: &off})
			if files, err := filepath.Glob(filepath.Join(c.DataDir, "data", "system", "local-*", format)); err != nil || len(files) == 0 {
				all, _ := filepath.Glob(filepath.Join(c.DataDir, "data", "system", "local-*", "*"))
				t.Errorf("no %s among %v, %v", format, all, err)
			}
			c.Output = &output{}
			bootReal(t, c, mgmtapi.StartOptions{})
			c.Input.Base = ""
			_, client, _ := serve(t, c)
			err := client.Start(t.Context(), mgmtapi.StartOptions{})
			if refused := err != nil && strings.Contains(err.Error(), "is in a format of Cassandra 5.0"); refused != (base == cassandra.BaseLatest) {
				t.Errorf("without a base configuration: %v", err)
			}
		})
	}
}

// bootReal starts a node, waits until it runs, and stops it.
func bootReal(t *testing.T, c Config, o mgmtapi.StartOptions) {
	t.Helper()
	a, client, _ := serve(t, c)
	if err := client.Start(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for end, up := time.Now().Add(realPatience), running(t, client); !up(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the node doesn't run; the log:\n%s", lastOf(c.Output.(*output).String()))
		}
	}
	if err := a.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}
