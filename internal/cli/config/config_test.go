package config

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringspan/ringspan/internal/effective"
)

// What is printed is YAML, nested as cassandra.yaml is, with the origins as comments.
func TestPrintYAML(t *testing.T) {
	c := effective.Config{
		Region: "eu-west-1", Datacenter: "dc1", Version: "5.0.9", BaseConfiguration: "cassandra_latest.yaml",
		CassandraYAML: []effective.Value{
			{Key: "data_file_directories", Value: []any{"/a"}, Origin: "Ringspan", Path: []string{"data_file_directories"}},
			{Key: "memtable.configurations.default.inherits", Value: "trie", Origin: "base", Path: []string{"memtable", "configurations", "default", "inherits"}},
			{Key: "memtable.configurations.trie.class_name", Value: "TrieMemtable", Origin: "base", Path: []string{"memtable", "configurations", "trie", "class_name"}},
			{Key: "num_tokens", Value: 16, Origin: "ring", Path: []string{"num_tokens"}},
		},
		JVM: []effective.Flag{{Flag: "-Xmx320m", Origin: "ring"}},
	}
	var out bytes.Buffer
	if err := printYAML(&out, c); err != nil {
		t.Fatal(err)
	}
	want := `region: eu-west-1
datacenter: dc1
version: 5.0.9
baseConfiguration: cassandra_latest.yaml
cassandraYaml:
  # Ringspan
  data_file_directories:
    - /a
  memtable:
    configurations:
      default:
        inherits: trie # base
      trie:
        class_name: TrieMemtable # base
  num_tokens: 16 # ring
jvm:
  - -Xmx320m # ring
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}
