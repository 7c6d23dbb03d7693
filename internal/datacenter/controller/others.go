package controller

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/topology"
)

var errUnseen = errors.New("the other regions have yet to be looked at")

// sighting is what a datacenter of the ring said, and since when this process has seen it say so.
type sighting struct {
	record string
	since  time.Time
}

// place is where another datacenter of the ring is.
type place struct {
	datacenter.Other
	reader  client.Reader // asks its region; nil where that isn't to be asked
	key     client.ObjectKey
	unknown bool // nobody here knows its region, or any more
}

// observeOthers notes what the ring's other datacenters say of their nodes, where all have one disruption budget.
func (r *Reconciler) observeOthers(ctx context.Context, s *datacenter.State, m *memory) error {
	if s.DC.Annotations[api.DisruptionScopeAnnotation] != api.DisruptionScopeRing {
		return nil
	}
	places, whole, err := r.places(ctx, s)
	if err != nil || !whole {
		return err
	}
	s.Others = m.sight(places, r.Now())
	return nil
}

// stillOurTurn fails unless the ring's other datacenters, as their regions say at this moment, let this one take a node down. It has said
// that it goes, and this is read again first: whoever says it later than this look sees it.
func (r *Reconciler) stillOurTurn(ctx context.Context, s *datacenter.State, turn string, m *memory) error {
	now := &api.CassandraDatacenter{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(s.DC), now); err != nil {
		return fmt.Errorf("whether annotation %s is still what it was: %w", api.DisruptionAnnotation, err)
	}
	if now.UID != s.DC.UID || now.Annotations[api.DisruptionAnnotation] != turn || now.Annotations[api.DisruptionScopeAnnotation] != api.DisruptionScopeRing {
		return fmt.Errorf("annotation %s is no longer %q: it is looked at again", api.DisruptionAnnotation, turn)
	}
	places, whole, err := r.places(ctx, s)
	if err == nil && !whole {
		err = errUnseen
	}
	if err != nil {
		return err
	}
	askAll(ctx, places)
	if why := datacenter.OthersBlocker(m.sight(places, r.Now())); why != "" {
		return fmt.Errorf("another datacenter of the ring goes first: %s", why)
	}
	return nil
}

// places are the ring's other datacenters, in this region and as the other ones were last seen. whole is false while a region has yet to be
// looked at for the first time.
func (r *Reconciler) places(ctx context.Context, s *datacenter.State) (all []place, whole bool, err error) {
	if r.Peers == nil {
		return nil, false, nil
	}
	snapshots, whole := r.Peers.Snapshots()
	if !whole {
		return nil, false, nil
	}
	var here api.CassandraDatacenterList
	if err := r.Client.List(ctx, &here); err != nil {
		return nil, false, err
	}
	known := map[string]bool{s.DC.CassandraName(): true}
	for i := range here.Items {
		if dc := &here.Items[i]; isOfRing(dc, s.DC) && !known[dc.CassandraName()] {
			known[dc.CassandraName()] = true
			other := datacenter.Other{Name: dc.CassandraName(), Region: r.Peers.Region, Exists: true, Reachable: true, Record: dc.Annotations[api.DisruptionAnnotation]}
			all = append(all, place{Other: other, reader: r.Live, key: client.ObjectKeyFromObject(dc)})
		}
	}
	for i := range snapshots {
		region := &snapshots[i]
		for _, dc := range peers.All[*api.CassandraDatacenter](region) {
			if isOfRing(dc, s.DC) && !known[dc.CassandraName()] {
				known[dc.CassandraName()] = true
				other := r.at(region, dc.CassandraName())
				other.Exists, other.Record, other.key = true, dc.Annotations[api.DisruptionAnnotation], client.ObjectKeyFromObject(dc)
				all = append(all, other)
			}
		}
	}
	for _, d := range s.Ring.Datacenters {
		if !known[d.Name] && d.Region != "" && d.Region != r.Peers.Region {
			all = append(all, r.unseen(snapshots, d))
		}
	}
	return all, true, nil
}

// unseen is a datacenter that nobody here has seen: its region has none yet, or is away, or isn't known at all, because a person has taken
// out its ClientConfig or it has yet to come. That is like one that doesn't answer: its nodes may be down, for as long as that counts.
func (r *Reconciler) unseen(snapshots []peers.Snapshot, d topology.Datacenter) place {
	for i := range snapshots {
		if snapshots[i].Region == d.Region {
			return r.at(&snapshots[i], d.Name)
		}
	}
	return place{Other: datacenter.Other{Name: d.Name, Region: d.Region}, unknown: true}
}

// at is a datacenter of another region, of which nothing is known yet.
func (r *Reconciler) at(region *peers.Snapshot, name string) place {
	p := place{Other: datacenter.Other{Name: name, Region: region.Region, Reachable: region.Reachable}}
	if !region.Reachable {
		p.Silent = r.Now().Sub(region.Since)
	} else if region.Client != nil {
		p.reader = region.Client
	}
	return p
}

// isOfRing tells whether two datacenters are of one ring. Operators of the first version gave rings no ids.
func isOfRing(dc, other *api.CassandraDatacenter) bool {
	id, otherID := dc.Annotations[api.RingIDAnnotation], other.Annotations[api.RingIDAnnotation]
	if id != "" && otherID != "" {
		return id == otherID
	}
	for _, name := range []string{k8ssandra.ClusterNameLabel, k8ssandra.ClusterNamespaceLabel} {
		if dc.Labels[name] == "" || dc.Labels[name] != other.Labels[name] {
			return false
		}
	}
	return true
}

// askAll reads the datacenters whose regions answer from there, all at once. One that can't be asked may be at anything.
func askAll(ctx context.Context, places []place) {
	var group sync.WaitGroup
	for i := range places {
		one := &places[i]
		if one.reader == nil || !one.Exists {
			continue
		}
		group.Go(func() {
			ask, cancel := context.WithTimeout(ctx, nodeTimeout)
			defer cancel()
			dc := &api.CassandraDatacenter{}
			switch err := one.reader.Get(ask, one.key, dc); {
			case client.IgnoreNotFound(err) != nil:
				one.Reachable = false
			case err != nil:
				one.Exists = false
			default:
				one.Record = dc.Annotations[api.DisruptionAnnotation]
			}
		})
	}
	group.Wait()
}

// sight notes what is said now, and tells for how long it has been said.
func (m *memory) sight(places []place, now time.Time) []datacenter.Other {
	if m.others == nil {
		m.others, m.unknown = map[string]sighting{}, map[string]time.Time{}
	}
	all := make([]datacenter.Other, 0, len(places))
	for _, p := range places {
		seen, known := m.others[p.Name]
		if !known || seen.record != p.Record {
			seen = sighting{p.Record, now}
			m.others[p.Name] = seen
		}
		p.Unchanged = now.Sub(seen.since)
		if p.unknown {
			p.Silent = m.unknownFor(p.Region, now)
		} else {
			delete(m.unknown, p.Region)
		}
		all = append(all, p.Other)
	}
	return all
}

// unknownFor is for how long this process has not known a region.
func (m *memory) unknownFor(region string, now time.Time) time.Duration {
	if _, noted := m.unknown[region]; !noted {
		m.unknown[region] = now
	}
	return now.Sub(m.unknown[region])
}
