package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
)

// realTable is a table of a real node, seen through CQL, its directory and the management API.
type realTable struct {
	*testing.T

	cql    *gocql.Session
	client *mgmtapi.Client
	base   string
	dir    string
}

// sstables shows each operation on a table's files: what is there before, what after, and that the rows stay.
func sstables(t *testing.T, c Config, client *mgmtapi.Client, base string) {
	t.Helper()
	s, err := session(fake.Admin.Name, fake.Admin.Password)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := &realTable{T: t, cql: s, client: client, base: base}
	r.do(`CREATE TABLE "Mixed_Case".files (k int PRIMARY KEY, v text) WITH compaction = {'class': 'SizeTieredCompactionStrategy', 'enabled': 'false'}`)
	dirs, err := filepath.Glob(filepath.Join(c.DataDir, "data", "Mixed_Case", "files-*"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("directories of the table: %v, %v", dirs, err)
	}
	r.dir = dirs[0]
	r.flushAndCompact()
	r.rewrite()
	r.refresh()
}

func (r *realTable) do(statement string) {
	r.Helper()
	if err := r.cql.Query(statement).Exec(); err != nil {
		r.Fatalf("%s: %v", statement, err)
	}
}

func (r *realTable) rows(want int) {
	r.Helper()
	var n int
	if err := r.cql.Query(`SELECT count(*) FROM "Mixed_Case".files`).Scan(&n); err != nil || n != want {
		r.Errorf("%d rows, want %d; %v", n, want, err)
	}
}

// files are the names of the table's sstables.
func (r *realTable) files() (names []string) {
	r.Helper()
	found, err := filepath.Glob(filepath.Join(r.dir, "*"+dataFile))
	if err != nil {
		r.Fatal(err)
	}
	for _, f := range found {
		names = append(names, filepath.Base(f))
	}
	return names
}

// leaves waits until the table has so many sstables: Cassandra deletes those that it has replaced a little later.
func (r *realTable) leaves(what string, want int) []string {
	r.Helper()
	for end := time.Now().Add(realPatience); len(r.files()) != want; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			r.Fatalf("%s leaves %v, want %d", what, r.files(), want)
		}
	}
	return r.files()
}

func (r *realTable) ended(id string, err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
	var job mgmtapi.Job
	for end := time.Now().Add(realPatience); job.Status != mgmtapi.JobCompleted; time.Sleep(50 * time.Millisecond) {
		if job, err = r.client.Job(r.Context(), id); err != nil || job.Status == mgmtapi.JobError || time.Now().After(end) {
			r.Fatalf("job %s: %+v, %v", id, job, err)
		}
	}
}

var theFiles = mgmtapi.TableOptions{Keyspace: "Mixed_Case", Tables: []string{"files"}}

// write makes an sstable a row.
func (r *realTable) write(rows ...int) {
	r.Helper()
	for _, k := range rows {
		r.do(fmt.Sprintf(`INSERT INTO "Mixed_Case".files (k, v) VALUES (%d, 'v')`, k))
		r.ended(r.client.Flush(r.Context(), theFiles))
	}
}

func (r *realTable) flushAndCompact() {
	r.Helper()
	compact := mgmtapi.CompactOptions{Keyspace: "Mixed_Case", Tables: []string{"files"}}
	r.write(1, 2, 3)
	r.leaves("flushing three times", 3)
	r.ended(r.client.Compact(r.Context(), compact))
	one := r.leaves("compaction", 1)
	r.write(4, 5)
	r.ended(r.client.Compact(r.Context(), mgmtapi.CompactOptions{Keyspace: "Mixed_Case", Tables: []string{"files"}, StartToken: "-9223372036854775808", EndToken: "9223372036854775807"}))
	two := r.leaves("compaction of all tokens", 1)
	exchange{
		why: "one file", path: "POST /api/v0/ops/tables/compact", code: 200,
		body: fmt.Sprintf(`{"user_defined":true,"user_defined_files":[%q]}`, filepath.Join(r.dir, two[0])),
	}.try(r.T, r.base)
	three := r.leaves("compaction of a file", 1)
	compact.SplitOutput = true
	r.write(6)
	r.ended(r.client.Compact(r.Context(), compact))
	if four := r.files(); one[0] == two[0] || two[0] == three[0] || slices.Contains(four, three[0]) {
		r.Errorf("compactions leave %v, %v, %v, %v", one, two, three, four)
	}
	r.rows(6)
}

// rewrite does what writes sstables anew, or lets them be.
func (r *realTable) rewrite() {
	r.Helper()
	r.ended(r.client.Compact(r.Context(), mgmtapi.CompactOptions{Keyspace: "Mixed_Case", Tables: []string{"files"}}))
	before := r.leaves("compaction", 1)
	anew := func(what string, want bool) {
		r.Helper()
		after := r.leaves(what, 1)
		if slices.Equal(after, before) == want {
			r.Errorf("%s: %v becomes %v", what, before, after)
		}
		before = after
	}
	r.ended(r.client.UpgradeSSTables(r.Context(), theFiles))
	anew("an upgrade of what is of this version", false)
	exchange{why: "upgrade all", path: "POST /api/v0/ops/tables/sstables/upgrade?excludeCurrentVersion=false", code: 200, body: `{"keyspace_name":"Mixed_Case","tables":["files"]}`}.try(r.T, r.base)
	anew("an upgrade of all", true)
	r.ended(r.client.GarbageCollect(r.Context(), theFiles))
	anew("garbage collection", true)
	r.ended(r.client.Scrub(r.Context(), mgmtapi.ScrubOptions{TableOptions: theFiles, DisableSnapshot: true}))
	anew("scrub", true)
	if kept, _ := filepath.Glob(filepath.Join(r.dir, "snapshots", "pre-scrub-*")); len(kept) > 0 { // the pattern is sound
		r.Errorf("scrub without a snapshot makes %v", kept)
	}
	r.ended(r.client.Scrub(r.Context(), mgmtapi.ScrubOptions{TableOptions: theFiles}))
	anew("scrub with a snapshot", true)
	if kept, _ := filepath.Glob(filepath.Join(r.dir, "snapshots", "pre-scrub-*")); len(kept) != 1 {
		r.Errorf("scrub makes the snapshots %v", kept)
	}
	r.rows(6)
}

// refresh takes the rows away, and brings them back with the files that they were in.
func (r *realTable) refresh() {
	r.Helper()
	aside := r.TempDir()
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		r.Fatal(err)
	}
	copyAll := func(from, to string) {
		r.Helper()
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), "nb-") && !strings.HasPrefix(e.Name(), "oa-") && !strings.HasPrefix(e.Name(), "da-") {
				continue
			}
			data, err := os.ReadFile(filepath.Join(from, e.Name()))
			if err == nil {
				err = os.WriteFile(filepath.Join(to, e.Name()), data, 0o600)
			}
			if err != nil {
				r.Fatal(err)
			}
		}
	}
	copyAll(r.dir, aside)
	r.do(`TRUNCATE "Mixed_Case".files`)
	r.leaves("truncation", 0)
	r.rows(0)
	copyAll(aside, r.dir)
	r.rows(0)
	exchange{why: "refresh", path: "POST /api/v0/ops/keyspace/refresh?keyspaceName=Mixed_Case&table=files", code: 200, answer: "OK"}.try(r.T, r.base)
	r.rows(6)
}
