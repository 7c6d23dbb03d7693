package ring

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	renderer "github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/federation"
)

// The base configuration of a ring is the file of Cassandra's own defaults that its nodes' cassandra.yaml is merged over. It
// decides in which format nodes write their data, so it is decided once, before the first node starts, and kept:
//
//   - on each copy of the ring, as an annotation that is written together with the ring's id and travels with the revisions,
//     also through operators that don't know it;
//   - on each datacenter, in its configuration, which the datacenter keeps whatever becomes of the annotation.
//
// A ring without either is older than the record. Its nodes go on with what they have.

// recordBase puts on a ring that begins which base configuration it is founded with: what its user asks for, else what
// K8ssandra's config builder would take.
func recordBase(o federation.Object) {
	k, is := o.(*api.K8ssandraCluster)
	if !is || k.Spec.Cassandra == nil || k.Annotations[api.BaseConfigurationAnnotation] != "" {
		return
	}
	base := k.Spec.Cassandra.BaseConfiguration
	switch {
	case base == "" && asksToJoin(k): // the other ring's formats are not known here: the most careful ones
		base = renderer.BaseNone
	case base == "":
		base = renderer.FoundingBase(versions(k)...)
	}
	federation.Note(k, api.BaseConfigurationAnnotation, base)
}

// versions are those of Cassandra that a ring's datacenters ask for; "" of one that runs something else.
func versions(k *api.K8ssandraCluster) (all []string) {
	for _, t := range k.Spec.Cassandra.Datacenters {
		version := orElse(t.ServerVersion, k.Spec.Cassandra.ServerVersion)
		if orElse(k.Spec.Cassandra.ServerType, "cassandra") != "cassandra" {
			version = ""
		}
		all = append(all, version)
	}
	return all
}

// planBase gives a datacenter its base configuration: the one that is asked for, else the one that it has, else, when it is
// added, the ring's. It tells whether that is known.
func (s *State) planBase(p *Plan, i int, want, have *cassandra.CassandraDatacenter) bool {
	if asked := s.Ring.Spec.Cassandra.BaseConfiguration; asked != "" {
		return s.planAskedBase(p, i, want, have)
	}
	var base string
	if have != nil {
		base = BaseOf(have)
		s.tellOtherBases(p, i, base)
	} else {
		var known bool
		if base, known = s.foundedWith(p, i); !known {
			return false
		}
	}
	config, err := withBase(want.Spec.Config, base)
	if err != nil {
		p.Warn("datacenter %s: %v", want.Name, err)
		return false
	}
	want.Spec.Config = config
	return true
}

// planAskedBase is for a ring whose user asks for a base configuration, with which a datacenter is built. One that nodes could
// not read their data with is refused, and the datacenter keeps what it has.
func (s *State) planAskedBase(p *Plan, i int, want, have *cassandra.CassandraDatacenter) bool {
	if have == nil {
		for j, t := range s.templates() {
			if dc := s.datacenter(j); j != i && dc != nil && !s.isAnothers(dc) {
				if why := unreadable(dc, want); why != "" {
					p.Warn("datacenter %s isn't made: datacenter %s of the ring has data that it could not read: %s", want.Name, t.Metadata.Name, why)
					return false
				}
			}
		}
		return true
	}
	why := unreadable(have, want)
	if why == "" || BaseOf(have) == BaseOf(want) { // what else the spec asks for is the datacenter's to refuse
		return true
	}
	p.Warn("datacenter %s keeps its base configuration: %s", want.Name, why)
	config, err := withBase(want.Spec.Config, BaseOf(have))
	if err != nil {
		p.Warn("datacenter %s: %v", want.Name, err)
		return false
	}
	want.Spec.Config = config
	return true
}

// unreadable says why data of a datacenter's nodes can't be read with another datacenter's configuration.
func unreadable(before, after *cassandra.CassandraDatacenter) string {
	from, errFrom := inputOf(before)
	to, errTo := inputOf(after)
	if errFrom != nil || errTo != nil {
		return "" // its nodes say what they don't know
	}
	return renderer.Unreadable(from, to)
}

func inputOf(dc *cassandra.CassandraDatacenter) (renderer.Input, error) {
	in, err := renderer.ParseInput(dc.Spec.Config, "")
	in.Version = dc.Spec.ServerVersion
	return in, err
}

// foundedWith is the base configuration of the ring that a datacenter is added to. What the others run with says it best; the
// record says it before there are any, and while none of them is known.
func (s *State) foundedWith(p *Plan, self int) (base string, known bool) {
	name := s.templates()[self].Metadata.Name
	others := s.otherBases(self)
	switch len(others) {
	case 0:
		return s.baseOnRecord(p, self)
	case 1:
		return slices.Collect(maps.Keys(others))[0], true
	}
	p.Warn("datacenter %s isn't made: the ring's datacenters have different base configurations (%s). Set spec.cassandra.baseConfiguration to the one that all should have", name, listBases(others))
	return "", false
}

// baseOnRecord is what this region's copy of the ring says, or those of others where this one's record is lost.
func (s *State) baseOnRecord(p *Plan, self int) (base string, known bool) {
	name := s.templates()[self].Metadata.Name
	said := map[string][]string{}
	if own := s.Ring.Annotations[api.BaseConfigurationAnnotation]; own != "" {
		said[own] = []string{s.Region}
	} else {
		for _, peer := range s.Peers {
			if c := peer.Copy; c != nil && c.Annotations[api.RingIDAnnotation] == s.Ring.Annotations[api.RingIDAnnotation] && c.Annotations[api.BaseConfigurationAnnotation] != "" {
				there := c.Annotations[api.BaseConfigurationAnnotation]
				said[there] = append(said[there], peer.Region)
			}
		}
	}
	switch len(said) {
	case 0:
		return s.withoutRecord(p, name)
	case 1:
		base = slices.Collect(maps.Keys(said))[0]
	default:
		p.Warn("datacenter %s isn't made: the copies of the ring say different things of its base configuration (%s). Set spec.cassandra.baseConfiguration", name, listBases(said))
		return "", false
	}
	if !slices.Contains(renderer.Bases(), base) {
		p.Warn("datacenter %s isn't made: annotation %s: %q: there are %s", name, api.BaseConfigurationAnnotation, base, strings.Join(renderer.Bases(), ", "))
		return "", false
	}
	return base, true
}

// withoutRecord is for a ring of which no copy that is known says anything: it is older than the record, unless a region that
// doesn't answer and was never seen knows better.
func (s *State) withoutRecord(p *Plan, name string) (base string, known bool) {
	for _, t := range s.templates() {
		region := RegionOf(s.Ring, t)
		if peer := s.peer(region); region != s.Region && (peer == nil || peer.Copy == nil && !peer.Reachable) {
			p.Wait("region %s to say with which base configuration the ring was founded, before datacenter %s is made: the record of it is lost here, or the ring is older. spec.cassandra.baseConfiguration says it too", region, name)
			return "", false
		}
	}
	return renderer.BaseNone, true
}

// otherBases are the base configurations of the ring's other datacenters, as far as they are known, with those that have them.
func (s *State) otherBases(self int) map[string][]string {
	out := map[string][]string{}
	for i, t := range s.templates() {
		if dc := s.datacenter(i); i != self && dc != nil && !s.isAnothers(dc) {
			base := BaseOf(dc)
			out[base] = append(out[base], t.Metadata.Name)
		}
	}
	return out
}

// tellOtherBases says that datacenters of one ring differ, which happens where an operator of a version without base
// configurations made one: what one of them streams may be of a format that another one doesn't take.
func (s *State) tellOtherBases(p *Plan, self int, own string) {
	others := s.otherBases(self)
	delete(others, own)
	if len(others) == 0 {
		return
	}
	others[own] = append(others[own], s.templates()[self].Metadata.Name)
	p.Warn("the ring's datacenters have different base configurations (%s), so that they may not take what others stream. "+
		"Set spec.cassandra.baseConfiguration to the one that all should have; a former version of the operator doesn't know it", listBases(others))
}

func listBases(of map[string][]string) string {
	var all []string
	for _, base := range slices.Sorted(maps.Keys(of)) {
		all = append(all, fmt.Sprintf("%s: %s", strings.Join(of[base], ", "), base))
	}
	return strings.Join(all, "; ")
}

// BaseOf is the base configuration that a datacenter's nodes are given.
func BaseOf(dc *cassandra.CassandraDatacenter) string {
	var doc map[string]json.RawMessage
	var base string
	if json.Unmarshal(dc.Spec.Config, &doc) != nil || json.Unmarshal(doc[renderer.BaseSection], &base) != nil || base == "" {
		return renderer.BaseNone
	}
	return base
}

// withBase puts a base configuration into a datacenter's configuration. None is said by naming none, as before there were any:
// the nodes of such a datacenter stay as they are.
func withBase(config json.RawMessage, base string) (json.RawMessage, error) {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(config, &doc); err != nil {
		return nil, err
	}
	_, named := doc[renderer.BaseSection]
	none := base == "" || base == renderer.BaseNone
	switch {
	case none && !named:
		return config, nil
	case none:
		delete(doc, renderer.BaseSection)
	default:
		name, err := json.Marshal(base)
		if err != nil {
			return nil, err
		}
		doc[renderer.BaseSection] = name
	}
	return json.Marshal(doc)
}
