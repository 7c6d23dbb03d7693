package ring

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/topology"
)

// Lists of the ring and of one of its datacenters are merged by name, as k8ssandra-operator does it. In former versions a
// datacenter's list replaced the ring's. Merged, such a datacenter could get racks that it doesn't have, or other pods, which
// nobody asked for: it goes on as it was made until somebody asks for the other.

// identity is, for each list that is merged, the field by which its elements are told apart. All other lists are replaced.
var identity = map[string]string{
	"racks": "name", "containers": "name", "initContainers": "name", "env": "name", "ports": "containerPort", "volumeMounts": "mountPath",
	"volumeDevices": "devicePath", "volumes": "name", "pvcs": "name", "additionalVolumes": "name",
}

// atomic are elements and fields that have one of several kinds, so that two can't be merged.
var atomic = []string{"env", "volumes", "volumeSource", "valueFrom"}

// verbatim are fields with what isn't ours to know.
var verbatim = []string{"cassandraYaml", "dseYaml"}

// overlayOptions lays a datacenter's options over the ring's.
func overlayOptions(into, from map[string]any) {
	for key, v := range from {
		list, isList := v.([]any)
		before, wasList := into[key].([]any)
		deeper, isMap := v.(map[string]any)
		there, wasMap := into[key].(map[string]any)
		switch {
		case isList && wasList && identity[key] != "":
			into[key] = mergeLists(before, list, key)
		case isMap && wasMap && slices.Contains(verbatim, key):
			overlay(there, deeper)
		case isMap && wasMap && !slices.Contains(atomic, key):
			overlayOptions(there, deeper)
		case v == "" && into[key] != nil: // not said
		default:
			into[key] = v
		}
	}
}

// mergeLists is the ring's list with what a datacenter says of its elements, and then those that only the datacenter has.
func mergeLists(ring, datacenter []any, name string) []any {
	by, all := identity[name], slices.Clone(ring)
	for _, v := range datacenter {
		one, _ := v.(map[string]any)
		i := slices.IndexFunc(all, func(other any) bool {
			m, is := other.(map[string]any)
			return is && one != nil && m[by] == one[by]
		})
		switch {
		case i < 0:
			all = append(all, v)
		case !slices.Contains(atomic, name):
			merged := maps.Clone(all[i].(map[string]any))
			overlayOptions(merged, one)
			all[i] = merged
		case len(one) > 1: // it says more than its name
			all[i] = v
		}
	}
	return all
}

// Replacing are the datacenters, by name, whose lists replace the ring's, as they were made.
type Replacing map[string]bool

// replacing finds them. One whose lists are the same either way is none: what is written of them later is merged.
func (s *State) replacing() Replacing {
	out := Replacing{}
	for i, t := range s.templates() {
		lists := replacedLists(s.Ring, t)
		if len(lists) == 0 || s.isHere(t) && s.Ring.Annotations[api.ListsAnnotation] == api.ListsMerged {
			continue
		}
		dc := s.datacenter(i)
		switch {
		case dc != nil && s.isAnothers(dc):
		case dc != nil:
			out[t.Metadata.Name] = dc.Annotations[cassandra.ListsAnnotation] != api.ListsMerged
		default: // it can't be seen, has to be made again, or was never made
			out[t.Metadata.Name] = s.wasReplacing(i, lists)
		}
	}
	return out
}

// wasReplacing tells whether a datacenter that can't be seen has fewer racks than the ring's and its own, by what others were
// told of it; or, if they weren't, whether it is known at all.
func (s *State) wasReplacing(i int, lists []string) bool {
	t := s.templates()[i]
	if !slices.Contains(lists, "racks") {
		return s.isKnown(i)
	}
	for j := range s.templates() {
		dc := s.datacenter(j)
		if dc == nil || s.isAnothers(dc) {
			continue
		}
		told, err := topology.Decode(dc.Annotations[topology.Annotation])
		if one, known := told.Datacenter(t.CassandraName()); err == nil && known {
			return slices.Equal(one.Racks, cassandra.NamesOfRacks(t.Racks))
		}
	}
	return s.isKnown(i)
}

// isKnown tells whether a datacenter was there at some time.
func (s *State) isKnown(i int) bool {
	return s.statusOf(i) != nil || s.Ring.Status.Datacenters[s.templates()[i].Metadata.Name].Cassandra != nil
}

// replacedLists are a datacenter's lists that replace the ring's where they aren't merged, and would be others if they were.
func replacedLists(k *api.K8ssandraCluster, t api.CassandraDatacenterTemplate) (names []string) {
	merged, err := optionsWith(k, t, overlayOptions)
	replaced, errReplaced := optionsWith(k, t, overlay)
	if err != nil || errReplaced != nil {
		return nil
	}
	for _, one := range []struct {
		name string
		of   func(api.DatacenterOptions) any
	}{
		{"racks", func(o api.DatacenterOptions) any { return o.Racks }},
		{"containers", func(o api.DatacenterOptions) any { return o.Containers }},
		{"initContainers", func(o api.DatacenterOptions) any { return o.InitContainers }},
		{"extraVolumes", func(o api.DatacenterOptions) any { return o.ExtraVolumes }},
		{"storageConfig", func(o api.DatacenterOptions) any { return o.StorageConfig }},
	} {
		if !reflect.DeepEqual(one.of(merged), one.of(replaced)) {
			names = append(names, one.name)
		}
	}
	return names
}

// listsNotMerged names the lists of the ring that a datacenter doesn't get, because its own have replaced them since it was made.
func (s *State) listsNotMerged() (names []string) {
	replacing := s.replacing()
	for i, t := range s.templates() {
		if !replacing[t.Metadata.Name] {
			continue
		}
		for _, list := range replacedLists(s.Ring, t) {
			names = append(names, fmt.Sprintf("spec.cassandra.%s in datacenter %s (its own in spec.cassandra.datacenters[%d] replaces it, as when it was made; the annotation %s: %s on the ring in its region merges them)",
				list, t.Metadata.Name, i, api.ListsAnnotation, api.ListsMerged))
		}
	}
	return names
}
