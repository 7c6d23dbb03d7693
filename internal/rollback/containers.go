package rollback

import (
	"reflect"
	"slices"
)

// serverData is the volume of a node's data.
const serverData = "server-data"

// dataVolumes are the volumes that may hold data: claims, and what is on a machine.
func dataVolumes(all ...map[string]any) []string {
	names := []string{serverData}
	for _, options := range all {
		volumes := mapOf(options, "extraVolumes")
		for _, v := range listOf(volumes, "pvcs") {
			name, _ := v["name"].(string)
			names = append(names, name)
		}
		for _, v := range listOf(volumes, "volumes") {
			if name, _ := v["name"].(string); v["persistentVolumeClaim"] != nil || v["hostPath"] != nil || v["ephemeral"] != nil || v["csi"] != nil || v["nfs"] != nil {
				names = append(names, name)
			}
		}
	}
	return names
}

// restoreContainers gives back the containers that there were. What would do again something to data doesn't come back: a container with
// a volume of data that isn't there now, or is another one, such as one that has once emptied a directory; and a command of Cassandra's own.
func restoreContainers(to, from map[string]any, field string, data []string) {
	now := listOf(to, field)
	var out []any
	for _, was := range listOf(from, field) {
		present := byName(now, was["name"])
		switch {
		case was["name"] == cassandraContainer:
			was = withoutOldCommands(was, present)
		case !touches(was, data) || reflect.DeepEqual(was, present):
		case present != nil:
			was = present
		default:
			continue
		}
		out = append(out, was)
	}
	if len(out) == 0 {
		delete(to, field)
		return
	}
	set(to, field, out)
}

// withoutOldCommands is Cassandra's container with no command that it doesn't have now.
func withoutOldCommands(was, present map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range was {
		commands := slices.Contains([]string{"command", "args", "lifecycle"}, name)
		if !commands {
			out[name] = value
		} else if present[name] != nil {
			out[name] = present[name]
		}
	}
	return out
}

// touches tells whether a container mounts one of the volumes.
func touches(container map[string]any, volumes []string) bool {
	return slices.ContainsFunc(slices.Concat(listOf(container, "volumeMounts"), listOf(container, "volumeDevices")), func(m map[string]any) bool {
		name, _ := m["name"].(string)
		return slices.Contains(volumes, name)
	})
}

func byName(all []map[string]any, name any) map[string]any {
	i := slices.IndexFunc(all, func(o map[string]any) bool { return o["name"] == name })
	if i < 0 {
		return nil
	}
	return all[i]
}
