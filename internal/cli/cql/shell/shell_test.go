package shell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"github.com/google/go-cmp/cmp"
)

// fake is a Session that answers from a list and remembers what it was asked.
type fake struct {
	t        *testing.T
	answers  map[string][]Page
	asked    []string
	keyspace string
}

func (f *fake) Execute(_ context.Context, statement string, o Options, page func(Page) error) error {
	f.asked = append(f.asked, fmt.Sprintf("%s [%s %s]", statement, o.Consistency, f.keyspace))
	if strings.HasPrefix(statement, "BAD") {
		return errors.New("SyntaxException: line 1:0 no viable alternative")
	}
	for _, p := range f.answers[statement] {
		if err := page(p); err != nil {
			return err
		}
	}
	return nil
}

func (f *fake) Use(_ context.Context, keyspace string) error {
	if keyspace == "nowhere" {
		return errors.New("no such keyspace")
	}
	f.keyspace = keyspace
	return nil
}

func (f *fake) Close() {}

func newShell(t *testing.T) (*Shell, *fake, *strings.Builder) {
	f, out := &fake{t: t, answers: map[string][]Page{}}, &strings.Builder{}
	return New(f, out, out), f, out
}

func TestScriptRunsStatementsInOrder(t *testing.T) {
	s, f, out := newShell(t)
	f.answers["SELECT 1"] = []Page{page(t), page(t)}
	f.answers["SELECT 0"] = []Page{{Columns: []string{"id"}}}
	f.answers["INSERT x IF NOT EXISTS"] = []Page{{Columns: []string{"[applied]"}, Rows: [][]cell{{value(t, "boolean", true)}}}}
	err := s.Script(context.Background(), "", `CONSISTENCY; CONSISTENCY local_quorum; SERIAL CONSISTENCY LOCAL_SERIAL
		USE "Shop"; SELECT 1; EXPAND ON; SELECT 1; EXPAND OFF; SELECT 0; CREATE y; INSERT x IF NOT EXISTS; EXIT; SELECT 1`)
	if err != nil {
		t.Fatal(err)
	}
	asked := []string{"SELECT 1 [LOCAL_QUORUM Shop]", "SELECT 1 [LOCAL_QUORUM Shop]", "SELECT 0 [LOCAL_QUORUM Shop]", "CREATE y [LOCAL_QUORUM Shop]", "INSERT x IF NOT EXISTS [LOCAL_QUORUM Shop]"}
	if diff := cmp.Diff(asked, f.asked); diff != "" {
		t.Error(diff)
	}
	golden(t, "script.txt", out.String())
}

// golden compares with a file in testdata; UPDATE=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// A script stops at the first error and says its line; what follows isn't run.
func TestScriptStopsAtAnError(t *testing.T) {
	s, f, _ := newShell(t)
	err := s.Script(context.Background(), "file.cql", "SELECT 1;\n\nBAD;\nDROP everything;")
	if err == nil || err.Error() != "file.cql:3:SyntaxException: line 1:0 no viable alternative" {
		t.Errorf("%v", err)
	}
	if len(f.asked) != 2 {
		t.Errorf("asked %v", f.asked)
	}
}

func TestCommandsThatFail(t *testing.T) {
	for text, want := range map[string]string{
		"CONSISTENCY FOO":                "FOO is not a consistency level",
		"SERIAL CONSISTENCY QUORUM":      "QUORUM is not a serial consistency level",
		"SERIAL":                         "SERIAL CONSISTENCY [SERIAL | LOCAL_SERIAL]",
		"USE nowhere":                    "no such keyspace",
		"USE":                            "USE which keyspace?",
		"COPY a TO 'b'":                  "COPY is a command of cqlsh that this shell doesn't have",
		"EXPAND maybe":                   "EXPAND ON or EXPAND OFF",
		"SHOW ME":                        "SHOW HOST or SHOW VERSION",
		"DESCRIBE":                       "DESCRIBE what?",
		"SOURCE 'there/is/no/such/file'": "no such file",
	} {
		s, _, _ := newShell(t)
		if err := s.Statement(context.Background(), text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestSourceRunsAFileAndNotItselfForEver(t *testing.T) {
	s, f, _ := newShell(t)
	file := filepath.Join(t.TempDir(), "it's.cql")
	if err := os.WriteFile(file, []byte("SELECT 1;\nSOURCE '"+file+"'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := s.Statement(context.Background(), "SOURCE '"+file+"'")
	if err == nil || !strings.Contains(err.Error(), "SOURCE goes deeper than 10 files") || len(f.asked) != maxDepth {
		t.Errorf("%v after %d statements", err, len(f.asked))
	}
}

func TestDescribe(t *testing.T) {
	s, f, out := newShell(t)
	text := func(v string) cell { return value(t, "text", v) }
	f.answers["DESCRIBE keyspaces"] = []Page{{Columns: []string{"keyspace_name", "type", "name"}, Rows: [][]cell{{text("system"), text("keyspace"), text("system")}, {text("shop"), text("keyspace"), text("shop")}}}}
	f.answers["DESCRIBE TABLES"] = []Page{{Columns: []string{"keyspace_name", "type", "name"}, Rows: [][]cell{{text("shop"), text("table"), text("orders")}, {text("shop"), text("table"), text("items")}, {text("a"), text("table"), text("b")}}}}
	f.answers["DESCRIBE CLUSTER"] = []Page{{Columns: []string{"cluster", "partitioner", "snitch"}, Rows: [][]cell{{text("ring"), text("org.apache.cassandra.dht.Murmur3Partitioner"), text("x.Snitch")}}}}
	f.answers["DESCRIBE TABLE shop.orders"] = []Page{{Columns: []string{"keyspace_name", "type", "name", "create_statement"}, Rows: [][]cell{{text("shop"), text("table"), text("orders"), text("CREATE TABLE shop.orders (\n    id int\n);")}}}}
	if err := s.Script(context.Background(), "", "desc keyspaces; DESCRIBE TABLES; DESC CLUSTER; DESCRIBE TABLE shop.orders"); err != nil {
		t.Fatal(err)
	}
	golden(t, "describe.txt", out.String())
}

// With JSON, nothing but rows is on the output.
func TestJSONHasOnlyRows(t *testing.T) {
	f, out, other := &fake{t: t, answers: map[string][]Page{"SELECT 1": {page(t)}}}, &strings.Builder{}, &strings.Builder{}
	s := New(f, out, other)
	s.JSON = true
	if err := s.Script(context.Background(), "", "CONSISTENCY QUORUM; SELECT 1"); err != nil {
		t.Fatal(err)
	}
	if out.String() != "{\"id\":1,\"name\":\"Zoë\"}\n{\"id\":22,\"name\":null}\n" || !strings.Contains(other.String(), "Consistency level set to QUORUM.") {
		t.Errorf("%q %q", out, other)
	}
}

type refusal struct {
	code    int
	message string
}

func (r refusal) Code() int       { return r.code }
func (r refusal) Message() string { return r.message }
func (r refusal) Error() string   { return r.message }

func TestErrorsAsInCqlsh(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{refusal{0x2000, "line 1:0 no viable alternative"}, "SyntaxException: line 1:0 no viable alternative"},
		{refusal{0x2200, "Undefined column"}, `InvalidRequest: Error from server: code=2200 [Invalid query] message="Undefined column"`},
		{refusal{0x2100, "no"}, `Unauthorized: Error from server: code=2100 [Unauthorized] message="no"`},
		{refusal{0x7777, "?"}, `ServerError: Error from server: code=7777 [Server error] message="?"`},
		{errors.New("connection lost"), "connection lost"},
		{gocql.ErrNoConnections, gocql.ErrNoConnections.Error()},
	} {
		if got := explain(c.err).Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// What was typed is there again next time, but no passwords.
func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	h := openHistory(path)
	for _, line := range []string{"SELECT 1;", "SELECT 1;", "", "ALTER ROLE x WITH password = 'hunter2';", "SELECT 2;"} {
		h.Add(line)
	}
	again := openHistory(path)
	if again.Len() != 2 || again.At(0) != "SELECT 2;" || again.At(1) != "SELECT 1;" {
		t.Errorf("%v", again.lines)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}
