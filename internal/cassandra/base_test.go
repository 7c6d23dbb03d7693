package cassandra

import (
	"strings"
	"testing"
)

// Which changes of a configuration leave nodes unable to read what they have written.
func TestUnreadable(t *testing.T) {
	input := func(base string, mode any) Input {
		in := Input{Base: base, Version: "5.0.9", CassandraYAML: map[string]any{}}
		if mode != nil {
			in.CassandraYAML["storage_compatibility_mode"] = mode
		}
		return in
	}
	of4 := Input{Version: "4.1.8", CassandraYAML: map[string]any{}}
	for _, c := range []struct {
		why           string
		before, after Input
		refused       bool
	}{
		{"nothing changes, of a ring of before", input("", nil), input("", nil), false},
		{"the latest is asked for", input("", nil), input(BaseLatest, nil), false},
		{"what older versions can read is asked for instead of the code's defaults", input("", nil), input(BaseCompatible, nil), false},
		{"back from the latest", input(BaseLatest, nil), input(BaseCompatible, nil), true},
		{"back from the latest to none", input(BaseLatest, nil), input("", nil), true},
		{"back by the setting alone", input(BaseLatest, nil), input(BaseLatest, "CASSANDRA_4"), true},
		{"in any case", input(BaseLatest, nil), input(BaseLatest, "cassandra_4"), true},
		{"the other defaults with the format that is there", input(BaseLatest, nil), input(BaseCompatible, "NONE"), false},
		{"a step of the way up", input("", nil), input(BaseLatest, "UPGRADING"), false},
		{"and back from it", input(BaseLatest, "UPGRADING"), input("", nil), true},
		{"an upgrade from 4.1", of4, input("", nil), false},
		{"from what no node could start with", input("latest", nil), input("", nil), false},
	} {
		if why := Unreadable(c.before, c.after); (why != "") != c.refused {
			t.Errorf("%s: %q", c.why, why)
		}
	}
	if why := Unreadable(input(BaseLatest, nil), input("", nil)); !strings.Contains(why, "from NONE to CASSANDRA_4 (base-configuration none after base-configuration cassandra_latest.yaml)") {
		t.Error(why)
	}
}

// A new ring gets what K8ssandra's config builder takes, unless one of its versions has no such file here.
func TestFoundingBase(t *testing.T) {
	for _, c := range []struct {
		versions []string
		want     string
	}{
		{[]string{"5.0.9", "5.0.2"}, BaseLatest}, {[]string{"5.0.9", "4.1.8"}, BaseNone}, {[]string{""}, BaseNone}, {nil, BaseNone}, {[]string{"5"}, BaseNone},
	} {
		if got := FoundingBase(c.versions...); got != c.want {
			t.Errorf("%v: %s, want %s", c.versions, got, c.want)
		}
	}
}

// The two files of 5.0.9 differ in what people choose between them for.
func TestBasesDiffer(t *testing.T) {
	for base, want := range map[string]map[string]string{
		BaseLatest:     {"storage_compatibility_mode": "NONE", "memtable": "trie", "default_compaction": "UnifiedCompactionStrategy"},
		BaseCompatible: {"storage_compatibility_mode": "CASSANDRA_4"},
	} {
		files, err := Render(Input{Base: base, Version: "5.0.9"}, Node{})
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range want {
			if text := string(files["cassandra.yaml"]); !strings.Contains(text, key+":") || !strings.Contains(text, value) {
				t.Errorf("%s has no %s %s:\n%s", base, key, value, text)
			}
		}
	}
}
