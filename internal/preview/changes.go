package preview

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/datacenter"
)

// Change is a part of the racks' pods, or of a spec, that differs from what it was.
type Change struct {
	Path  string   `json:"path"`            // such as "cassandra-yaml.concurrent_reads"
	Was   string   `json:"was,omitempty"`   // empty when it wasn't there
	Is    string   `json:"is,omitempty"`    // empty when it is no more
	Racks []string `json:"racks,omitempty"` // none where it is that of all
}

// String is the change in a line.
func (c Change) String() string {
	text := fmt.Sprintf("%s: %s → %s", c.Path, orNone(c.Was), orNone(c.Is))
	if len(c.Racks) > 0 {
		text += " (rack " + strings.Join(c.Racks, ", ") + ")"
	}
	return text
}

func orNone(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}

// changes are what differs between the racks' templates and what the spec and this version would make of them.
func changes(s *datacenter.State) (all []Change) {
	racks := s.DC.Racks()
	for _, rack := range racks {
		have := s.StatefulSets[rack.Name]
		want, err := s.StatefulSet(rack, 0)
		if have == nil || err != nil {
			continue
		}
		for _, c := range differences(tree(have.Spec.Template), tree(want.Spec.Template), false) {
			i := slices.IndexFunc(all, func(o Change) bool { return o.Path == c.Path && o.Was == c.Was && o.Is == c.Is })
			if i < 0 {
				i = len(all)
				all = append(all, c)
			}
			all[i].Racks = append(all[i].Racks, rack.Name)
		}
	}
	for i := range all {
		if len(all[i].Racks) == len(racks) {
			all[i].Racks = nil
		}
	}
	return all
}

// Edits are what differs between two specs.
func Edits(was, is any) []Change { return differences(tree(was), tree(is), true) }

// differences lists the leaves that differ. exact: what is only in the first is gone; otherwise it is a default of the API
// server's, but for entries of lists and of maps whose keys are anybody's to choose.
func differences(was, is any, exact bool) (all []Change) {
	d := differ{exact: exact}
	d.compare("", was, is)
	return d.found
}

type differ struct {
	exact bool
	found []Change
}

// free are the maps whose keys are anybody's to choose, by the last part of their path.
var free = []string{"labels", "annotations", "nodeSelector", "limits", "requests", "matchLabels"}

// restartMarks tell of restarts, which are told of as such.
var restartMarks = regexp.MustCompile(`restarted-?[aA]t$`)

func (d *differ) compare(path string, was, is any) {
	if reflect.DeepEqual(was, is) || restartMarks.MatchString(path) {
		return
	}
	wasMap, isMap := was.(map[string]any)
	to, alsoMap := is.(map[string]any)
	if isMap && alsoMap || isMap && is == nil || was == nil && alsoMap && len(to) > 0 {
		d.compareMaps(path, wasMap, to)
		return
	}
	from, wasList := was.([]any)
	into, isList := is.([]any)
	if (wasList || was == nil) && isList && named(from) && named(into) || wasList && is == nil && named(from) && len(from) > 0 {
		d.compareMaps(path, byName(from), byName(into))
		return
	}
	if !d.exact && within(is, was) && sameLength(was, is) { // defaults were filled in
		return
	}
	if was == nil && isEmpty(is) { // nothing was said, and nothing is
		return
	}
	d.found = append(d.found, Change{Path: path, Was: shown(path, was), Is: shown(path, is)})
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

func sameLength(a, b any) bool {
	x, isList := a.([]any)
	y, _ := b.([]any)
	return isList && len(x) == len(y)
}

func (d *differ) compareMaps(path string, was, is map[string]any) {
	keys := slices.Collect(maps.Keys(was))
	for key := range is {
		if _, both := was[key]; !both {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	chosen := d.exact || slices.Contains(free, last(path)) || listed(was) || listed(is)
	for _, key := range keys {
		value, there := is[key]
		_, list := was[key].([]any)
		if key == ofList || !there && !chosen && !list && !slices.Contains(free, key) {
			continue
		}
		if key == "value" && last(path) == configVariable {
			d.compareConfig(was[key], value)
			continue
		}
		d.compare(dotted(path, key), was[key], value)
	}
}

// configVariable is the variable of the Cassandra container with the configuration.
const configVariable = "CONFIG_FILE_DATA"

// compareConfig goes into the document that a pod has as a variable.
func (d *differ) compareConfig(was, is any) {
	within := differ{exact: true}
	within.compare("", document(was), document(is))
	d.found = append(d.found, within.found...)
}

func document(text any) map[string]any {
	out := map[string]any{}
	t, _ := text.(string)
	_ = json.Unmarshal([]byte(t), &out) // written by this program
	return out
}

func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

func dotted(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// ofList marks a map that was made of a list.
const ofList = "\x00list"

func listed(m map[string]any) bool { return m[ofList] != nil }

// named tells whether all entries of a list have names, by which they are compared.
func named(list []any) bool {
	return !slices.ContainsFunc(list, func(one any) bool { return nameOf(one) == "" })
}

func nameOf(one any) string {
	m, _ := one.(map[string]any)
	if meta, is := m["metadata"].(map[string]any); is {
		name, _ := meta["name"].(string)
		return name
	}
	if path, is := m["mountPath"].(string); is {
		return path
	}
	name, _ := m["name"].(string)
	return name
}

func byName(list []any) map[string]any {
	out := map[string]any{ofList: true}
	for _, one := range list {
		out[nameOf(one)] = one
	}
	return out
}

// secret are the last parts of paths whose values nobody else should see.
var secret = regexp.MustCompile(`(?i)(password|passphrase|passwd|secret|private_?key|credential)s?(\.value)?$`)

// shown is a value in a few words, without its secrets.
func shown(path string, value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		if secret.MatchString(path) {
			return "(hidden)"
		}
		return v
	}
	data, _ := json.Marshal(hide(path, value)) // it was made of JSON
	return string(data)
}

func hide(path string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, one := range v {
			out[key] = hide(dotted(path, key), one)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = hide(path, one)
		}
		return out
	case string:
		if secret.MatchString(path) {
			return "(hidden)"
		}
	}
	return value
}
