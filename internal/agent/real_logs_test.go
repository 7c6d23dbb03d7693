package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// The audit log is written because cassandra.yaml says so, into Cassandra's log directory where that names none; the log of all
// queries where cassandra.yaml says, and when it is asked for. Both directories are made by Cassandra, on volumes of the pod: the
// rest of its file system may be read-only.
func TestARealNodeWritesItsAuditAndQueryLogs(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Cassandra")
	}
	c := realConfig(t)
	queries, audit := filepath.Join(c.DataDir, "fql"), filepath.Join(c.LogDir, "audit")
	c.Input.CassandraYAML = map[string]any{
		"num_tokens": 2, "full_query_logging_options": map[string]any{"log_dir": queries, "roll_cycle": "MINUTELY"},
		"audit_logging_options": map[string]any{"enabled": true, "logger": []any{map[string]any{"class_name": "BinAuditLogger"}}, "roll_cycle": "MINUTELY"},
	}
	a, client, _ := serve(t, c)
	run := func(o mgmtapi.StartOptions) {
		t.Helper()
		if err := client.Start(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		serves := func() bool {
			s, err := client.Status(t.Context())
			return err == nil && s.State == mgmtapi.Running && s.NativeTransport
		}
		for end := time.Now().Add(realPatience); !serves(); time.Sleep(200 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("the node doesn't run; the log:\n%s", lastOf(c.Output.(*output).String()))
			}
		}
	}
	run(mgmtapi.StartOptions{FirstBoot: true})
	query(t, "audited")
	has(t, audit, "audited", true)
	if _, err := os.Stat(queries); !os.IsNotExist(err) {
		t.Errorf("before anybody asked for it: %v", err)
	}
	for range 2 {
		if err := client.SetFullQueryLog(t.Context(), true); err != nil {
			t.Fatal(err)
		}
	}
	query(t, "logged")
	has(t, queries, "logged", true)
	if err := client.SetFullQueryLog(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	query(t, "silent")
	has(t, queries, "silent", false)
	if err := a.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	run(mgmtapi.StartOptions{})
	if s, err := client.Status(t.Context()); err != nil || s.FullQueryLog == nil || *s.FullQueryLog {
		t.Errorf("after a start the log of all queries is on by itself: %+v, %v", s, err)
	}
	has(t, queries, "logged", true) // what was written stays
}

// query asks for something with a word in it. What is in keyspace system isn't audited.
func query(t *testing.T, word string) {
	t.Helper()
	cluster := gocql.NewCluster(realAddress)
	cluster.Timeout, cluster.ConnectTimeout = 10*time.Second, 10*time.Second
	s, err := cluster.CreateSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Query("SELECT role AS " + word + " FROM system_auth.roles").Exec(); err != nil {
		t.Fatal(err)
	}
}

// has looks for a word in the files of a log, which are written behind the query.
func has(t *testing.T, dir, word string, want bool) {
	t.Helper()
	found := func() bool {
		files, _ := filepath.Glob(filepath.Join(dir, "*.cq4")) // the pattern is sound
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err == nil && strings.Contains(string(data), word) {
				return true
			}
		}
		return false
	}
	for end := time.Now().Add(10 * time.Second); want && !found() && time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond)
	}
	if found() != want {
		t.Errorf("%s has the query %q: %t", dir, word, !want)
	}
}
