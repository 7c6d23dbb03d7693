package agent

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// askedOf is what a fake JVM was asked to do with its sstables, without the arrays' brackets.
func askedOf(t *testing.T, c Config) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(c.DataDir, "node.json"))
	if err != nil {
		t.Fatal(err)
	}
	var n struct{ Asked []string }
	if err := json.Unmarshal(data, &n); err != nil {
		t.Fatal(err)
	}
	return n.Asked
}

// Each call reaches Cassandra with its options, as cass-operator writes them, in v0 and v1.
func TestTableCallsReachCassandra(t *testing.T) {
	c := testConfig(t, &output{})
	sstable := filepath.Join(c.DataDir, "nb-1-big-Data.db")
	write(t, c.DataDir, map[string][]byte{"nb-1-big-Data.db": nil})
	_, client, base := serve(t, c)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	for _, e := range []struct{ path, body, asks string }{
		{"compact", `{"keyspace_name":"system_traces","tables":["events","sessions"],"split_output":true}`, "forceKeyspaceCompaction[true system_traces [events sessions]]"},
		{"compact", `{"keyspace_name":"system_traces","start_token":"-9223372036854775808","end_token":"0","tables":[]}`,
			"forceKeyspaceCompactionForTokenRange[system_traces -9223372036854775808 0 []]"},
		{"compact", `{"user_defined":true,"user_defined_files":["` + sstable + `"]}`, "forceUserDefinedCompaction[" + sstable + "]"},
		{"scrub", `{"keyspace_name":"system_traces","disable_snapshot":true,"skip_corrupted":true,"check_data":false,"reinsert_overflowed_ttl":true,"jobs":-1,"tables":["events"]}`,
			"scrub[true true false true 0 system_traces [events]]"},
		{"scrub", `{"keyspace_name":"system_traces"}`, "scrub[false false true false 0 system_traces []]"},
		{"garbagecollect", `{"keyspace_name":"system_traces","jobs":3}`, "garbageCollect[ROW 3 system_traces []]"},
		{"garbagecollect?tombstoneOption=cell", `{"keyspace_name":"system_traces","tables":["events"]}`, "garbageCollect[CELL 0 system_traces [events]]"},
		{"flush", `{"keyspace_name":"system_traces","tables":["events.an_index"]}`, "forceKeyspaceFlush[system_traces [events.an_index]]"},
		{"sstables/upgrade", `{"keyspace_name":"system_traces","jobs":2}`, "upgradeSSTables[system_traces true 2 []]"},
		{"sstables/upgrade?excludeCurrentVersion=false", `{"keyspace_name":"system_traces"}`, "upgradeSSTables[system_traces false 0 []]"},
	} {
		for version, want := range map[string]exchange{"v0": {code: 200, answer: "OK"}, "v1": {code: 202, answer: "-"}} {
			before := len(askedOf(t, c))
			want.why, want.path, want.body = e.asks, "POST /api/"+version+"/ops/tables/"+e.path, e.body
			want.try(t, base)
			await(t, e.asks, func() bool { return len(askedOf(t, c)) > before })
			if asked := askedOf(t, c)[before:]; len(asked) != 1 || asked[0] != e.asks {
				t.Errorf("%s: Cassandra is asked %q, want %q", want.path, asked, e.asks)
			}
		}
	}
	exchange{why: "refresh", path: "POST /api/v0/ops/keyspace/refresh?keyspaceName=system_traces&table=events", code: 200, answer: "OK"}.try(t, base)
	if asked := askedOf(t, c); asked[len(asked)-1] != "loadNewSSTables[system_traces events]" {
		t.Errorf("%q", asked)
	}
}

// Without a keyspace an operation goes over all, and stops at one that fails.
func TestTableCallsGoOverAllKeyspaces(t *testing.T) {
	c := testConfig(t, &output{})
	c.Input.ExtraJVM = []string{"-Dfake.fails=system_distributed"}
	_, client, base := serve(t, c)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	for _, body := range []string{``, `{}`, `{"keyspace_name":"ALL"}`} {
		before := len(askedOf(t, c))
		exchange{why: "flush of all", path: "POST /api/v0/ops/tables/flush", body: body, code: 500, answer: "flush of system_distributed: forceKeyspaceFlush: java.lang.RuntimeException : no space left on device"}.try(t, base)
		exchange{why: "scrub of all", path: "POST /api/v0/ops/tables/scrub", body: body, code: 500, answer: "scrub of system_distributed: it could not begin while others work on these sstables (status 2)"}.try(t, base)
		if asked, want := askedOf(t, c)[before:], []string{
			"forceKeyspaceFlush[system []]", "forceKeyspaceFlush[system_auth []]", "forceKeyspaceFlush[system_distributed []]",
			"scrub[false false true false 0 system []]", "scrub[false false true false 0 system_auth []]", "scrub[false false true false 0 system_distributed []]",
		}; !slices.Equal(asked, want) {
			t.Errorf("%q: %q", body, asked)
		}
	}
	id, err := client.Compact(t.Context(), mgmtapi.CompactOptions{Keyspace: "system_distributed"})
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the job fails in Cassandra's words", func() bool {
		job, err := client.Job(t.Context(), id)
		return err == nil && job.Status == mgmtapi.JobError && strings.Contains(job.Error, "compaction of system_distributed: forceKeyspaceCompaction: java.lang.RuntimeException : no space left on device")
	})
}

// What can't be done is refused by the name of the parameter, and Cassandra is asked for nothing.
func TestTableCallsThatAreRefused(t *testing.T) {
	c := testConfig(t, &output{})
	_, client, base := serve(t, c)
	for _, path := range []string{"POST /api/v1/ops/tables/flush", "POST /api/v0/ops/tables/flush"} {
		exchange{why: "no JVM, no job", path: path, body: `{"keyspace_name":"system_traces"}`, code: 503, answer: "does not answer"}.try(t, base)
	}
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	for _, e := range []exchange{
		{path: "compact", body: `{"keyspace_name":"x"}`, answer: `keyspace_name: there is no keyspace \"x\"`},
		{path: "compact", body: `{"keyspace_name":"system_traces","tables":["events","x"]}`, answer: `tables: keyspace \"system_traces\" has no table \"x\"`},
		{path: "compact", body: `{"tables":["events"]}`, answer: "tables: they need the keyspace_name that they are of"},
		{path: "compact", body: `{"keyspace_name":"system_traces","start_token":"one","end_token":"2"}`, answer: `start_token: \"one\" is not a number`},
		{path: "compact", body: `{"keyspace_name":"system_traces","start_token":"1"}`, answer: `end_token: \"\" is not a number`},
		{path: "compact", body: `{"keyspace_name":"system_traces","end_token":"1"}`, answer: `start_token: \"\" is not a number`},
		{path: "compact", body: `{"start_token":"1","end_token":"2","split_output":true}`, answer: "split_output: it does not go with tokens"},
		{path: "compact", body: `{"user_defined":true}`, answer: "user_defined_files: at least one"},
		{path: "compact", body: `{"user_defined_files":["/x-Data.db"]}`, answer: "user_defined_files: they need user_defined"},
		{path: "compact", body: `{"user_defined":true,"user_defined_files":["/x-Data.db"],"split_output":true}`, answer: "user_defined: it goes with user_defined_files alone"},
		{path: "compact", body: `{"user_defined":true,"user_defined_files":["/nowhere/x-Data.db"]}`, answer: "user_defined_files: stat /nowhere/x-Data.db"},
		{path: "compact", body: `{"user_defined":true,"user_defined_files":["x-Data.db"]}`, answer: `user_defined_files: \"x-Data.db\" is not the path`},
		{path: "scrub", body: `{"keyspace_name":"x"}`, answer: "keyspace_name"},
		{path: "scrub", body: `x`, answer: "body"},
		{path: "garbagecollect", body: `{"keyspace_name":"x"}`, answer: "keyspace_name"},
		{path: "garbagecollect?tombstoneOption=TABLE", body: `{}`, answer: "tombstoneOption: it is either ROW or CELL"},
		{path: "flush", body: `{"keyspace_name":"x"}`, answer: "keyspace_name"},
		{path: "sstables/upgrade", body: `{"keyspace_name":"x"}`, answer: "keyspace_name"},
		{path: "sstables/upgrade?excludeCurrentVersion=perhaps", body: `{}`, answer: "excludeCurrentVersion"},
	} {
		for _, version := range []string{"v0", "v1"} {
			exchange{why: "refused", path: "POST /api/" + version + "/ops/tables/" + e.path, body: e.body, code: 400, answer: e.answer}.try(t, base)
		}
	}
	for query, answer := range map[string]string{
		"": "keyspaceName", "keyspaceName=ALL&table=t": "keyspaceName", "keyspaceName=system_traces": "table", "keyspaceName=system_traces&table=x": "has no table", "keyspaceName=x&table=x": "no keyspace",
	} {
		exchange{why: "refresh", path: "POST /api/v0/ops/keyspace/refresh?" + query, code: 400, answer: answer}.try(t, base)
	}
	if asked := askedOf(t, c); len(asked) > 0 {
		t.Errorf("Cassandra is asked %q", asked)
	}
}

// A truststore is read again where there is one.
func TestTruststoresAreReloadedWhereThereIsTLS(t *testing.T) {
	for mode, code := range map[string]int{"": 400, "none": 400, "all": 202} {
		c := testConfig(t, &output{})
		if mode != "" {
			c.Input.CassandraYAML["server_encryption_options"] = map[string]any{"internode_encryption": mode}
		}
		_, client, base := serve(t, c)
		if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
			t.Fatal(err)
		}
		await(t, "running", running(t, client))
		exchange{why: mode, path: "POST /api/v1/ops/node/encryption/internode/truststore/reload", code: code}.try(t, base)
		if code == 400 {
			exchange{why: mode, path: "POST /api/v0/ops/node/encryption/internode/truststore/reload", code: 400, answer: "internode_encryption"}.try(t, base)
			continue
		}
		await(t, "the job of v1 has ended", func() bool { return len(askedOf(t, c)) == 2 }) // it runs beside other jobs, this call's too
		exchange{why: mode, path: "POST /api/v0/ops/node/encryption/internode/truststore/reload", code: 200, answer: "OK"}.try(t, base)
		if asked, once := askedOf(t, c), []string{"checkCertificates[]", "reloadSslCertificates[]"}; !slices.Equal(asked, append(once, once...)) {
			t.Errorf("%q", asked)
		}
	}
}

// A call of v0 that takes longer than it may says which job goes on, and ends nothing.
func TestACallThatTakesLongNamesItsJob(t *testing.T) {
	a := New(testConfig(t, &output{}))
	goOn := make(chan struct{})
	late, cancel := context.WithCancel(t.Context())
	q := &call{Request: &http.Request{}}
	begun := make(chan struct{})
	go func() { <-begun; cancel() }()
	code, _, err := a.untilDone(late, q, "compact", func(context.Context) error { close(begun); <-goOn; return nil })
	if code != http.StatusServiceUnavailable || err == nil || !strings.Contains(err.Error(), "goes on as job compact-") {
		t.Fatalf("%d, %v", code, err)
	}
	if len(a.jobs.order) != 1 || hasEnded(a.jobs, a.jobs.order[0])() {
		t.Errorf("%v", a.jobs.order)
	}
	close(goOn)
	await(t, "it ends", hasEnded(a.jobs, a.jobs.order[0]))
}

// Operations on sstables are jobs as the others: one at a time, and one that the agent's end interrupts has failed.
func TestAnInterruptedTableJobHasFailed(t *testing.T) {
	c := memberConfig(t, "h1")
	a := New(c)
	block := make(chan struct{})
	id, err := a.jobs.submit(t.Context(), "compact", func(context.Context) error { <-block; return nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // before its directory goes
		close(block)
		await(t, "it ends", hasEnded(a.jobs, id))
	})
	job, known := New(c).jobs.get(id)
	if !known || job.Type != "compact" || job.Status != mgmtapi.JobError || !strings.Contains(job.Error, "submit it again") || millisOf(job.EndTime) < time.Now().Add(-time.Minute).UnixMilli() {
		t.Errorf("%+v, %t", job, known)
	}
}
