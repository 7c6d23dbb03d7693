package federation

import (
	"maps"
	"slices"
	"time"
)

// View is all that a region knows about one shared object at one time. Decide decides from nothing else.
type View struct {
	Region    string
	Name      string // namespace/name of the object
	Noun      string // what the kind is called in sentences, "ring" for one
	PartsNoun string // and its parts, "datacenters"
	Deletion  DeletionRule
	Now       time.Time
	Lag       time.Duration // how old what is known of a peer that answers may be
	Version   string        // of this region's operator
	Configs   string        // the namespace with the ClientConfigs of the peers

	Yielded bool // the copy that was here has just gone, because its deletion was overruled: it isn't lost

	Own   *Own // nil while the region has no copy
	Peers []Peer
	Parts Parts
}

// Own is this region's copy, with what only its own region acts on.
type Own struct {
	Copy
	Origin    string // the region that the object was first applied to
	Unguarded bool   // it has no finalizer yet
	Elsewhere bool   // its spec speaks of other regions

	Told   map[string]Revision // by region, of peers that the copy's status names as diverged from it
	Choose string              // the region that a person has chosen
	Unfit  string              // why this region's API server can't store that choice

	Seen      map[string]string // RegionsAnnotation
	Clusters  map[string]string // ClustersAnnotation
	BringBack string            // BringBackAnnotation

	Doomed string // why the namespace goes; "" when it stays
	Cause  string // why a copy that is being deleted goes without anybody having asked for that
	Unsure string // why the cause isn't known
	MayGo  bool   // a person has said that what was lost may go
}

// Parts are what the region that decides has made of the object.
type Parts struct {
	Names  []string // all that are there, each with what its end waits for, if a person must act
	Living bool     // one of them is not being deleted
	ID     string   // of the object, which they carry; "" when they have none or not one
}

// copies are the peers' that there are.
func (v *View) copies() (all []Copy) {
	for _, p := range v.Peers {
		if !p.Absent {
			all = append(all, p.Copy)
		}
	}
	return all
}

// peer is what is known of a region.
func (v *View) peer(region string) *Peer {
	i := slices.IndexFunc(v.Peers, func(p Peer) bool { return p.Region == region })
	if i < 0 {
		return nil
	}
	return &v.Peers[i]
}

// HasAnother tells whether a region has another object of this name.
func (v *View) HasAnother(region string) bool {
	p := v.peer(region)
	return p != nil && v.Own != nil && !p.Absent && IsAnother(v.Own.ID, p.Copy)
}

// told are the revisions that the copy's status names, without those of another object of the name.
func (v *View) told() (all []Revision) {
	for _, region := range slices.Sorted(maps.Keys(v.Own.Told)) {
		if !v.HasAnother(region) {
			all = append(all, v.Own.Told[region])
		}
	}
	return all
}

// retiring are the peers as a deletion of the own copy sees them: another object of the name is none of its business, and
// neither is a region that never had one.
func (v *View) retiring() []Peer {
	all := slices.Clone(v.Peers)
	for i, p := range all {
		if v.HasAnother(p.Region) || v.neverHad(p) {
			all[i] = Peer{Copy: Copy{Region: p.Region}, Reachable: p.Reachable || p.Lacks, Absent: true}
		}
		all[i].Elsewhere = v.elsewhere(p)
	}
	return all
}

// neverHad tells of a region that answers, and whose version doesn't know the kind, that nobody has ever seen a copy there. It
// has made none then, and makes none while that version runs. What it holds can't be read, so that is believed only of objects
// whose parts can be made again. One in which a copy was seen, and which was given a former version again, still has it.
func (v *View) neverHad(p Peer) bool {
	if v.Deletion != EachAtOnce || !p.Lacks || !p.Absent || v.Own.Seen[p.Region] != "" {
		return false
	}
	return !slices.ContainsFunc(v.Peers, func(o Peer) bool { return o.Seen[p.Region] != "" })
}

// elsewhere tells of a region whose name leads to another cluster now, by mistake perhaps. What that one has (no copy, another
// object of the name, a copy that was restored there) says nothing of the region's own. Data that can't be made again waits then.
func (v *View) elsewhere(p Peer) bool {
	if v.Deletion != TogetherOnly {
		return false
	}
	known := v.Own.Clusters[p.Region]
	there := !p.Absent && !v.HasAnother(p.Region) // an older version beside it may not tell its cluster
	return known != "" && p.Cluster != known && !(there && p.Cluster == "") || v.twice(p)
}

// twice tells of a region whose name leads to the cluster of another one, or to this one.
func (v *View) twice(p Peer) bool {
	if !p.Absent && p.UID != "" && p.UID == v.Own.UID {
		return true
	}
	return p.Cluster != "" && slices.ContainsFunc(v.Peers, func(o Peer) bool { return o.Region != p.Region && o.Cluster == p.Cluster })
}
