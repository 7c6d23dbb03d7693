package fleet

import (
	"reflect"
	"strings"
)

// suggestion finds the field that the user may have meant, among all that the
// type has.
func suggestion(path string, of any) string {
	wrong := path[strings.LastIndexByte(path, '.')+1:]
	best, distance := "", 4
	for name := range fieldNames(reflect.TypeOf(of), map[reflect.Type]bool{}) {
		if d := edits(strings.ToLower(wrong), strings.ToLower(name)); d < distance || d == distance && name < best {
			best, distance = name, d
		}
	}
	if best == "" || distance > len(wrong)/2 {
		return ""
	}
	return "; did you mean " + best + "?"
}

func fieldNames(t reflect.Type, seen map[reflect.Type]bool) map[string]bool {
	out := map[string]bool{}
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return out
	}
	seen[t] = true
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			out[name] = true
		}
		for n := range fieldNames(t.Field(i).Type, seen) {
			out[n] = true
		}
	}
	return out
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost = 1 + min(before, row[j], row[j+1])
			}
			before, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
