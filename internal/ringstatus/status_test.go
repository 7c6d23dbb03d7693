package ringstatus

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

func at(address, dc, rack string, alive bool) mgmtapi.Endpoint {
	return mgmtapi.Endpoint{Address: address, Datacenter: dc, Rack: rack, Alive: alive, Status: "NORMAL", HostID: "id-" + address,
		Load: 2048, Tokens: []string{"1", "2"}, ReleaseVersion: "5.0.9", Schema: "s"}
}

// west and central are the views of a ring of two nodes, one in each region.
func views(westSeesCentral, centralSeesWest bool) []View {
	shares := mgmtapi.Ownership{Keyspace: "shop", Ownership: map[string]float64{"172.21.0.10": 1.00003, "172.22.0.10": 0.99999}}
	return []View{
		{Region: "west", Endpoints: []mgmtapi.Endpoint{at("172.21.0.10", "dc1", "r1", true), at("172.22.0.10", "dc2", "r1", westSeesCentral)}, Ownership: shares, Pods: map[string]string{"172.21.0.10": "dc1-0"}},
		{Region: "central", Endpoints: []mgmtapi.Endpoint{at("172.21.0.10", "dc1", "r1", centralSeesWest), at("172.22.0.10", "dc2", "r1", true)}, Ownership: shares, Pods: map[string]string{"172.22.0.10": "dc2-0"}},
	}
}

func TestNodesOfAWholeRing(t *testing.T) {
	one := 1.0
	nodes, keyspace := Nodes(views(true, true))
	want := []Node{
		{Datacenter: "dc1", Rack: "r1", Pod: "dc1-0", Address: "172.21.0.10", State: "UN", HostID: "id-172.21.0.10", Tokens: 2, OwnsEffective: &one, Load: 2048, Cassandra: "5.0.9", Schema: "s"},
		{Datacenter: "dc2", Rack: "r1", Pod: "dc2-0", Address: "172.22.0.10", State: "UN", HostID: "id-172.22.0.10", Tokens: 2, OwnsEffective: &one, Load: 2048, Cassandra: "5.0.9", Schema: "s"},
	}
	if diff := cmp.Diff(want, nodes); diff != "" || keyspace != "shop" {
		t.Error(keyspace, diff)
	}
}

// Regions that don't reach each other: each node is up for its own, and who
// misses it is named.
func TestNodesOfACutRing(t *testing.T) {
	nodes, _ := Nodes(views(false, false))
	if nodes[0].State != "UN" || nodes[1].State != "UN" {
		t.Errorf("states %s %s", nodes[0].State, nodes[1].State)
	}
	if diff := cmp.Diff([][]string{{"central"}, {"west"}}, [][]string{nodes[0].SeenDownBy, nodes[1].SeenDownBy}); diff != "" {
		t.Error(diff)
	}
}

// A region that can't be asked: what the other sees is shown, without pods.
func TestNodesOfAnAbsentRegion(t *testing.T) {
	nodes, _ := Nodes(views(false, false)[:1])
	if nodes[1].State != "DN" || nodes[1].Pod != "" || nodes[1].HostID == "" {
		t.Errorf("%+v", nodes[1])
	}
}

// A node that its own region calls down is down, whatever others still think.
func TestItsOwnRegionKnowsBest(t *testing.T) {
	v := views(true, true)
	v[1].Endpoints[1].Alive = false
	nodes, _ := Nodes(v)
	if nodes[1].State != "DN" {
		t.Errorf("%+v", nodes[1])
	}
}

// A node that came back with a new address, of which the other region hasn't
// heard yet, is one node and not two.
func TestANodeThatMovedIsThereOnce(t *testing.T) {
	v := views(true, true)
	v[0].Endpoints[0].Address, v[0].Pods = "172.21.0.11", map[string]string{"172.21.0.11": "dc1-0"}
	v[1].Endpoints[0].Alive = false
	nodes, _ := Nodes(v)
	if len(nodes) != 2 || nodes[0].Address != "172.21.0.11" || nodes[0].Pod != "dc1-0" || nodes[0].State != "UN" {
		t.Errorf("%+v", nodes)
	}
	v = v[1:] // its own region can't be asked: the old address is all that is known
	if nodes, _ = Nodes(v); len(nodes) != 2 || nodes[0].Address != "172.21.0.10" || nodes[0].State != "DN" {
		t.Errorf("%+v", nodes)
	}
}

func TestStatesOfNodes(t *testing.T) {
	for status, want := range map[string]string{"NORMAL": "UN", "JOINING": "UJ", "LEAVING": "UL", "MOVING": "UM", "": "UN"} {
		e := at("10.0.0.1", "dc1", "r1", true)
		e.Status = status
		nodes, _ := Nodes([]View{{Endpoints: []mgmtapi.Endpoint{e}}})
		if nodes[0].State != want {
			t.Errorf("%s: %s", status, nodes[0].State)
		}
	}
}

// example is a ring with one of everything that can be shown.
func example() Status {
	half := 0.5
	since := time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)
	s := Status{Fleet: "article", Ring: "multi-region", Namespace: "default", Ready: true, Message: "2 of 3 nodes of dc2 are up",
		Datacenters: []Datacenter{{Name: "dc1", Region: "eu-west-1", Size: 1, Ready: true}, {Name: "dc2", Region: "eu-central-1", Size: 3, Message: "waiting for pod dc2-1 to be ready"}},
		Regions: []Region{{Name: "eu-central-1", Message: "connection refused"}, {Name: "eu-west-1", Reachable: true, Ready: true, Revision: "1/eu-west-1/abc",
			Peers: []Peer{{Region: "eu-central-1", Since: since, Message: "no route to host"}}}},
		Faults: []Fault{{Kind: "cut", Args: []string{"eu-central-1"}, Since: since}},
	}
	s.Nodes, s.Keyspace = Nodes(views(true, false))
	s.Nodes[1].OwnsEffective = nil
	s.Nodes = append(s.Nodes, Node{Datacenter: "dc2", Rack: "r2", Address: "172.22.0.11", State: "DN", OwnsEffective: &half})
	s.Summarize()
	return s
}

func TestSummaryOfDatacenters(t *testing.T) {
	s := example()
	if s.Ready {
		t.Error("a ring that lacks nodes is ready")
	}
	got := []any{s.Datacenters[0].Up, *s.Datacenters[0].OwnsEffective, s.Datacenters[1].Up, *s.Datacenters[1].OwnsEffective}
	if diff := cmp.Diff([]any{1, 1.0, 1, 0.5}, got); diff != "" {
		t.Error(diff)
	}
}

// golden compares with a file in testdata; UPDATE=1 writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

// The JSON is what others build on: it changes only on purpose.
func TestJSONIsStable(t *testing.T) {
	got, err := json.MarshalIndent(example(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "status.json", append(got, '\n'))
}

// Every field that the JSON has is in its description.
func TestJSONIsDescribed(t *testing.T) {
	doc, err := os.ReadFile("../../docs/reference/status-json.md")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(example())
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	for name := range names(all) {
		if !strings.Contains(string(doc), "`"+name+"`") {
			t.Errorf("%s is not described", name)
		}
	}
}

func names(v any) map[string]bool {
	out := map[string]bool{}
	switch v := v.(type) {
	case map[string]any:
		for k, child := range v {
			out[k] = true
			for n := range names(child) {
				out[n] = true
			}
		}
	case []any:
		for _, child := range v {
			for n := range names(child) {
				out[n] = true
			}
		}
	}
	return out
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := Render(&b, example()); err != nil {
		t.Fatal(err)
	}
	golden(t, "status.txt", b.Bytes())
}

func TestSizes(t *testing.T) {
	for bytes, want := range map[float64]string{0: "?", 12: "12.00 bytes", 121.13 * 1024: "121.13 KiB", 5 << 40: "5.00 TiB"} {
		if got := size(bytes); got != want {
			t.Errorf("%f: %s", bytes, got)
		}
	}
}

// Datacenters that somebody else looks after are shown with their nodes, and don't make the ring unready.
func TestExternalDatacenters(t *testing.T) {
	s := Status{Ready: true, Datacenters: []Datacenter{{Name: "dc1", Size: 1}}}
	s.Nodes, _ = Nodes(views(false, true)[:1])
	s.AddExternal([]string{"gone", "dc1"})
	s.Summarize()
	var names []string
	for _, d := range s.Datacenters[1:] {
		if !d.External || d.Message == "" || d.Ready {
			t.Errorf("%+v", d)
		}
		names = append(names, d.Name)
	}
	if got := strings.Join(names, " "); got != "gone dc2" || !s.Ready {
		t.Errorf("%s; ready %t", got, s.Ready)
	}
}
