package federation

import (
	"testing"
	"time"
)

// Whatever another cluster has of the object, it isn't what the region has: nothing is taken down before that was asked.
func TestAnotherClusterNeverAgrees(t *testing.T) {
	revision := Head{Revision: Revision{Counter: 1, Region: "a"}}
	for name, peer := range map[string]Peer{
		"empty":                           {Copy: Copy{Region: "b"}, Absent: true},
		"with another object of the name": {Copy: Copy{Region: "b", ID: "other", UID: "u9", Head: revision}},
		"with a copy that was restored":   {Copy: Copy{Region: "b", ID: "mine", UID: "u3", Head: revision, Deleting: true, Asked: true}},
		"restored, and agreed":            {Copy: Copy{Region: "b", ID: "mine", UID: "u3", Head: revision, Deleting: true, Asked: true, Removal: RemovalBegun}},
	} {
		peer.Reachable, peer.Cluster = true, "another"
		v := View{Region: "a", Name: "demo/ring", Noun: "ring", PartsNoun: "datacenters", Deletion: TogetherOnly, Now: time.Unix(1e9, 0), Lag: 20 * time.Second, Configs: "ringspan"}
		own := &Own{}
		own.Region, own.ID, own.UID, own.Deleting, own.Asked, own.Head = "a", "mine", "u1", true, true, revision
		own.Seen, own.Clusters = map[string]string{"b": "u2"}, map[string]string{"b": "cluster-b"}
		v.Own, v.Peers, v.Parts = own, []Peer{peer}, Parts{Names: []string{"dc1"}, Living: true}
		for range 4 {
			p := Decide(v)
			if r, is := p.Notes[RemovalAnnotation]; is {
				own.Removal = r
			}
			if c, is := p.Notes[ClustersAnnotation]; is {
				own.Clusters = ParseRegions(c)
			}
			if r, is := p.Notes[RegionsAnnotation]; is {
				own.Seen = ParseRegions(r)
			}
			v.Now = v.Now.Add(time.Minute)
			if p.Verb == TakeDown {
				t.Errorf("a cluster %s: data is taken down, though b's own cluster was not asked", name)
			}
		}
		if own.Clusters["b"] != "cluster-b" {
			t.Errorf("a cluster %s: b's cluster is forgotten: %v", name, own.Clusters)
		}
	}
}

// A copy that somebody restored in another cluster while the object lives isn't taken for the region's own either.
func TestARestoredCopyIsNotTheRegions(t *testing.T) {
	revision := Head{Revision: Revision{Counter: 1, Region: "a"}}
	own := &Own{}
	own.Region, own.ID, own.UID, own.Head = "a", "mine", "u1", revision
	own.Seen, own.Clusters = map[string]string{"b": "u2"}, map[string]string{"b": "cluster-b"}
	v := View{Region: "a", Name: "demo/ring", Noun: "ring", PartsNoun: "datacenters", Deletion: TogetherOnly, Now: time.Unix(1e9, 0), Lag: 20 * time.Second,
		Own: own, Peers: []Peer{{Copy: Copy{Region: "b", ID: "mine", UID: "u3", Head: revision}, Reachable: true, Cluster: "another"}}}
	if c, is := Decide(v).Notes[ClustersAnnotation]; is {
		t.Errorf("b's cluster is noted as %q", c)
	}
	v.Peers[0].Deleting, v.Peers[0].Asked = true, true
	for range 2 { // the second time b is no region with a copy any more
		p := Decide(v)
		if c, is := p.Notes[ClustersAnnotation]; is {
			t.Errorf("while the copy is deleted, b's cluster is noted as %q", c)
		}
		if r, is := p.Notes[RegionsAnnotation]; is {
			own.Seen = ParseRegions(r)
		}
	}
	v.Peers[0].Deleting, v.Peers[0].Asked, own.Seen = false, false, map[string]string{"b": "u2"}
	own.BringBack = "b"
	if c := Decide(v).Notes[ClustersAnnotation]; ParseRegions(c)["b"] != "another" {
		t.Errorf("a person had it made there, and noted is %q", c)
	}
}
