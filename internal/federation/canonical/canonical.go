package canonical

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/ringspan/ringspan/internal/hash"
)

// Form is what every hash begins with. Another way of making it gets another one.
const Form = "v2:"

// Hash is the canonical hash of a spec of the schema's kind: Form and 32 hexadecimal digits.
func (s *Schema) Hash(spec any) string { return s.spec().hash(object(spec)) }

// Unknown names the fields of a spec, as an API server gave it, that this version doesn't know.
func (s *Schema) Unknown(spec map[string]any) []string {
	fields := s.spec().unknown("spec", spec)
	slices.Sort(fields)
	return fields
}

// Former is the first version's hash, 12 hexadecimal digits: of Go's JSON with all defaults that the API server filled in.
func Former(spec any) string {
	data, _ := json.Marshal(spec) // API types: cannot fail
	return hash.Bytes(data, 6)
}

// Lost names the fields of a spec that are missing in another one.
func Lost(spec, from any) []string {
	fields := lost("spec", object(spec), object(from))
	slices.Sort(fields)
	return fields
}

func (n *node) hash(spec map[string]any) string {
	data, _ := json.Marshal(n.strip(spec)) // made of JSON; the keys of maps are sorted
	return Form + hash.Bytes(data, 16)
}

// object is a spec as JSON has it, numbers as they are written.
func object(spec any) map[string]any {
	data, _ := json.Marshal(spec) // API types: cannot fail
	out, _ := decode(data).(map[string]any)
	return out
}

func decode(data []byte) (out any) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	_ = d.Decode(&out) // it was just made
	return out
}

// strip is a value without what equals its default, and without nulls.
func (n *node) strip(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			field := n.field(key)
			if value = field.strip(value); value != nil && !field.isDefault(value) {
				out[key] = value
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = n.item().strip(v[i])
		}
		return out
	}
	return v
}

func (n *node) isDefault(v any) bool {
	return n != nil && n.Default != nil && reflect.DeepEqual(v, n.strip(n.Default))
}

func (n *node) unknown(path string, v any) (all []string) {
	if n == nil || n.Preserve && len(n.Properties) == 0 {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			field := n.field(key)
			switch {
			case field != nil:
				all = append(all, field.unknown(path+"."+key, value)...)
			case !n.Preserve && len(n.Properties) > 0:
				all = append(all, path+"."+key)
			}
		}
	case []any:
		for i := range v {
			all = append(all, n.item().unknown(fmt.Sprintf("%s[%d]", path, i), v[i])...)
		}
	}
	return all
}

func lost(path string, v, from any) (all []string) {
	switch v := v.(type) {
	case map[string]any:
		there, _ := from.(map[string]any)
		for key, value := range v {
			if other, is := there[key]; is {
				all = append(all, lost(path+"."+key, value, other)...)
			} else {
				all = append(all, path+"."+key)
			}
		}
	case []any:
		there, _ := from.([]any)
		for i := range v {
			if i < len(there) {
				all = append(all, lost(fmt.Sprintf("%s[%d]", path, i), v[i], there[i])...)
			}
		}
	}
	return all
}
