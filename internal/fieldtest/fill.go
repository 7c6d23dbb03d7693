package fieldtest

import (
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// depth is how far values are filled that have others in them: deep enough to say something.
const depth = 4

// Set gives a leaf the value, or one that is not its zero when the value is nil.
func Set(t testing.TB, leaf reflect.Value, value any) {
	t.Helper()
	if value != nil {
		convert(leaf, reflect.ValueOf(value))
		return
	}
	fill(leaf, 0)
	if leaf.IsZero() {
		t.Fatalf("no value for a field of type %s", leaf.Type())
	}
}

func convert(leaf, value reflect.Value) {
	if leaf.Kind() == reflect.Pointer && value.Kind() != reflect.Pointer {
		leaf.Set(reflect.New(leaf.Type().Elem()))
		leaf = leaf.Elem()
	}
	leaf.Set(value.Convert(leaf.Type()))
}

func fill(v reflect.Value, at int) {
	if at > depth || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), at)
	case reflect.String:
		v.SetString("value")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint64:
		v.SetUint(7)
	case reflect.Float64:
		v.SetFloat(7)
	case reflect.Slice:
		fillSlice(v, at)
	case reflect.Map:
		fillMap(v, at)
	case reflect.Struct:
		fillStruct(v, at)
	}
}

func fillSlice(v reflect.Value, at int) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		v.SetBytes([]byte(`{"a":1}`))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	fill(v.Index(0), at+1)
}

func fillMap(v reflect.Value, at int) {
	key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
	fill(key, at+1)
	if value.Kind() == reflect.Interface {
		value.Set(reflect.ValueOf("value"))
	} else {
		fill(value, at+1)
	}
	v.Set(reflect.MakeMap(v.Type()))
	v.SetMapIndex(key, value)
}

func fillStruct(v reflect.Value, at int) {
	switch known := v.Addr().Interface().(type) {
	case *resource.Quantity:
		*known = resource.MustParse("64Mi")
		return
	case *intstr.IntOrString:
		*known = intstr.FromInt32(7)
		return
	}
	for _, f := range v.Fields() {
		fill(f, at+1)
	}
}
