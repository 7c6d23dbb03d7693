package topology

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Ring is one Cassandra cluster over one or more datacenters.
type Ring struct {
	Name        string       `json:"name"`
	Founder     string       `json:"founder"` // the datacenter that boots first and alone if need be
	Datacenters []Datacenter `json:"datacenters"`
	Joins       bool         `json:"joins,omitempty"`    // the ring was there before: the datacenter called founder joins it, and none founds one
	External    []string     `json:"external,omitempty"` // datacenters of the ring that somebody else looks after
}

// Datacenter is the part of a ring in one region. Its racks are in the order of
// the spec; without racks there is one, called "default".
type Datacenter struct {
	Name      string   `json:"name"`
	Region    string   `json:"region,omitempty"`
	Size      int      `json:"size"`
	Racks     []string `json:"racks"`
	NumTokens int      `json:"numTokens"`
	// Birth tells this datacenter from an earlier one of the same name, whose dead nodes the ring may still know.
	Birth string `json:"-"`
}

// Annotation carries a Ring as JSON on a CassandraDatacenter.
const Annotation = "ringspan.io/ring"

// Encode is the annotation's text.
func (r Ring) Encode() string {
	data, _ := json.Marshal(r) // plain data: cannot fail
	return string(data)
}

// Decode reads the annotation.
func Decode(text string) (Ring, error) {
	var r Ring
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return r, fmt.Errorf("annotation %s: %w", Annotation, err)
	}
	return r, nil
}

// Datacenter finds one by name.
func (r Ring) Datacenter(name string) (Datacenter, bool) {
	i := slices.IndexFunc(r.Datacenters, func(d Datacenter) bool { return d.Name == name })
	if i < 0 {
		return Datacenter{}, false
	}
	return r.Datacenters[i], true
}

// RackSizes splits the nodes evenly; the first racks get the remainder.
func (d Datacenter) RackSizes() []int {
	sizes := make([]int, len(d.Racks))
	for i := range sizes {
		sizes[i] = d.Size / len(d.Racks)
		if i < d.Size%len(d.Racks) {
			sizes[i]++
		}
	}
	return sizes
}

// Position is a node's place in its datacenter.
type Position struct {
	Rack    string
	Ordinal int
}

// SeedCount is how many nodes of a datacenter are seeds: three, all of a smaller
// one, one a rack of one with more racks (cass-operator's rule).
func (d Datacenter) SeedCount() int {
	return min(d.Size, max(3, len(d.Racks)))
}

// Seeds are the positions of the seeds: the first node of every rack, then the
// second ones, and so on.
func (d Datacenter) Seeds() (seeds []Position) {
	sizes := d.RackSizes()
	for ordinal := 0; len(seeds) < d.SeedCount(); ordinal++ {
		for i, rack := range d.Racks {
			if ordinal < sizes[i] && len(seeds) < d.SeedCount() {
				seeds = append(seeds, Position{rack, ordinal})
			}
		}
	}
	return seeds
}
