package topology

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func rings(t *rapid.T) Ring {
	ring := Ring{Name: "ring"}
	for i := range rapid.IntRange(1, 4).Draw(t, "datacenters") {
		racks := rapid.IntRange(1, 4).Draw(t, "racks")
		d := Datacenter{Name: fmt.Sprintf("dc%d", i+1), Size: racks + rapid.IntRange(0, 8).Draw(t, "more"), NumTokens: rapid.SampledFrom([]int{1, 4, 16}).Draw(t, "tokens")}
		for r := range racks {
			d.Racks = append(d.Racks, fmt.Sprintf("rack%d", r+1))
		}
		ring.Datacenters = append(ring.Datacenters, d)
	}
	return ring
}

func TestTokensAreDistinctOverTheRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ring := rings(t)
		seen := map[string]string{}
		for _, d := range ring.Datacenters {
			nodes := ring.Tokens(d.Name)
			if len(nodes) != d.Size {
				t.Fatalf("%s has %d nodes and %d got tokens", d.Name, d.Size, len(nodes))
			}
			for p, tokens := range nodes {
				if len(tokens) != d.NumTokens {
					t.Fatalf("%s %v has %d tokens instead of %d", d.Name, p, len(tokens), d.NumTokens)
				}
				for _, token := range tokens {
					owner := fmt.Sprint(d.Name, p)
					if other, taken := seen[token]; taken {
						t.Fatalf("%s and %s share token %s", owner, other, token)
					}
					seen[token] = owner
				}
			}
		}
	})
}

// What one datacenter got must not depend on what becomes of the others.
func TestTokensStayWhenTheRingGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := rings(t), rings(t)
		grown := Ring{Datacenters: slices.Clone(before.Datacenters)}
		for i := range grown.Datacenters { // racks and size of all but the first change
			if i > 0 && i < len(after.Datacenters) {
				name := grown.Datacenters[i].Name
				grown.Datacenters[i] = after.Datacenters[i]
				grown.Datacenters[i].Name = name
			}
		}
		grown.Datacenters = append(grown.Datacenters, Datacenter{Name: "another", Size: 3, Racks: []string{"a", "b", "c"}, NumTokens: 16})
		if d := cmp.Diff(before.Tokens("dc1"), grown.Tokens("dc1")); d != "" {
			t.Fatalf("the tokens of dc1 moved: %s", d)
		}
		old := map[string]bool{}
		for _, d := range before.Datacenters {
			for _, tokens := range before.Tokens(d.Name) {
				for _, token := range tokens {
					old[token] = true
				}
			}
		}
		for p, tokens := range grown.Tokens("another") {
			for _, token := range tokens {
				if old[token] {
					t.Fatalf("%v of the new datacenter has token %s, which the ring had given away before", p, token)
				}
			}
		}
	})
}

func TestDatacentersOfUnrelatedRingsDiffer(t *testing.T) {
	racks := []string{"a", "b", "c"}
	one := Ring{Datacenters: []Datacenter{{Name: "dc1", Size: 3, Racks: racks, NumTokens: 16}}}
	two := Ring{Datacenters: []Datacenter{{Name: "dc2", Size: 3, Racks: racks, NumTokens: 16}}}
	all := map[string]bool{}
	for _, r := range []Ring{one, two} {
		for _, tokens := range r.Tokens(r.Datacenters[0].Name) {
			for _, token := range tokens {
				all[token] = true
			}
		}
	}
	if len(all) != 2*3*16 {
		t.Errorf("%d different tokens, want %d", len(all), 2*3*16)
	}
}

func TestNodesOfARackOwnTheSameShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ring := rings(t)
		for _, d := range ring.Datacenters {
			for i, rack := range d.Racks {
				shares := rackShares(ring.Tokens(d.Name), rack)
				for ordinal, share := range shares {
					if want := 1 / float64(d.RackSizes()[i]); share < want*0.999 || share > want*1.001 {
						t.Fatalf("%s %s node %d owns %.5f of its rack's data instead of %.5f", d.Name, rack, ordinal, share, want)
					}
				}
			}
		}
	})
}

// rackShares is each node's part of the token range among the nodes of its rack:
// what it owns when every rack holds one replica.
func rackShares(nodes map[Position][]string, rack string) map[int]float64 {
	type point struct {
		token   int64
		ordinal int
	}
	var points []point
	for p, tokens := range nodes {
		for _, text := range tokens {
			if token, err := strconv.ParseInt(text, 10, 64); err == nil && p.Rack == rack {
				points = append(points, point{token, p.Ordinal})
			}
		}
	}
	slices.SortFunc(points, func(a, b point) int {
		if a.token < b.token {
			return -1
		}
		return 1
	})
	out := map[int]float64{}
	for i, p := range points {
		before := points[(i+len(points)-1)%len(points)]
		width := uint64(p.token) - uint64(before.token) // wraps around as the ring does
		if len(points) == 1 {
			out[p.ordinal] = 1
			continue
		}
		out[p.ordinal] += float64(width) / (1 << 64)
	}
	return out
}

func TestRacksAndSeeds(t *testing.T) {
	for _, c := range []struct {
		reason string
		dc     Datacenter
		sizes  []int
		seeds  []Position
	}{
		{"the article's datacenter has a seed in every rack", Datacenter{Size: 3, Racks: []string{"a", "b", "c"}}, []int{1, 1, 1}, []Position{{"a", 0}, {"b", 0}, {"c", 0}}},
		{"the first racks get the remainder", Datacenter{Size: 5, Racks: []string{"a", "b", "c"}}, []int{2, 2, 1}, []Position{{"a", 0}, {"b", 0}, {"c", 0}}},
		{"a small datacenter is all seeds", Datacenter{Size: 2, Racks: []string{"a"}}, []int{2}, []Position{{"a", 0}, {"a", 1}}},
		{"more racks than three have a seed each", Datacenter{Size: 4, Racks: []string{"a", "b", "c", "d"}}, []int{1, 1, 1, 1}, []Position{{"a", 0}, {"b", 0}, {"c", 0}, {"d", 0}}},
	} {
		if d := cmp.Diff(c.sizes, c.dc.RackSizes()); d != "" {
			t.Errorf("%s: %s", c.reason, d)
		}
		if d := cmp.Diff(c.seeds, c.dc.Seeds()); d != "" {
			t.Errorf("%s: %s", c.reason, d)
		}
	}
}

func TestMergeReplication(t *testing.T) {
	for _, c := range []struct {
		reason  string
		current map[string]string
		want    map[string]int
		merged  map[string]int
		changed bool
	}{
		{"SimpleStrategy becomes NetworkTopologyStrategy", map[string]string{"class": "org.apache.cassandra.locator.SimpleStrategy", "replication_factor": "1"}, map[string]int{"dc1": 3}, map[string]int{"dc1": 3}, true},
		{"a new datacenter is added", map[string]string{"class": "NetworkTopologyStrategy", "dc1": "3"}, map[string]int{"dc1": 3, "dc2": 3}, map[string]int{"dc1": 3, "dc2": 3}, true},
		{"a factor is never lowered", map[string]string{"class": "NetworkTopologyStrategy", "dc1": "5"}, map[string]int{"dc1": 3}, map[string]int{"dc1": 5}, false},
		{"transient replicas are replicas", map[string]string{"class": "NetworkTopologyStrategy", "dc1": "3/1"}, map[string]int{"dc2": 1}, map[string]int{"dc1": 3, "dc2": 1}, true},
		{"an unknown datacenter stays", map[string]string{"class": "NetworkTopologyStrategy", "dc1": "3", "old": "2"}, map[string]int{"dc1": 3}, map[string]int{"dc1": 3, "old": 2}, false},
	} {
		merged, changed := MergeReplication(c.current, c.want)
		if d := cmp.Diff(c.merged, merged); d != "" || changed != c.changed {
			t.Errorf("%s: changed %t, %s", c.reason, changed, d)
		}
	}
}

func TestNames(t *testing.T) {
	n := NamesOf("Multi Region!", "DC1")
	if got := n.Pod(Position{"rack1", 0}); got != "multiregion-dc1-rack1-sts-0" {
		t.Error(got)
	}
}
