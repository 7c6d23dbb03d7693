package topology

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// anyMembers are members with random tokens, some of them in racks of very different sizes.
func anyMembers(t *rapid.T) (all []Member) {
	used := map[int]bool{}
	for d := range rapid.IntRange(1, 3).Draw(t, "datacenters") {
		racks := rapid.IntRange(1, 4).Draw(t, "racks")
		for i := range rapid.IntRange(1, 7).Draw(t, "nodes") {
			m := Member{HostID: fmt.Sprintf("dc%d-%d", d+1, i), Datacenter: fmt.Sprintf("dc%d", d+1), Rack: fmt.Sprintf("rack%d", rapid.IntRange(1, racks).Draw(t, "rack"))}
			for range rapid.IntRange(1, 4).Draw(t, "tokens") {
				token := rapid.IntRange(-200, 200).Filter(func(n int) bool { return !used[n] }).Draw(t, "token")
				used[token] = true
				m.Tokens = append(m.Tokens, strconv.Itoa(token))
			}
			all = append(all, m)
		}
	}
	return all
}

func anyKeyspaces(t *rapid.T) map[string]map[string]string {
	all := map[string]map[string]string{"system": {"class": "org.apache.cassandra.locator.LocalStrategy"}}
	for i := range rapid.IntRange(1, 3).Draw(t, "keyspaces") {
		options := map[string]string{"class": "SimpleStrategy", "replication_factor": strconv.Itoa(rapid.IntRange(1, 4).Draw(t, "factor"))}
		if rapid.Bool().Draw(t, "by datacenter") {
			options = map[string]string{"class": "org.apache.cassandra.locator.NetworkTopologyStrategy"}
			for d := range rapid.IntRange(1, 4).Draw(t, "in datacenters") { // one of them may have no members
				options[fmt.Sprintf("dc%d", d+1)] = strconv.Itoa(rapid.IntRange(0, 4).Draw(t, "factor"))
			}
		}
		all[fmt.Sprintf("keyspace%d", i)] = options
	}
	return all
}

// cassandrasReplicas are those of one token, by Cassandra's own loop over the whole ring, written down as it is there.
func cassandrasReplicas(members []Member, options map[string]string, token int) map[string]bool {
	type place struct {
		token int
		Member
	}
	var ring []place
	nodes, racksOf := map[string]int{}, map[string]map[string]bool{}
	for _, m := range members {
		nodes[m.Datacenter]++
		if racksOf[m.Datacenter] == nil {
			racksOf[m.Datacenter] = map[string]bool{}
		}
		racksOf[m.Datacenter][m.Rack] = true
		for _, text := range m.Tokens {
			n, _ := strconv.Atoi(text)
			ring = append(ring, place{n, m})
		}
	}
	slices.SortFunc(ring, func(a, b place) int { return a.token - b.token })
	start := max(0, slices.IndexFunc(ring, func(x place) bool { return x.token >= token })) // past the last: around
	around := append(slices.Clone(ring[start:]), ring[:start]...)
	replicas := map[string]bool{}
	if !ByDatacenter(options) {
		factor, _ := strconv.Atoi(options["replication_factor"]) // 0 of LocalStrategy
		for _, x := range around {
			if len(replicas) < factor {
				replicas[x.HostID] = true
			}
		}
		return replicas
	}
	left, repeats, seen := map[string]int{}, map[string]int{}, map[string]bool{}
	for dc, text := range options {
		if factor, err := strconv.Atoi(text); err == nil {
			left[dc], repeats[dc] = min(factor, nodes[dc]), factor-len(racksOf[dc])
		}
	}
	for _, x := range around {
		if left[x.Datacenter] <= 0 || replicas[x.HostID] {
			continue
		}
		if rack := x.Datacenter + "/" + x.Rack; seen[rack] {
			if repeats[x.Datacenter] <= 0 {
				continue
			}
			repeats[x.Datacenter]--
		} else {
			seen[rack] = true
		}
		replicas[x.HostID] = true
		left[x.Datacenter]--
	}
	return replicas
}

// Two members share a range exactly when Cassandra would write some token to both.
func TestSharedRangesAreCassandras(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members, keyspaces := anyMembers(t), anyKeyspaces(t)
		placement, err := Place(members, keyspaces)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range members {
			want := map[string]bool{}
			for _, options := range keyspaces {
				for token := -202; token <= 202; token++ {
					if replicas := cassandrasReplicas(members, options, token); replicas[m.HostID] {
						maps.Copy(want, replicas)
					}
				}
			}
			delete(want, m.HostID)
			got := placement.SharedWith(m.HostID)
			if d := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); d != "" {
				t.Fatalf("%s of %+v, %v: %s", m.HostID, members, keyspaces, d)
			}
			for id, keyspace := range got {
				if keyspaces[keyspace] == nil {
					t.Fatalf("%s and %s are said to share a range of %q", m.HostID, id, keyspace)
				}
			}
		}
	})
}

// With as many racks as replicas no two nodes of a rack hold the same range, whatever their tokens.
func TestNodesOfARackShareNothingWhereRacksSuffice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := anyMembers(t)
		racks := map[string]bool{}
		for _, m := range members {
			if m.Datacenter == "dc1" {
				racks[m.Rack] = true
			}
		}
		factor := rapid.IntRange(1, len(racks)).Draw(t, "factor")
		placement, err := Place(members, map[string]map[string]string{"shop": {"class": "NetworkTopologyStrategy", "dc1": strconv.Itoa(factor)}})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range members {
			shared := placement.SharedWith(a.HostID)
			for _, b := range members {
				if a.Datacenter == "dc1" && b.Datacenter == "dc1" && a.Rack == b.Rack && shared[b.HostID] != "" {
					t.Fatalf("%s and %s of one rack share a range", a.HostID, b.HostID)
				}
			}
		}
	})
}

func TestWhatCantBePlaced(t *testing.T) {
	one, two := Member{HostID: "one", Datacenter: "dc1", Rack: "a", Tokens: []string{"1"}}, Member{HostID: "two", Datacenter: "dc1", Rack: "a", Tokens: []string{"2"}}
	same := two
	same.Tokens = []string{"1"}
	for _, test := range []struct {
		members []Member
		options map[string]string
		words   string
	}{
		{[]Member{one, {HostID: "two", Datacenter: "dc1", Rack: "a"}}, map[string]string{"class": "SimpleStrategy", "replication_factor": "1"}, "tokens"},
		{[]Member{one, same}, map[string]string{"class": "SimpleStrategy", "replication_factor": "1"}, "same token"},
		{[]Member{{HostID: "one", Datacenter: "dc1", Tokens: []string{"0a"}}}, nil, "Murmur3"},
		{[]Member{one, two}, map[string]string{"class": "EverywhereStrategy"}, "EverywhereStrategy"},
		{[]Member{one, two}, map[string]string{"class": "NetworkTopologyStrategy", "dc1": "many"}, "dc1"},
		{[]Member{one, two}, map[string]string{}, "shop"},
	} {
		keyspaces := map[string]map[string]string{}
		if test.options != nil {
			keyspaces["shop"] = test.options
		}
		if _, err := Place(test.members, keyspaces); err == nil || !strings.Contains(err.Error(), test.words) {
			t.Errorf("%v: %v, want a word of %s", test, err, test.words)
		}
	}
}
