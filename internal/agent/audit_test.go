package agent

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// lines of the agent's in a log that have a text.
func linesWith(log, text string) (found []string) {
	for line := range strings.SplitSeq(log, "\n") {
		if strings.Contains(line, " ringspan-agent: ") && strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// Whoever looks into what was done to a node finds each change in its log, by whom and on
// behalf of which lease, and no reads.
func TestEveryChangeIsLogged(t *testing.T) {
	log := &output{}
	_, client, base := serve(t, testConfig(t, log))
	if err := client.Start(t.Context(), mgmtapi.StartOptions{Seeds: []string{"10.0.0.1"}, InitialTokens: []string{"1", "2"}}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	for _, e := range []exchange{
		{path: "POST /api/v0/ops/keyspace/alter", body: `{"keyspace_name":"system_auth","replication_settings":[{"dc_name":"dc1","replication_factor":3}]}`, code: 200,
			answer: `INFO  ringspan-agent: time=`},
		{path: "POST /api/v0/ops/keyspace/create", body: `{"keyspace_name":"shop","replication_settings":[{"dc_name":"dc1","replication_factor":3}]}`, code: 200,
			answer: `call="POST /api/v0/ops/keyspace/create" caller="" from=127.0.0.1 epoch="" keyspace=shop replication=map[dc1:3] status=200 took=`},
		{path: "POST /api/v0/ops/keyspace/alter", body: `{"keyspace_name":"x","replication_settings":[{"dc_name":"dc1","replication_factor":3}]}`, code: 500,
			answer: `WARN  ringspan-agent: time=`},
		{path: "POST /api/v0/ops/keyspace/alter", body: `{"keyspace_name":"y","replication_settings":[{"dc_name":"dc1","replication_factor":3}]}`, code: 500,
			answer: `keyspace=y replication=map[dc1:3] status=500 took=`},
		{path: "POST /api/v0/ops/keyspace/alter", body: `{"keyspace_name":"z","replication_settings":[{"dc_name":"dc1","replication_factor":3}]}`, code: 500,
			answer: `InvalidRequestException : Keyspace 'z' doesn't exist`},
		{path: "POST /api/v0/ops/node/native?enabled=false", code: 200, answer: `call="POST /api/v0/ops/node/native" caller="" from=127.0.0.1 epoch="" enabled=false status=200`},
		{path: "POST /api/v0/ops/seeds/reload", body: `{"seeds":["10.0.0.7"]}`, code: 200, answer: `seeds=[10.0.0.7] status=200`},
		{path: "POST /api/v0/ops/auth/role", body: `{"username":"a b","password":"p","can_login":true}`, code: 200, answer: `role="a b" superuser=false login=true status=200`},
		{path: "DELETE /api/v0/ops/auth/role?username=plain", code: 200, answer: `call="DELETE /api/v0/ops/auth/role" caller="" from=127.0.0.1 epoch="" role=plain status=200`},
		{path: "POST /api/v1/ops/keyspace/cleanup", body: `{"keyspace_name":"shop","tables":["t"]}`, code: 202, answer: `keyspace=shop tables=[t] job=cleanup-`},
		{path: "POST /api/v1/ops/tables/compact", body: `{"keyspace_name":"system_traces","tables":["events"]}`, code: 202, answer: `keyspace=system_traces tables=[events] job=compact-`},
		{path: "POST /api/v0/ops/tables/scrub", body: `{"keyspace_name":"x"}`, code: 400, answer: `keyspace=x tables=[] status=400`},
		{path: "POST /api/v0/ops/keyspace/refresh?keyspaceName=system_traces&table=events", code: 200, answer: `keyspace=system_traces tables=[events] job=refresh-`},
		{path: "POST /api/v1/ops/node/encryption/internode/truststore/reload", code: 400, answer: `truststore/reload" caller="" from=127.0.0.1 epoch="" status=400`},
		{path: "POST /api/v1/ops/node/rebuild?src_dc=dc2", code: 202, answer: `source=dc2 job=rebuild-`},
		{path: "POST /api/v1/ops/node/repair", body: `{"keyspace_name":"system_auth","full":true}`, code: 202, answer: `keyspace=system_auth tables=[] full=true job=repair-`},
		{path: "POST /api/v0/ops/node/drain", code: 200, answer: `call="POST /api/v0/ops/node/drain" caller="" from=127.0.0.1 epoch="" status=200`},
	} {
		before := len(log.String())
		exchange{why: "a change", path: e.path, body: e.body, code: e.code}.try(t, base)
		await(t, e.path+" is logged", func() bool { return len(linesWith(log.String()[before:], "call=")) > 0 })
		if found := linesWith(log.String()[before:], "call="); len(found) != 1 || !strings.Contains(found[0], e.answer) {
			t.Errorf("%s logs %q, want one line with %q", e.path, found, e.answer)
		}
	}
	if found := linesWith(log.String(), "lifecycle/start"); len(found) != 1 || !strings.Contains(found[0], `seeds=[10.0.0.1] tokens=2 firstBoot=false replaces="" replaceAddress="" status=201`) {
		t.Errorf("the start: %q", found)
	}
	if reads := linesWith(log.String(), "GET"); len(reads) > 0 {
		t.Errorf("reads are logged: %q", reads)
	}
	await(t, "the end of the rebuild is logged", func() bool {
		return len(linesWith(log.String(), `type=rebuild status=ERROR error="rebuild: java.lang.IllegalArgumentException : Provided datacenter 'dc2' is not a valid datacenter`)) == 1
	})
	await(t, "the end of the cleanup is logged", func() bool { return len(linesWith(log.String(), `type=cleanup status=COMPLETED`)) == 1 })
}

// What nobody may act on is told too: an operator of the past, another pod's caller.
func TestWhatIsRefusedIsLogged(t *testing.T) {
	log := &output{}
	c := testConfig(t, log)
	_, client, base := serve(t, c)
	header := func(name, value string) {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/api/v0/lifecycle/stop", nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set(name, value)
		response, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	header(mgmtapi.EpochHeader, "7")
	header(mgmtapi.EpochHeader, "5")
	header(mgmtapi.PodHeader, "another")
	header(mgmtapi.EpochHeader, strings.Repeat("9", 4000))
	await(t, "all are logged", func() bool { return len(linesWith(log.String(), "call=")) == 4 })
	for _, want := range []string{"epoch=7 status=200", "epoch=5 status=409", "epoch=\"\" status=421", "status=400"} {
		if found := linesWith(log.String(), want); len(found) != 1 || len(found[0]) > 1500 {
			t.Errorf("%s: %q", want, found)
		}
	}
	if _, err := client.Status(t.Context()); err != nil {
		t.Fatal(err)
	}
	exchange{why: "no call", path: "POST /api/v9/very-secret", code: 409}.try(t, base)
	header(mgmtapi.PodHeader, "another")
	await(t, "what comes after it is logged", func() bool { return len(linesWith(log.String(), "status=421")) == 2 })
	if strings.Contains(log.String(), "very-secret") {
		t.Errorf("what isn't a call is logged: %s", log)
	}
}

// A password reaches the log in no way: well formed or not, in the body or the query,
// whatever Cassandra says of it.
func TestTheLogHasNoSecrets(t *testing.T) {
	log := &output{}
	_, client, base := serve(t, testConfig(t, log))
	exchange{why: "no JVM", path: "POST /api/v0/ops/auth/role", body: `{"username":"u","password":"very-secret"}`, code: 503}.try(t, base)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	long := "very-secret" + strings.Repeat("x", 100) // bcrypt refuses it
	for _, e := range []exchange{
		{path: "POST /api/v0/ops/auth/role", body: `{"username":"u","password":"very-secret"}`, code: 200},
		{path: "POST /api/v0/ops/auth/role?username=u&password=very-secret", code: 200},
		{path: "POST /api/v0/ops/auth/role?password=very-secret", code: 400},
		{path: "POST /api/v0/ops/auth/role", body: `{"username":"u","password":"` + long + `"}`, code: 500},
		{path: "POST /api/v0/ops/auth/role", body: `{"username":"u","password":4711004711}`, code: 400},
		{path: "POST /api/v0/ops/auth/role", body: `{"username":"u","password":"very-secret"`, code: 400},
		{path: "DELETE /api/v0/ops/auth/role?username=u&password=very-secret", code: 200},
		{path: "POST /api/v0/ops/keyspace/create?password=very-secret", body: `{"keyspace_name":4711004711,"password":"very-secret"}`, code: 400},
		{path: "POST /api/v1/ops/keyspace/cleanup", body: `{"jobs":"very-secret"}`, code: 400},
		{path: "POST /api/v1/ops/keyspace/cleanup", body: `{"jobs":47110047114711004711}`, code: 400, answer: "4711004711"}, // the error has the number in it
	} {
		e.why = "a secret"
		e.try(t, base)
	}
	await(t, "all are logged", func() bool {
		return len(linesWith(log.String(), "auth/role")) == 8 && len(linesWith(log.String(), "keyspace/cleanup")) == 2
	})
	text := log.String()
	for _, secret := range []string{"very-secret", "4711004711", "$2a$"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in the log:\n%s", secret, text)
		}
	}
	if found := linesWith(text, "auth/role"); len(found) != 8 {
		t.Errorf("%d lines of roles, want 8: %q", len(found), found)
	}
}

// Cassandra's lines stay whole.
func TestTheAgentsLinesAreBetweenCassandras(t *testing.T) {
	b := &output{}
	out := &sharedOutput{out: b}
	log := slog.New(&lineHandler{out: out})
	write := func(s string) {
		if n, err := out.Write([]byte(s)); n != len(s) || err != nil {
			t.Errorf("%q: %d, %v", s, n, err)
		}
	}
	write("INFO  [main] one\nINFO  [main] t")
	log.Info("first")
	log.Info("second")
	write("w")
	write("o\nINFO  [main] three\nINF")
	log.Info("third")
	out.ended()
	log.Info("fourth")
	out.ended()
	var short []string
	for line := range strings.Lines(b.String()) {
		if before, after, ours := strings.Cut(line, "time="); ours {
			_, after, _ = strings.Cut(after, " ")
			line = before + after
		}
		short = append(short, line)
	}
	want := "INFO  [main] one\nINFO  [main] two\nINFO  ringspan-agent: msg=first\nINFO  ringspan-agent: msg=second\nINFO  [main] three\nINF\nINFO  ringspan-agent: msg=third\nINFO  ringspan-agent: msg=fourth\n"
	if got := strings.Join(short, ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A JVM that never ends its line doesn't keep the agent quiet, or make it grow.
func TestALineThatNeverEnds(t *testing.T) {
	b := &output{}
	out := &sharedOutput{out: b}
	log := slog.New(&lineHandler{out: out})
	if _, err := out.Write([]byte("INFO")); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		log.Info(strings.Repeat("x", 100))
	}
	await(t, "most is written", func() bool { return out.size() <= maxWaiting/2 })
	out.ended()
	if written, missing := told(b.String()); written+missing != 2000 {
		t.Errorf("%d lines are written, %d are said to be missing", written, missing)
	}
}

// told counts the agent's lines in a log, and those that it says are missing.
func told(log string) (written, missing int) {
	for _, line := range linesWith(log, "") {
		_, count, gap := strings.Cut(line, "nobody read the log\" lines=")
		if !gap {
			written++
			continue
		}
		n, _ := strconv.Atoi(count) // none where it is no number, which the sum shows
		missing += n
	}
	return written, missing
}

// Nobody reads the agent's log: calls are answered all the same, what finds no room is counted, and that is told once
// somebody reads.
func TestNobodyReadsTheLog(t *testing.T) {
	reader, writer := io.Pipe()
	a, client, _ := serve(t, testConfig(t, writer))
	const calls = 1000
	for range calls {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		err := client.Stop(ctx)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
	}
	if a.dead() != "" || a.output.size() > maxWaiting {
		t.Errorf("%q, %d bytes wait", a.dead(), a.output.size())
	}
	log := &output{}
	go func() { _, _ = io.Copy(log, reader) }()
	await(t, "all is written or told", func() bool {
		written, missing := told(log.String())
		return written+missing == calls && missing > 0
	})
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
}

// The end of a JVM is known, and waits for nobody, where nobody reads what it wrote.
func TestNobodyReadsWhatAJVMWrote(t *testing.T) {
	reader, writer := io.Pipe()
	t.Cleanup(func() { _ = reader.Close() })
	j, err := launch("/bin/sh", []string{"-c", "echo one; exit 3"}, nil, "", &sharedOutput{out: writer})
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the end of it", func() bool { return !j.alive() })
	if why := j.why(); !strings.Contains(why, "exit status 3") {
		t.Errorf("it ended: %s", why)
	}
}
