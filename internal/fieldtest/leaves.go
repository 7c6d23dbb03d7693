package fieldtest

import (
	"reflect"
	"slices"
	"strings"
)

// Leaves visits the fields of a type that are not structs of ours, or lists of such, by their JSON names. An item of a list is
// "[0]".
func Leaves(of reflect.Type, visit func(path []string)) { leaves(of, nil, visit) }

func leaves(of reflect.Type, path []string, visit func([]string)) {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch {
	case ours(of) && of.NumField() > 0:
		for f := range of.Fields() {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case strings.Contains(options, "inline"):
				leaves(f.Type, path, visit)
			case name != "" && name != "-":
				leaves(f.Type, append(slices.Clone(path), name), visit)
			}
		}
	case of.Kind() == reflect.Slice && ours(of.Elem()):
		leaves(of.Elem(), append(slices.Clone(path), "[0]"), visit)
	default:
		visit(path)
	}
}

func ours(of reflect.Type) bool {
	return of.Kind() == reflect.Struct && strings.HasPrefix(of.PkgPath(), "github.com/ringspan/")
}

// Name is a path below the spec as people write it.
func Name(path []string) string {
	return "spec." + strings.ReplaceAll(strings.Join(path, "."), ".[", "[")
}

// Reach goes to a path, and makes what is on the way.
func Reach(at reflect.Value, path []string) reflect.Value {
	for _, name := range path {
		for at.Kind() == reflect.Pointer {
			if at.IsNil() {
				at.Set(reflect.New(at.Type().Elem()))
			}
			at = at.Elem()
		}
		if name == "[0]" {
			if at.Len() == 0 {
				at.Set(reflect.MakeSlice(at.Type(), 1, 1))
			}
			at = at.Index(0)
			continue
		}
		at = field(at, name)
	}
	return at
}

func field(of reflect.Value, name string) reflect.Value {
	for i := range of.NumField() {
		tag, options, _ := strings.Cut(of.Type().Field(i).Tag.Get("json"), ",")
		if tag == name {
			return of.Field(i)
		}
		if strings.Contains(options, "inline") {
			if f := field(of.Field(i), name); f.IsValid() {
				return f
			}
		}
	}
	return reflect.Value{}
}
