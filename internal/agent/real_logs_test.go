package agent

import (
	"fmt"
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
	a.otherCalls(t)
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

// otherCalls are those that nothing but Cassandra's answer shows.
func (a *Agent) otherCalls(t *testing.T) {
	t.Helper()
	const who = "spiffe://o'neil"
	hour := int64(3600)
	for _, e := range []struct {
		why string
		err func() error
	}{
		{"identity", func() error { return a.putIdentity(t.Context(), identityOfRole{Identity: who, Role: "o'neil"}) }},
		{"it has the role", func() error { return a.identityIs(t, who, "'o''neil'", false) }},
		{"for an hour", func() error {
			return a.putIdentity(t.Context(), identityOfRole{Identity: who, Role: "o'neil", TTL: &hour})
		}},
		{"it ends", func() error { return a.identityIs(t, who, "'o''neil'", true) }},
		{"dropped", func() error { return a.dropIdentity(t.Context(), who) }},
		{"it is gone", func() error { return a.identityIs(t, who, "", false) }},
		{"level", func() error {
			return exec(t.Context(), a.jmx, storageService, "setLoggingLevel", nil, "org.apache.cassandra.fql", "DEBUG")
		}},
		{"levels", func() error { return exec(t.Context(), a.jmx, storageService, "setLoggingLevel", nil, "", "") }},
		{"throughput", func() error { return a.throughput(t, 64) }},
		{"no limit", func() error { return a.throughput(t, 0) }},
		{"hints", func() error { return exec(t.Context(), a.jmx, hintsService, "deleteAllHints", nil) }},
		{"schema", func() error { return exec(t.Context(), a.jmx, storageService, "reloadLocalSchema", nil) }},
		{"compactions", func() error {
			var all []map[string]string
			return read(t.Context(), a.jmx, compactionManager, "Compactions", &all)
		}},
	} {
		if err := e.err(); err != nil {
			t.Errorf("%s: %v", e.why, err)
		}
	}
}

// identityIs compares what Cassandra has of an identity, and whether it ends by itself.
func (a *Agent) identityIs(t *testing.T, who, role string, ends bool) error {
	t.Helper()
	rows, err := cql(t.Context(), a.jmx, "SELECT role, ttl(role) AS rest FROM system_auth.identity_to_role WHERE identity = "+quote(who), localQuorum)
	if err != nil || len(rows) == 0 && role == "" {
		return err
	}
	if len(rows) != 1 || rows[0]["role"] != role || (rows[0]["rest"] != "") != ends {
		return fmt.Errorf("%v, want %s, which ends: %t", rows, role, ends)
	}
	return nil
}

func (a *Agent) throughput(t *testing.T, rate uint64) error {
	t.Helper()
	var is uint64
	if err := setAttribute(t.Context(), a.jmx, storageService, compactionThroughput, rate); err != nil {
		return err
	}
	if err := read(t.Context(), a.jmx, storageService, compactionThroughput, &is); err != nil || is == rate {
		return err
	}
	return fmt.Errorf("it is %d instead of %d", is, rate)
}
