package rollback

import (
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// Restore is a ring's spec with the configuration of an earlier one. Neither is changed.
func Restore(now, good *api.K8ssandraClusterSpec) (*api.K8ssandraClusterSpec, error) {
	to, err := object(now)
	if err != nil {
		return nil, err
	}
	from, err := object(good)
	if err != nil {
		return nil, err
	}
	ring, was := mapOf(to, "cassandra"), mapOf(from, "cassandra")
	if ring == nil || was == nil {
		return now.DeepCopy(), nil
	}
	versions, data := !lower(now, good), dataVolumes(ring, was)
	restore(ring, was, versions, data)
	for _, dc := range listOf(ring, "datacenters") {
		if other := named(listOf(was, "datacenters"), nameOf(dc)); other != nil {
			restore(dc, other, versions, data)
		}
	}
	out := &api.K8ssandraClusterSpec{}
	return out, runtime.DefaultUnstructuredConverter.FromUnstructured(to, out)
}

// object is a spec as it is when it has been kept and read: a list without elements says nothing, and nor does what has only that.
func object(spec *api.K8ssandraClusterSpec) (map[string]any, error) {
	said, err := runtime.DefaultUnstructuredConverter.ToUnstructured(spec.DeepCopy())
	if err != nil {
		return nil, err
	}
	read := &api.K8ssandraClusterSpec{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(said, read); err != nil {
		return nil, err
	}
	return runtime.DefaultUnstructuredConverter.ToUnstructured(read)
}

// restore gives options the configuration of earlier ones. Versions and images only go back if none becomes lower.
func restore(to, from map[string]any, versions bool, data []string) {
	for _, field := range options {
		if !opensEither(to, from, field) {
			set(to, field, from[field])
		}
	}
	restoreConfig(to, from)
	restoreRacks(to, from)
	restoreVolumes(to, from, data)
	image := cassandraImage(to)
	for _, field := range []string{"containers", "initContainers"} {
		restoreContainers(to, from, field, data)
	}
	if versions {
		set(to, "serverVersion", from["serverVersion"])
		set(to, "serverImage", from["serverImage"])
		return
	}
	setCassandraImage(to, image)
}

// set gives a field a value, or takes it away.
func set(in map[string]any, field string, value any) {
	if value == nil {
		delete(in, field)
		return
	}
	in[field] = runtime.DeepCopyJSONValue(value)
}

// restoreConfig gives back the nodes' configuration, but for what decides about data, members and logins.
func restoreConfig(to, from map[string]any) {
	if reflect.DeepEqual(to["config"], from["config"]) {
		return
	}
	config, was := mapOf(to, "config"), mapOf(from, "config")
	if config == nil {
		config = map[string]any{}
	}
	mixed := map[string]any{
		"cassandraYaml": mix(mapOf(config, "cassandraYaml"), mapOf(was, "cassandraYaml"), stays),
		"jvmOptions":    mixJVM(mapOf(config, "jvmOptions"), mapOf(was, "jvmOptions")),
	}
	for name, part := range mixed {
		if len(part.(map[string]any)) > 0 {
			config[name] = part
		} else {
			delete(config, name)
		}
	}
	if len(config) == 0 {
		delete(to, "config")
		return
	}
	to["config"] = config
}

// mix is what was, with what stays from what is now.
func mix(now, was map[string]any, stays func(string) bool) map[string]any {
	out := map[string]any{}
	for name, value := range was {
		if !stays(name) {
			out[name] = runtime.DeepCopyJSONValue(value)
		}
	}
	for name, value := range now {
		if stays(name) {
			out[name] = value
		}
	}
	return out
}

// mixJVM does so with the JVM's options; lines that are added as they are each by itself.
func mixJVM(now, was map[string]any) map[string]any {
	out := mix(now, was, jvmStays)
	names := slices.Concat(slices.Collect(maps.Keys(now)), slices.Collect(maps.Keys(was)))
	for _, name := range names {
		before, isList := was[name].([]any)
		present, isListNow := now[name].([]any)
		if !isList && !isListNow {
			continue
		}
		if slices.Equal(slices.DeleteFunc(slices.Clone(before), isStaying), slices.DeleteFunc(slices.Clone(present), isStaying)) {
			before = present // nothing goes back, and the order stays
		}
		lines := slices.DeleteFunc(slices.Clone(before), func(line any) bool { return isStaying(line) && !slices.Contains(present, line) })
		for _, line := range present {
			if isStaying(line) && !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
		if delete(out, name); len(lines) > 0 {
			out[name] = lines
		}
	}
	return out
}

func isStaying(line any) bool {
	text, _ := line.(string)
	return lineStays(text)
}

// restoreRacks gives back where the pods of racks may run. Racks are told apart by name, and neither come nor go.
func restoreRacks(to, from map[string]any) {
	for _, rack := range listOf(to, "racks") {
		name, _ := rack["name"].(string)
		for _, was := range listOf(from, "racks") {
			if was["name"] != name {
				continue
			}
			for _, field := range placement {
				set(rack, field, was[field])
			}
		}
	}
}

func mapOf(in map[string]any, field string) map[string]any {
	out, _ := in[field].(map[string]any)
	return out
}

// listOf are the objects of a list.
func listOf(in map[string]any, field string) (all []map[string]any) {
	list, _ := in[field].([]any)
	for _, one := range list {
		if o, is := one.(map[string]any); is {
			all = append(all, o)
		}
	}
	return all
}

func nameOf(dc map[string]any) string {
	name, _ := mapOf(dc, "metadata")["name"].(string)
	return name
}

// named is the datacenter of a name; nil when there is none.
func named(all []map[string]any, name string) map[string]any {
	i := slices.IndexFunc(all, func(dc map[string]any) bool { return nameOf(dc) == name })
	if i < 0 {
		return nil
	}
	return all[i]
}

// same tells whether two specs are the same.
func same(a, b *api.K8ssandraClusterSpec) bool { return reflect.DeepEqual(plain(a), plain(b)) }

func plain(spec *api.K8ssandraClusterSpec) map[string]any {
	out, _ := object(spec) // types of APIs: cannot fail
	return out
}
