package cassandra

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePerNode(t *testing.T) {
	for _, c := range []struct {
		why, yaml, text string
		tokens, ignored []string
		err             string
	}{
		{why: "nothing", yaml: "", text: ""},
		{why: "a key", yaml: "concurrent_reads: 16", text: `{"concurrent_reads":16}`},
		{why: "a map, of lists", yaml: "memtable: {configurations: {default: {inherits: trie}}, x: [1, 2.5, true]}", text: `{"memtable":{"configurations":{"default":{"inherits":"trie"}},"x":[1,2.5,true]}}`},
		{why: "what identifies a node, or is all nodes'", yaml: "cluster_name: x\nseed_provider: []\nnum_tokens: 4\nstorage_compatibility_mode: NONE\ndata_file_directories: [/d]\nlisten_address: 1.1.1.1",
			ignored: []string{"cluster_name", "data_file_directories", "listen_address", "num_tokens", "seed_provider", "storage_compatibility_mode"}},
		{why: "tokens, as K8ssandra's fixtures have them", yaml: "num_tokens: 4\ninitial_token: -9223372036854775808,-4611686018427387905,-2,4611686018427387901",
			text: `{"num_tokens":4}`, tokens: []string{"-9223372036854775808", "-4611686018427387905", "-2", "4611686018427387901"}},
		{why: "one token, with keys", yaml: "initial_token: 7\nconcurrent_reads: 1", text: `{"concurrent_reads":1,"num_tokens":1}`, tokens: []string{"7"}},
		{why: "tokens of another number", yaml: "num_tokens: 16\ninitial_token: 1,2", err: "num_tokens: it is 16, and initial_token has 2"},
		{why: "a token twice", yaml: "initial_token: 1, 01", err: "1 is there twice"},
		{why: "no token", yaml: "initial_token: [1]", err: "is no token"},
		{why: "no YAML", yaml: "a: [", err: "yaml: line 1"},
		{why: "no map", yaml: "- a", err: "cannot unmarshal"},
		{why: "a key that is no text", yaml: "a: {1: 2}", err: "a: the keys of a map must be texts"},
		{why: "no number", yaml: "a: .nan", err: "is no number"},
	} {
		p, err := ParsePerNode(c.yaml)
		if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want %q", c.why, err, c.err)
		}
		if err == nil && (p.Text() != c.text || cmp.Diff(c.tokens, p.Tokens) != "" || cmp.Diff(c.ignored, p.Ignored) != "") {
			t.Errorf("%s: %s %+v", c.why, p.Text(), p)
		}
	}
}

// A node's own keys are over the datacenter's, and below what identifies it.
func TestAKeyOfOneNode(t *testing.T) {
	in, err := Input{ClusterName: "ring", CassandraYAML: map[string]any{"concurrent_reads": 1, "memtable": map[string]any{"a": 1, "b": 1}}}.WithPerNode(`{"concurrent_reads": 9007199254740993, "memtable": {"b": 2}, "cluster_name": "x"}`)
	if err != nil {
		t.Fatal(err)
	}
	files, err := Render(in, Node{})
	if err != nil {
		t.Fatal(err)
	}
	text := string(files["cassandra.yaml"])
	for _, want := range []string{"concurrent_reads: 9007199254740993\n", "memtable:\n    a: 1\n    b: 2\n", "cluster_name: ring\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if _, err := in.WithPerNode(`[`); err == nil {
		t.Error("rubbish is taken")
	}
}
