package rollback

import (
	"reflect"
	"slices"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// written are the fields of a ring, and of each of its datacenters, that Restore may change.
var written = slices.Concat(options, []string{"containers", "initContainers", "serverVersion", "serverImage"})

// parts are the fields of which Restore may change a part.
var parts = map[string][]string{"config": {"cassandraYaml", "jvmOptions"}, "extraVolumes": {"volumes"}}

// Write changes in a stored spec what has changed from one spec to another, and leaves everything else as it is there: fields, too,
// that this program doesn't know.
func Write(stored map[string]any, from, to *api.K8ssandraClusterSpec) {
	a, b, ring := mapOf(plain(from), "cassandra"), mapOf(plain(to), "cassandra"), mapOf(stored, "cassandra")
	if ring == nil {
		return
	}
	write(ring, a, b)
	for _, dc := range listOf(ring, "datacenters") {
		write(dc, named(listOf(a, "datacenters"), nameOf(dc)), named(listOf(b, "datacenters"), nameOf(dc)))
	}
}

func write(stored, from, to map[string]any) {
	for _, field := range written {
		writeField(stored, from, to, field)
	}
	for field, names := range parts {
		writeParts(stored, from, to, field, names)
	}
	for _, rack := range listOf(stored, "racks") {
		for _, field := range placement {
			writeField(rack, byName(listOf(from, "racks"), rack["name"]), byName(listOf(to, "racks"), rack["name"]), field)
		}
	}
}

func writeField(stored, from, to map[string]any, field string) {
	if reflect.DeepEqual(from[field], to[field]) {
		return
	}
	if _, is := to[field].([]any); is && slices.Contains(namedLists, field) {
		setList(stored, field, asStored(listOf(stored, field), listOf(from, field), listOf(to, field)))
		return
	}
	set(stored, field, to[field])
}

// namedLists are the lists whose elements have names.
var namedLists = []string{"containers", "initContainers", "volumes"}

// asStored are elements of a list; those that don't change are as they are stored.
func asStored(stored, from, to []map[string]any) (out []any) {
	for _, o := range to {
		if kept := byName(stored, o["name"]); kept != nil && reflect.DeepEqual(o, byName(from, o["name"])) {
			o = kept
		}
		out = append(out, o)
	}
	return out
}

// writeParts writes parts of a field, which goes when nothing is left of it.
func writeParts(stored, from, to map[string]any, field string, names []string) {
	if reflect.DeepEqual(from[field], to[field]) {
		return
	}
	in := mapOf(stored, field)
	if in == nil {
		in = map[string]any{}
	}
	for _, name := range names {
		writePart(in, mapOf(from, field), mapOf(to, field), name)
	}
	if stored[field] = in; len(in) == 0 {
		delete(stored, field)
	}
}

// writePart writes a list, or what changes in a map.
func writePart(in, from, to map[string]any, name string) {
	a, b, stored := mapOf(from, name), mapOf(to, name), mapOf(in, name)
	if stored == nil {
		writeField(in, from, to, name)
		return
	}
	for key := range merged(a, b) {
		writeField(stored, a, b, key)
	}
	if len(stored) == 0 {
		delete(in, name)
	}
}
