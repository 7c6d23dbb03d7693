package agent

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// directory puts files into a data directory; a nil one takes a path away.
func directory(t *testing.T, c Config, files map[string]any) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(c.DataDir, name)
		data, err := json.Marshal(content)
		if text, ok := content.(string); ok {
			data = []byte(text)
		}
		if content == nil {
			err = os.RemoveAll(path)
		} else if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o700)
		}
		if err == nil && content != nil {
			err = os.WriteFile(path, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

const localTable = "data/system/local-7ad54392bcdd35a684174e047860b377/nb-1-big-Data.db"

// Before a start the agent says whose data it found, and proves nothing from a
// directory that it can't read.
func TestWhatIsFoundBeforeAStart(t *testing.T) {
	member := mgmtapi.Identity{Found: mgmtapi.FoundMember, HostID: "one", Cluster: "ring", Datacenter: "dc1", Rack: "rack1"}
	file := member
	file.Found = mgmtapi.FoundFile
	joining := mgmtapi.Identity{Found: mgmtapi.FoundJoining, Cluster: "ring", Replaces: "one"}
	for why, test := range map[string]struct {
		files map[string]any
		want  mgmtapi.Identity
	}{
		"an empty volume":                          {nil, mgmtapi.Identity{Found: mgmtapi.FoundNothing}},
		"a commit log is no proof of a member":     {map[string]any{"commitlog/CommitLog-7-1.log": ""}, mgmtapi.Identity{Found: mgmtapi.FoundNothing}},
		"data of an older agent":                   {map[string]any{localTable: ""}, mgmtapi.Identity{Found: mgmtapi.FoundData}},
		"a member":                                 {map[string]any{localTable: "", identityFile: member}, member},
		"its file without the data":                {map[string]any{identityFile: member}, file},
		"a node that has not come into the ring":   {map[string]any{identityFile: joining}, joining},
		"the same with what it has streamed":       {map[string]any{localTable: "", identityFile: joining}, joining},
		"data in a directory of the user's choice": {map[string]any{"else/system/local-1/nb-1-big-Data.db": ""}, mgmtapi.Identity{Found: mgmtapi.FoundData}},
	} {
		t.Run(why, func(t *testing.T) {
			c := testConfig(t, &output{})
			c.Input.CassandraYAML["data_file_directories"] = []any{filepath.Join(c.DataDir, "else")}
			directory(t, c, test.files)
			_, client, _ := serve(t, c)
			s, err := client.Status(t.Context())
			if err != nil || s.Identity == nil {
				t.Fatalf("%+v, %v", s, err)
			}
			if d := cmp.Diff(test.want, *s.Identity); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAnUnreadableDirectoryProvesNothing(t *testing.T) {
	for why, files := range map[string]map[string]any{
		"a file that is none of ours": {identityFile: "\x00\x00\x00"},
		"a directory that is none":    {"data/system": "a file"},
	} {
		t.Run(why, func(t *testing.T) {
			c := testConfig(t, &output{})
			directory(t, c, files)
			_, client, _ := serve(t, c)
			s, err := client.Status(t.Context())
			if err != nil || s.Identity.Found != mgmtapi.FoundUnreadable || s.Identity.Error == "" {
				t.Fatalf("%+v, %v", s.Identity, err)
			}
			if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err == nil || !strings.Contains(err.Error(), "can't tell whose data") {
				t.Errorf("the start: %v", err)
			}
		})
	}
}

// A node's file follows it: joining before it is in the ring, its host id from
// then on, and whom it replaced.
func TestTheIdentityIsKeptBesideTheData(t *testing.T) {
	c := testConfig(t, &output{})
	a, client, _ := serve(t, c)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{Replaces: "former"}); err != nil {
		t.Fatal(err)
	}
	await(t, "the node runs", running(t, client))
	s, err := client.Status(t.Context())
	if err != nil || s.Identity.Found != mgmtapi.FoundMember || s.Identity.HostID == "" || s.Identity.Replaces != "former" || s.Identity.Cluster != "ring" {
		t.Fatalf("%+v, %v", s.Identity, err)
	}
	if err := a.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(*s.Identity, a.found()); d != "" {
		t.Errorf("after a stop: %s", d)
	}
	if err := client.Start(t.Context(), mgmtapi.StartOptions{Decided: s.Identity}); err != nil {
		t.Errorf("a start for the same data: %v", err)
	}
	await(t, "the node runs again", running(t, client))
}

// The agent dies between the start and the ring: its successor knows what the
// node was about.
func TestAnUnfinishedJoinIsRemembered(t *testing.T) {
	c := testConfig(t, &output{})
	c.Input.ExtraJVM = []string{"-Dfake=quiet"} // ends at once
	a := New(c)
	if err := a.start(t.Context(), mgmtapi.StartOptions{Seeds: []string{"10.0.0.2"}, Replaces: "former"}); err != nil {
		t.Fatal(err)
	}
	<-a.died
	if got := New(c).found(); got.Found != mgmtapi.FoundJoining || got.Replaces != "former" {
		t.Errorf("found %+v", got)
	}
}

func TestDataOfAnotherIsNotStarted(t *testing.T) {
	other := mgmtapi.Identity{Found: mgmtapi.FoundMember, HostID: "one", Cluster: "another", Datacenter: "dc1", Rack: "rack1"}
	c := testConfig(t, &output{})
	directory(t, c, map[string]any{localTable: "", identityFile: other})
	_, client, _ := serve(t, c)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err == nil || !strings.Contains(err.Error(), "data of cluster") {
		t.Errorf("a start with another cluster's data: %v", err)
	}
	directory(t, c, map[string]any{identityFile: nil})
	if err := client.Start(t.Context(), mgmtapi.StartOptions{Decided: &other}); err == nil || !strings.Contains(err.Error(), "was decided on") {
		t.Errorf("a start that was meant for other data: %v", err)
	}
	if s, err := client.Status(t.Context()); err != nil || s.State != mgmtapi.Stopped {
		t.Errorf("%+v, %v", s, err)
	}
}

// A file that belongs to other data than what Cassandra finds there ends the
// node, in words.
func TestAFileThatLiesEndsTheNode(t *testing.T) {
	c := testConfig(t, &output{})
	directory(t, c, map[string]any{localTable: "", identityFile: mgmtapi.Identity{Found: mgmtapi.FoundMember, HostID: "somebody-else", Cluster: "ring"}})
	client, ended := run(t, c)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	var why error
	await(t, "the agent ends", func() bool {
		if s, err := client.Status(t.Context()); err == nil && s.State == mgmtapi.Running {
			t.Error("it serves")
		}
		select {
		case why = <-ended:
		default:
		}
		return why != nil || t.Failed()
	})
	if why == nil || !strings.Contains(why.Error(), "host id somebody-else") {
		t.Errorf("the agent ends with %v", why)
	}
}
