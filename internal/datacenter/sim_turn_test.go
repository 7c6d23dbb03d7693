package datacenter_test

import (
	"errors"
	"fmt"
	"time"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
)

// said is what a region has seen another one say, and since when.
type said struct {
	record string
	since  time.Time
}

// hear is news of the other regions, unless the region is cut off or news take long.
func (r *region) hear() {
	for _, o := range r.regions {
		if o != r && !r.cutOff {
			r.heard[o.dc.Name] = o.dc.Annotations[api.DisruptionAnnotation]
		}
	}
}

// others are the ring's other datacenters as they were last heard of.
func (r *region) others() []datacenter.Other {
	all := []datacenter.Other{}
	for _, o := range r.regions {
		if o == r {
			continue
		}
		record, known := r.heard[o.dc.Name]
		if seen, is := r.saying[o.dc.Name]; !is || seen.record != record {
			r.saying[o.dc.Name] = said{record, r.now}
		}
		other := datacenter.Other{Name: o.dc.Name, Region: "region-" + o.dc.Name, Exists: known, Record: record, Unchanged: r.now.Sub(r.saying[o.dc.Name].since), Reachable: !r.cutOff}
		if r.cutOff {
			other.Silent = r.now.Sub(r.cutSince)
		}
		all = append(all, other)
	}
	return all
}

// ourTurn is the look at the other regions before a node is taken down.
func (r *region) ourTurn(step datacenter.Step) error {
	if r.dc.Annotations[api.DisruptionAnnotation] != step.Turn {
		return errors.New("what the datacenter says is another thing by now")
	}
	r.hear()
	if why := datacenter.OthersBlocker(r.others()); why != "" {
		return errors.New(why)
	}
	return nil
}

// watchTurn notes a node that is taken down beside one of another region, although both see each other.
func (r *region) watchTurn(name string) {
	if r.dc.Annotations[api.DisruptionScopeAnnotation] != api.DisruptionScopeRing {
		return
	}
	for _, o := range r.regions {
		if o == r || o.dc.Annotations[api.DisruptionScopeAnnotation] != api.DisruptionScopeRing {
			continue
		}
		apart := r.cutOff && r.now.Sub(r.cutSince) >= datacenter.DisruptionExpiry
		gone := r.now.Sub(o.lastSaid) >= datacenter.DisruptionExpiry // its operator
		if down := o.downByHand(""); down != "" && !apart && !gone {
			r.world.broken = append(r.world.broken, fmt.Sprintf("%s is taken down beside %s of another region", name, down))
		} else if down != "" {
			r.world.beside++
		}
	}
	r.world.turns++
}
