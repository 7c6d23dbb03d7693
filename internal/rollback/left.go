package rollback

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/preview"
)

// Left is what differs between a spec that has gone back and the earlier one: it stays as it is. Was is what it is, and Is what it was then.
func Left(spec, good *api.K8ssandraClusterSpec) []preview.Change {
	all := preview.Edits(spec, good)
	a, b := plain(spec), plain(good)
	all = append(all, unsaid(all, "", a, b)...)
	return append(all, unsaid(all, "cassandra.", mapOf(a, "cassandra"), mapOf(b, "cassandra"))...)
}

// unsaid are the fields that differ and aren't among the changes: an empty object, which may say more than that there is none.
func unsaid(said []preview.Change, path string, a, b map[string]any) (all []preview.Change) {
	names := slices.Sorted(maps.Keys(merged(a, b)))
	for _, name := range names {
		known := slices.ContainsFunc(said, func(c preview.Change) bool { return strings.HasPrefix(c.Path, path+name) })
		if known || reflect.DeepEqual(a[name], b[name]) || path == "" && name == "cassandra" {
			continue
		}
		all = append(all, preview.Change{Path: path + name, Was: text(a[name]), Is: text(b[name])})
	}
	return all
}

func merged(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, b)
	return out
}

func text(v any) string {
	if v == nil {
		return ""
	}
	data, _ := json.Marshal(v) // made of JSON
	return string(data)
}
