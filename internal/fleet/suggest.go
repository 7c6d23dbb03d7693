package fleet

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// suggestion finds the field that the user may have meant, among those that the
// object at this place has, and remembers it.
func (d *document) suggestion(path string, of any) string {
	parts := steps(path)
	if len(parts) == 0 {
		return ""
	}
	wrong, parent := parts[len(parts)-1], parts[:len(parts)-1]
	fields := fieldsAt(reflect.TypeOf(of), parent)
	best, distance := "", len(wrong)/2+1
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if n := edits(strings.ToLower(wrong), strings.ToLower(name)); n < distance {
			best, distance = name, n
		}
	}
	if best == "" {
		return ""
	}
	d.meant[strings.TrimSuffix(path, wrong)+best] = true
	return "; did you mean " + best + "?"
}

// fieldsAt are the fields of the object that a path leads to.
func fieldsAt(t reflect.Type, path []string) map[string]reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Map:
		if len(path) == 0 {
			return nil
		}
		return fieldsAt(t.Elem(), path[1:])
	case reflect.Struct:
		fields := structFields(t)
		if len(path) == 0 {
			return fields
		}
		if next := fields[path[0]]; next != nil {
			return fieldsAt(next, path[1:])
		}
	}
	return nil
}

// structFields are a struct's fields by their JSON names, inlined ones included.
func structFields(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case name == "" && f.Anonymous:
			inner := f.Type
			for inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				maps.Copy(out, structFields(inner))
			}
		case name != "":
			out[name] = f.Type
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
