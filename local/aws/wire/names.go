package wire

import (
	"reflect"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// field is one member of a struct as the wire sees it.
type field struct {
	name      string // as AWS's reference writes it, unless a tag says otherwise
	tagged    bool   // the name is a tag's and holds as it is
	index     []int
	omitEmpty bool
	place     string // "uri", "query" or "" for the body
}

var fieldCache sync.Map // reflect.Type → []field

// fieldsOf lists a struct's members; embedded structs are flattened.
func fieldsOf(t reflect.Type) []field {
	if cached, ok := fieldCache.Load(t); ok {
		return cached.([]field)
	}
	var out []field
	for _, f := range reflect.VisibleFields(t) {
		tag := f.Tag.Get("wire")
		if f.Anonymous || !f.IsExported() || tag == "-" || hidden(t, f.Index) {
			continue
		}
		out = append(out, newField(f, tag))
	}
	fieldCache.Store(t, out)
	return out
}

// hidden says whether a field lies in an embedded struct that is off the wire.
func hidden(t reflect.Type, index []int) bool {
	for i := 1; i < len(index); i++ {
		if t.FieldByIndex(index[:i]).Tag.Get("wire") == "-" {
			return true
		}
	}
	return false
}

func newField(f reflect.StructField, tag string) field {
	name, options, _ := strings.Cut(tag, ",")
	out := field{name: f.Name, index: f.Index}
	if name != "" {
		out.name, out.tagged = name, true
	}
	for _, o := range strings.Split(options, ",") {
		switch o {
		case "omitempty":
			out.omitEmpty = true
		case "uri", "query":
			out.place = o
		}
	}
	return out
}

// lower is the name with a small first letter, unless a tag gave it.
func (f field) lower() string {
	if f.tagged {
		return f.name
	}
	return changeFirst(f.name, unicode.ToLower)
}

// upper is the name with a capital first letter.
func (f field) upper() string { return changeFirst(f.name, unicode.ToUpper) }

// same is the name as it is.
func (f field) same() string { return f.name }

func changeFirst(s string, change func(rune) rune) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(change(r)) + s[size:]
}
