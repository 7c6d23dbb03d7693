package client

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/ring"
)

// ringName is a K8ssandraCluster's.
type ringName struct{ namespace, name string }

func (r ringName) String() string { return r.namespace + "/" + r.name }

// target is a datacenter that a task is for.
type target struct {
	name, namespace, region string
	// ring is nil of a datacenter that is of none.
	ring *ringName
	// called is its name in Cassandra.
	called string
	// racks are empty when the region doesn't answer.
	racks []string
}

// all are the datacenters of rings, in the rings' order, and those that are of none.
func (s Seen) all() (all []target) {
	known := map[string]bool{}
	for _, a := range s {
		for i := range a.Rings {
			k := &a.Rings[i]
			is := ringName{k.Namespace, k.Name}
			if known[is.String()] || k.Spec.Cassandra == nil {
				continue
			}
			known[is.String()] = true
			for _, t := range k.Spec.Cassandra.Datacenters {
				one := target{name: t.Metadata.Name, namespace: ring.Namespace(k, t), region: ring.RegionOf(k, t), ring: &is, called: t.Metadata.Name}
				if dc := s.datacenter(one); dc != nil {
					one.called, one.racks = dc.CassandraName(), dc.RackNames()
				}
				all = append(all, one)
			}
		}
	}
	for _, a := range s {
		for i := range a.Datacenters {
			if dc := &a.Datacenters[i]; dc.Labels[k8ssandra.ClusterNameLabel] == "" {
				all = append(all, target{name: dc.Name, namespace: dc.Namespace, region: a.Region, called: dc.CassandraName(), racks: dc.RackNames()})
			}
		}
	}
	return all
}

func (s Seen) datacenter(t target) *cassandra.CassandraDatacenter {
	for _, a := range s {
		for i := range a.Datacenters {
			if dc := &a.Datacenters[i]; a.Region == t.region && dc.Name == t.name && dc.Namespace == t.namespace {
				return dc
			}
		}
	}
	return nil
}

// has tells whether a region that answers has a ring.
func (s Seen) has(region string, is ringName) bool {
	for _, a := range s {
		for i := range a.Rings {
			if k := &a.Rings[i]; a.Region == region && a.Err == nil && k.Name == is.name && k.Namespace == is.namespace {
				return true
			}
		}
	}
	return false
}

// targets are the datacenters that a request is for; whole tells that they are all of a ring.
func (s Seen) targets(q *Request) (found []target, whole bool, err error) {
	var all []target
	for _, t := range s.all() {
		if (q.Ring == "" || t.ring != nil && t.ring.name == q.Ring) && (q.Namespace == "" || q.Namespace == t.namespace || t.ring != nil && q.Namespace == t.ring.namespace) {
			all = append(all, t)
		}
	}
	names := q.Datacenters
	if pod := q.Job.Arguments.PodName; pod != "" {
		of, err := s.ofPod(all, q)
		if err == nil && len(names) > 0 && names[0] != of.name {
			err = fmt.Errorf("pod %s is of datacenter %s, and not of %s", pod, of.name, names[0])
		}
		return []target{of}, false, err
	}
	if len(names) > 0 {
		found, err = s.byName(all, names)
		return found, false, err
	}
	if rings := ringsOf(all); len(rings) > 1 {
		return nil, false, fmt.Errorf("which ring? There are %s: --ring or --datacenter says it", strings.Join(rings, ", "))
	}
	if len(all) == 0 {
		return nil, false, errors.New("there is no ring" + q.chosen() + s.unseen())
	}
	return all, true, nil
}

// chosen repeats what a request asks for, as the end of an error.
func (q *Request) chosen() (text string) {
	if q.Ring != "" {
		text += " " + q.Ring
	}
	if q.Namespace != "" {
		text += " in namespace " + q.Namespace
	}
	return text
}

// byName finds datacenters in the order in which they are named. They are of one ring.
func (s Seen) byName(all []target, names []string) (found []target, err error) {
	for _, name := range names {
		var of []target
		for _, t := range all {
			if t.name == name {
				of = append(of, t)
			}
		}
		switch {
		case len(of) == 0:
			return nil, fmt.Errorf("there is no datacenter %s; there are %s%s", name, namesOf(all), s.unseen())
		case len(of) > 1:
			return nil, fmt.Errorf("there are several datacenters %s, of %s: --ring or --namespace says which", name, strings.Join(ringsOf(of), ", "))
		case slices.ContainsFunc(found, func(t target) bool { return t.name == name }):
			return nil, fmt.Errorf("datacenter %s is named twice", name)
		}
		found = append(found, of[0])
	}
	if rings := ringsOf(found); len(rings) > 1 {
		return nil, fmt.Errorf("the datacenters are of %s: a task is for those of one ring", strings.Join(rings, ", "))
	}
	return found, nil
}

// ofPod finds the datacenter of a request's pod. Names of pods are put together of others: in another namespace or region there
// may be the same.
func (s Seen) ofPod(all []target, q *Request) (target, error) {
	pod := q.Job.Arguments.PodName
	found := s.withPod(all, pod)
	if len(found) > 1 && len(q.Datacenters) > 0 {
		found = slices.DeleteFunc(found, func(t target) bool { return t.name != q.Datacenters[0] })
	}
	switch of := ""; len(found) {
	case 0:
		if q.Ring != "" {
			of = " of ring"
		}
		return target{}, fmt.Errorf("there is no Cassandra pod %s%s%s%s", pod, of, q.chosen(), s.unseen())
	case 1:
		return found[0], nil
	}
	return target{}, fmt.Errorf("there are several pods %s, of %s: --ring, --namespace or --datacenter says which", pod, strings.Join(ringsOf(found), ", "))
}

// withPod are the datacenters with a pod of a name.
func (s Seen) withPod(all []target, pod string) (found []target) {
	for _, a := range s {
		for _, p := range a.Pods {
			for _, t := range all {
				if p.Name == pod && p.Datacenter == t.name && p.Namespace == t.namespace && a.Region == t.region {
					found = append(found, t)
				}
			}
		}
	}
	return found
}

// ringsOf names the rings of datacenters, each once; a datacenter that is of none is named itself.
func ringsOf(all []target) (names []string) {
	for _, t := range all {
		name := "datacenter " + t.name + " in region " + t.region
		if t.ring != nil {
			name = "ring " + t.ring.String()
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func namesOf(all []target) string {
	var names []string
	for _, t := range all {
		names = append(names, t.name)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// checkRack refuses a rack that a datacenter hasn't got. Of one whose region doesn't answer the operator says it.
func checkRack(targets []target, rack string) error {
	for _, t := range targets {
		if rack != "" && len(t.racks) > 0 && !slices.Contains(t.racks, rack) {
			return ArgumentError{"rack", fmt.Sprintf("datacenter %s has no rack %s; it has %s", t.name, rack, strings.Join(t.racks, ", "))}
		}
	}
	return nil
}

// checkSource refuses that a datacenter streams from itself, as the last of all of a ring would.
func checkSource(targets []target, source string) error {
	for _, t := range targets {
		if source != "" && t.called == source {
			return ArgumentError{"source_datacenter", fmt.Sprintf("datacenter %s can't stream from itself; name the others with --datacenter", t.name)}
		}
	}
	return nil
}

// Names are what can be asked for: for shells that complete.
func (s Seen) Names() (rings, datacenters, racks, pods []string) {
	for _, t := range s.all() {
		if t.ring != nil {
			rings = append(rings, t.ring.name)
		}
		datacenters = append(datacenters, t.name)
		racks = append(racks, t.racks...)
	}
	for _, a := range s {
		for _, p := range a.Pods {
			pods = append(pods, p.Name)
		}
	}
	for _, names := range []*[]string{&rings, &datacenters, &racks, &pods} {
		slices.Sort(*names)
		*names = slices.Compact(*names)
	}
	return rings, datacenters, racks, pods
}
