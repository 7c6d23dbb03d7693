package live

import (
	"cmp"
	"slices"

	"github.com/ringspan/ringspan/internal/preview"
)

// Report is what an edit does.
type Report struct {
	Kind      string `json:"kind"` // K8ssandraCluster or CassandraDatacenter
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// New is set when there is no such object yet: all of it is made.
	New   bool             `json:"new,omitempty"`
	Edits []preview.Change `json:"edits,omitempty"` // of the spec
	// Refused is why the edit isn't taken as it is: by the API server, then nothing happens; or by a region's operator.
	Refused     []string     `json:"refused,omitempty"`
	Rejected    bool         `json:"rejected,omitempty"` // the API server takes nothing of it
	Datacenters []Datacenter `json:"datacenters,omitempty"`
	Unknown     []Unknown    `json:"unknown,omitempty"`
}

// Datacenter is what the edit does to one.
type Datacenter struct {
	preview.Preview

	Region    string `json:"region"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	New       bool   `json:"new,omitempty"`    // it is made
	Leaves    bool   `json:"leaves,omitempty"` // the ring, and is deleted with its volumes
	// Blocker is what a datacenter that leaves waits for before any of it goes: the ring's regions have to agree.
	Blocker string `json:"blocker,omitempty"`
	Nodes   int    `json:"nodes"` // that it is to have
	// From is where a new datacenter's data comes from, and Bytes how much that one has; empty when it owes none.
	From  string `json:"from,omitempty"`
	Bytes int64  `json:"bytes,omitempty"`
	// UnderWay is what happens also without the edit.
	UnderWay []preview.Event `json:"underWay,omitempty"`
}

// Unknown is a region of which nothing can be foretold.
type Unknown struct {
	Region      string   `json:"region"`
	Datacenters []string `json:"datacenters"`
	Why         string   `json:"why"`
}

// Changes tells whether the edit does anything.
func (r *Report) Changes() bool {
	return r.New || len(r.Edits) > 0 || slices.ContainsFunc(r.Datacenters, func(d Datacenter) bool {
		return !slices.EqualFunc(d.Events, d.UnderWay, func(a, b preview.Event) bool { return a.Kind == b.Kind && a.Target == b.Target })
	})
}

func (r *Report) sort() {
	slices.SortFunc(r.Datacenters, func(a, b Datacenter) int { return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Name, b.Name)) })
	slices.SortFunc(r.Unknown, func(a, b Unknown) int { return cmp.Compare(a.Region, b.Region) })
}
