package agent

import (
	"strings"
	"testing"

	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// A node is not started with a configuration that doesn't read its data, whoever has forgotten what made that.
func TestDataOfANewerFormatIsNotStartedWithTheOlder(t *testing.T) {
	const table = "data/system/local-7ad54392bcdd35a684174e047860b377/"
	for why, test := range map[string]struct {
		file      string
		base      string
		mode      any
		firstBoot bool
		says      string // why it is refused
	}{
		"the older format with the code's mode":                    {file: "nb-1-big-Data.db", firstBoot: true},
		"the older format with the latest's mode, as asked":        {file: "nb-1-big-Data.db", base: cassandra.BaseLatest},
		"a ring that is made anew on the older format":             {file: "nb-1-big-Data.db", base: cassandra.BaseLatest, firstBoot: true, says: "is in a format that Cassandra 4 reads"},
		"the same at its user's word":                              {file: "nb-1-big-Data.db", base: cassandra.BaseLatest, mode: "NONE", firstBoot: true},
		"a first boot that is tried again":                         {file: "da-1-bti-Data.db", base: cassandra.BaseLatest, firstBoot: true},
		"the trie format with the code's mode":                     {file: "da-3gx1_0sdk_4lbb52ylhw4bg4irzn-bti-Data.db", says: "is in a format of Cassandra 5.0"},
		"the trie format with the code's mode, and all forgotten":  {file: "da-1-bti-Data.db", firstBoot: true, says: "is in a format of Cassandra 5.0"},
		"the new big format with cassandra.yaml":                   {file: "oa-2-big-Data.db", base: cassandra.BaseCompatible, says: "is in a format of Cassandra 5.0"},
		"the trie format with the latest's mode":                   {file: "da-1-bti-Data.db", base: cassandra.BaseLatest},
		"the trie format as its user says":                         {file: "da-1-bti-Data.db", mode: "NONE"},
		"the latest's mode taken back":                             {file: "da-1-bti-Data.db", base: cassandra.BaseLatest, mode: "CASSANDRA_4", says: "is in a format of Cassandra 5.0"},
		"a version whose files aren't known, which Render refuses": {file: "da-1-bti-Data.db", base: "newest", says: "there are cassandra_latest.yaml, cassandra.yaml, none"},
	} {
		t.Run(why, func(t *testing.T) {
			c := testConfig(t, &output{})
			c.Input.Base, c.Input.Version = test.base, "5.0.9"
			if test.mode != nil {
				c.Input.CassandraYAML["storage_compatibility_mode"] = test.mode
			}
			directory(t, c, map[string]any{table + test.file: ""})
			_, client, _ := serve(t, c)
			err := client.Start(t.Context(), mgmtapi.StartOptions{FirstBoot: test.firstBoot})
			if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("%v, want %q", err, test.says)
			}
		})
	}
}
