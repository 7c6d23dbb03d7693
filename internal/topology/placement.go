package topology

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Member is a node of the ring as gossip knows it, whether it is up or not: what a member that is down holds are replicas too.
type Member struct {
	HostID, Datacenter, Rack string
	Tokens                   []string // of the Murmur3 partitioner
}

// Placement tells which members of a ring hold replicas of the same ranges. It knows the ring as it is: while a node joins, leaves
// or moves, others are about to hold ranges that they don't hold by their tokens, and whoever asks has to look at that first.
type Placement struct {
	members   []Member
	tokens    []placedToken
	keyspaces []placedKeyspace
	local     map[string]*datacenterTokens // by datacenter
}

type placedToken struct {
	token  int64
	member int
}

// placedKeyspace is one of the keyspaces with the same replication.
type placedKeyspace struct {
	name    string
	factors map[string]int // by datacenter; nil when the whole ring counts as one without racks
	factor  int            // in the whole ring, then
}

// datacenterTokens are those of a datacenter's members, in the order of the ring.
type datacenterTokens struct {
	tokens         []placedToken
	members, racks int
}

// Place works out what the members hold of keyspaces, whose replication is Cassandra's map of options with "class". It fails when
// that can't be told: a member without tokens, a token of two members, a strategy that isn't Cassandra's own. Whoever would act
// on the answer then has to take any two members for replicas of one range.
func Place(members []Member, keyspaces map[string]map[string]string) (*Placement, error) {
	p := &Placement{members: members, local: map[string]*datacenterTokens{}}
	if err := p.placeTokens(); err != nil {
		return nil, err
	}
	for dc, local := range p.local {
		racks := map[string]bool{}
		for _, m := range members {
			if m.Datacenter == dc {
				local.members++
				racks[m.Rack] = true
			}
		}
		local.racks = len(racks)
	}
	known := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(keyspaces)) {
		keyspace, err := placeKeyspace(name, keyspaces[name])
		if err != nil {
			return nil, err
		}
		if key := fmt.Sprint(keyspace.factors, keyspace.factor); !known[key] {
			known[key] = true
			p.keyspaces = append(p.keyspaces, keyspace)
		}
	}
	return p, nil
}

func (p *Placement) placeTokens() error {
	owner := map[int64]int{}
	for i, m := range p.members {
		if m.HostID == "" || len(m.Tokens) == 0 {
			return fmt.Errorf("the tokens of member %q of datacenter %s are not known", m.HostID, m.Datacenter)
		}
		for _, text := range m.Tokens {
			token, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return fmt.Errorf("token %q of member %s is none of the Murmur3 partitioner", text, m.HostID)
			}
			if other, taken := owner[token]; taken {
				return fmt.Errorf("members %s and %s have the same token %s", p.members[other].HostID, m.HostID, text)
			}
			owner[token] = i
			p.tokens = append(p.tokens, placedToken{token, i})
		}
	}
	slices.SortFunc(p.tokens, func(a, b placedToken) int { return cmp.Compare(a.token, b.token) })
	for _, t := range p.tokens {
		dc := p.members[t.member].Datacenter
		if p.local[dc] == nil {
			p.local[dc] = &datacenterTokens{}
		}
		p.local[dc].tokens = append(p.local[dc].tokens, t)
	}
	return nil
}

func placeKeyspace(name string, options map[string]string) (placedKeyspace, error) {
	class := options["class"]
	switch class[strings.LastIndex(class, ".")+1:] {
	case "LocalStrategy": // each member has its own
		return placedKeyspace{name: name}, nil
	case "SimpleStrategy":
		factor, err := replicas(options["replication_factor"])
		if err != nil {
			return placedKeyspace{}, fmt.Errorf("keyspace %s: replication_factor: %w", name, err)
		}
		return placedKeyspace{name: name, factor: factor}, nil
	case "NetworkTopologyStrategy":
	default:
		return placedKeyspace{}, fmt.Errorf("keyspace %s: nobody knows which members the strategy %q chooses", name, class)
	}
	out := placedKeyspace{name: name, factors: map[string]int{}}
	for dc, text := range options {
		if dc == "class" {
			continue
		}
		factor, err := replicas(text)
		if err != nil {
			return out, fmt.Errorf("keyspace %s: %s: %w", name, dc, err)
		}
		out.factors[dc] = factor
	}
	return out, nil
}

// replicas reads a replication factor; "3/1" has one transient replica among its three.
func replicas(text string) (int, error) {
	all, _, _ := strings.Cut(text, "/")
	return strconv.Atoi(all)
}

// SharedWith are the members that hold replicas of a range of which the given one holds a replica too, in any datacenter, with
// the name of a keyspace for which that is so.
func (p *Placement) SharedWith(hostID string) map[string]string {
	out := map[string]string{}
	for _, keyspace := range p.keyspaces {
		for i := range p.tokens {
			holders := p.holders(keyspace, i)
			if !slices.ContainsFunc(holders, func(m int) bool { return p.members[m].HostID == hostID }) {
				continue
			}
			for _, m := range holders {
				if id := p.members[m].HostID; id != hostID && out[id] == "" {
					out[id] = keyspace.name
				}
			}
		}
	}
	return out
}

// holders are the members with replicas of the range that ends with a token of the ring.
func (p *Placement) holders(keyspace placedKeyspace, at int) (all []int) {
	if keyspace.factors == nil {
		whole := datacenterTokens{tokens: p.tokens, members: len(p.members), racks: 1}
		return whole.holders(p, at, keyspace.factor, func(Member) string { return "" })
	}
	for dc, factor := range keyspace.factors {
		if local := p.local[dc]; local != nil {
			first := sort.Search(len(local.tokens), func(i int) bool { return local.tokens[i].token >= p.tokens[at].token })
			all = append(all, local.holders(p, first, factor, func(m Member) string { return m.Rack })...)
		}
	}
	return all
}

// holders are the members that hold a range, from the first token behind it on, as Cassandra 5.0 chooses them
// (NetworkTopologyStrategy.calculateNaturalReplicas): one of each rack in the order of the ring, and where there are fewer
// racks than replicas, as many more as are missing, those that come first.
func (d *datacenterTokens) holders(p *Placement, first, factor int, rackOf func(Member) string) (all []int) {
	repeats, racks := factor-d.racks, map[string]bool{}
	for i := 0; i < len(d.tokens) && len(all) < min(factor, d.members); i++ {
		member := d.tokens[(first+i)%len(d.tokens)].member
		rack := rackOf(p.members[member])
		switch {
		case slices.Contains(all, member):
			continue
		case racks[rack] && repeats <= 0:
			continue
		case racks[rack]:
			repeats--
		}
		racks[rack] = true
		all = append(all, member)
	}
	return all
}
