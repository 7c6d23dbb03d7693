package rollback

import (
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/datacenter"
)

// dataless are the kinds of volumes that are known to hold no data: what is in them is made with the pod, and goes with it. A volume of
// any other kind counts as data, and so does one of a kind that this program doesn't know.
var dataless = []string{"emptyDir", "configMap", "secret", "projected", "downwardAPI", "image"}

// holdsData tells whether what is in a volume may outlive a pod.
func holdsData(volume map[string]any) bool {
	known := false
	for field := range volume {
		if field == "name" {
			continue
		}
		if !slices.Contains(dataless, field) {
			return true
		}
		known = true
	}
	return !known
}

// dataVolumes are the volumes that hold data, or are where data is, of a ring and all its datacenters, now and then.
func dataVolumes(rings ...map[string]any) []string {
	names := []string{datacenter.DataVolume}
	for _, ring := range rings {
		for _, options := range append(listOf(ring, "datacenters"), ring) {
			names = append(names, dataVolumesOf(options)...)
		}
	}
	return names
}

func dataVolumesOf(options map[string]any) (names []string) {
	volumes := mapOf(options, "extraVolumes")
	for _, v := range slices.Concat(listOf(volumes, "pvcs"), listOf(mapOf(options, "storageConfig"), "additionalVolumes")) {
		names = append(names, textOf(v["name"]))
	}
	for _, v := range listOf(volumes, "volumes") {
		if holdsData(v) {
			names = append(names, textOf(v["name"]))
		}
	}
	for _, m := range listOf(byName(listOf(options, "containers"), cassandraContainer), "volumeMounts") {
		if strings.HasPrefix(path.Clean(textOf(m["mountPath"])), datacenter.DataPath) {
			names = append(names, textOf(m["name"]))
		}
	}
	return names
}

func textOf(v any) string {
	text, _ := v.(string)
	return text
}

// restoreVolumes gives back what volumes pods mount besides those of data. Claims, and volumes of data, stay.
func restoreVolumes(to, from map[string]any, data []string) {
	if reflect.DeepEqual(to["extraVolumes"], from["extraVolumes"]) {
		return
	}
	volumes := mapOf(to, "extraVolumes")
	if volumes == nil {
		volumes = map[string]any{}
	}
	isData := func(v map[string]any) bool { return slices.Contains(data, textOf(v["name"])) }
	setList(volumes, "volumes", mixLists(listOf(volumes, "volumes"), listOf(mapOf(from, "extraVolumes"), "volumes"), isData))
	if to["extraVolumes"] = volumes; len(volumes) == 0 {
		delete(to, "extraVolumes")
	}
}

// mixLists is what was, in its order, with what stays from what is now. If nothing else differs, the order is that of now.
func mixLists(now, was []map[string]any, stays func(map[string]any) bool) (out []any) {
	there := func(all []map[string]any, o map[string]any) bool {
		return slices.ContainsFunc(all, func(other map[string]any) bool { return reflect.DeepEqual(o, other) })
	}
	goes := func(all []map[string]any) []map[string]any { return slices.DeleteFunc(slices.Clone(all), stays) }
	if a, b := goes(now), goes(was); slices.EqualFunc(a, b, func(x, y map[string]any) bool { return reflect.DeepEqual(x, y) }) {
		was = now
	}
	for _, o := range was {
		if !stays(o) || there(now, o) {
			out = append(out, o)
		}
	}
	for _, o := range now {
		if stays(o) && !there(was, o) {
			out = append(out, o)
		}
	}
	return out
}

func setList(in map[string]any, field string, list []any) {
	if len(list) == 0 {
		delete(in, field)
		return
	}
	set(in, field, list)
}

// restoreContainers gives back the containers that there were. What would do again something to data doesn't come back: a container with
// a volume of data that isn't there now, or is another one, such as one that has once emptied a directory. So it is with one that opens
// something.
func restoreContainers(to, from map[string]any, field string, data []string) {
	now := listOf(to, field)
	var out []map[string]any
	for _, was := range listOf(from, field) {
		present := byName(now, was["name"])
		switch {
		case was["name"] == cassandraContainer:
			was = restoreCassandra(was, present, data)
		case !touches(was, data) && !opensContainer(present, was) || reflect.DeepEqual(was, present):
		case present != nil:
			was = present
		default:
			continue
		}
		out = append(out, was)
	}
	if present := byName(now, cassandraContainer); present != nil && byName(listOf(from, field), cassandraContainer) == nil {
		kept := restoreCassandra(map[string]any{"name": cassandraContainer, "resources": map[string]any{}}, present, data)
		if len(kept) > 2 {
			out = append(out, kept)
		}
	}
	setList(to, field, inOrderOf(now, listOf(from, field), out))
}

// inOrderOf gives containers the order that they have now, if the earlier one differs from it by nothing but those that it didn't have.
func inOrderOf(now, was, all []map[string]any) (out []any) {
	among := func(list, other []map[string]any) (names []any) {
		for _, o := range list {
			if byName(other, o["name"]) != nil {
				names = append(names, o["name"])
			}
		}
		return names
	}
	if len(all) == len(now) && len(among(all, now)) == len(all) && reflect.DeepEqual(among(now, was), among(was, now)) {
		slices.SortStableFunc(all, func(a, b map[string]any) int { return placeOf(now, a) - placeOf(now, b) })
	}
	for _, o := range all {
		out = append(out, o)
	}
	return out
}

func placeOf(all []map[string]any, one map[string]any) int {
	return slices.IndexFunc(all, func(o map[string]any) bool { return o["name"] == one["name"] })
}

// restoreCassandra is Cassandra's own container as it was, but for what decides what it does to data: its commands are those that it has
// now, if it had one; mounts of data, doors, and variables that configure Cassandra, stay as they are.
func restoreCassandra(was, present map[string]any, data []string) map[string]any {
	out := map[string]any{}
	for name, value := range was {
		if !slices.Contains([]string{"command", "args", "lifecycle", "envFrom", "workingDir"}, name) {
			set(out, name, value)
		} else if present[name] != nil {
			set(out, name, present[name])
		}
	}
	for _, door := range containerDoors {
		if opensEither(present, was, door) {
			set(out, door, present[door])
		}
	}
	isData := func(m map[string]any) bool { return slices.Contains(data, textOf(m["name"])) }
	for _, mounts := range []string{"volumeMounts", "volumeDevices"} {
		setList(out, mounts, mixLists(listOf(present, mounts), listOf(was, mounts), isData))
	}
	setList(out, "env", mixLists(listOf(present, "env"), listOf(was, "env"), configures))
	return out
}

// touches tells whether a container mounts one of the volumes.
func touches(container map[string]any, volumes []string) bool {
	return slices.ContainsFunc(slices.Concat(listOf(container, "volumeMounts"), listOf(container, "volumeDevices")), func(m map[string]any) bool {
		return slices.Contains(volumes, textOf(m["name"]))
	})
}

func byName(all []map[string]any, name any) map[string]any {
	i := slices.IndexFunc(all, func(o map[string]any) bool { return o["name"] == name })
	if i < 0 {
		return nil
	}
	return all[i]
}
