package ring

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// elsewhere are fields that neither Build nor NotActedOn shows, and what acts on them.
var elsewhere = map[string]string{
	"spec.cassandra.datacenters[0].k8sContext":                    "says which region makes the datacenter; ring/controller",
	"spec.cassandra.rebuild.sourceDc":                             "the task of a datacenter that is added; ring/controller",
	"spec.cassandra.rebuild.maxConcurrentRebuilds":                "likewise",
	"spec.cassandra.datacenters[0].rebuild.sourceDc":              "likewise",
	"spec.cassandra.datacenters[0].rebuild.maxConcurrentRebuilds": "likewise",
}

// passedOn are fields that a CassandraDatacenter gets, and names as well.
var passedOn = regexp.MustCompile(`\.(cdc|dseWorkloads)\.`)

// special are values that a field must have to say something.
var special = map[string]any{
	"secretsProvider":     "external",
	"auth":                false,
	"serverType":          "dse",
	"gc":                  "ZGC",
	"jmx_connection_type": "local-no-auth",
}

// Every field of the spec is acted on or named: none is accepted without effect and without a word. The list of fields is
// that of the type, so a field that is added fails here until it is one or the other.
func TestEveryFieldIsActedOnOrNamed(t *testing.T) {
	count := 0
	walk(reflect.TypeFor[api.K8ssandraClusterSpec](), nil, func(path []string) {
		count++
		name := "spec." + strings.ReplaceAll(strings.Join(path, "."), ".[", "[")
		without, with := sample(t), sample(t)
		reach(reflect.ValueOf(&without.Spec).Elem(), path)
		set(t, reach(reflect.ValueOf(&with.Spec).Elem(), path), path[len(path)-1])
		acted := built(t, without) != built(t, with)
		named := slices.ContainsFunc(NotActedOn(with), func(field string) bool {
			field, _, _ = strings.Cut(field, " ")
			return name == field || strings.HasPrefix(name, field+".") || strings.HasPrefix(name, field+"[")
		})
		_, known := elsewhere[name]
		switch {
		case acted && named && !passedOn.MatchString(name):
			t.Errorf("%s is acted on, and said not to be: %q", name, NotActedOn(with))
		case !acted && !named && !known:
			t.Errorf("%s has no effect, and nobody says so", name)
		}
	})
	if count < 300 {
		t.Errorf("only %d fields were found", count)
	}
}

func sample(t *testing.T) *api.K8ssandraCluster {
	t.Helper()
	k := &api.K8ssandraCluster{}
	k.Name, k.Namespace = "ring", "ns"
	k.Spec.Cassandra = &api.CassandraClusterTemplate{Datacenters: []api.CassandraDatacenterTemplate{{Size: 3}}}
	return k
}

// built is what is made of a ring, as text.
func built(t *testing.T, k *api.K8ssandraCluster) string {
	t.Helper()
	dc, err := Build(k, 0)
	if err != nil {
		return err.Error()
	}
	data, err := json.Marshal(dc)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// walk visits the leaves of a type: what is not a struct of ours, or a list of such.
func walk(of reflect.Type, path []string, visit func([]string)) {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch {
	case ours(of):
		for f := range of.Fields() {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case strings.Contains(options, "inline"):
				walk(f.Type, path, visit)
			case name != "" && name != "-":
				walk(f.Type, append(slices.Clone(path), name), visit)
			}
		}
	case of.Kind() == reflect.Slice && ours(of.Elem()):
		walk(of.Elem(), append(slices.Clone(path), "[0]"), visit)
	default:
		visit(path)
	}
}

func ours(of reflect.Type) bool {
	return of.Kind() == reflect.Struct && strings.HasPrefix(of.PkgPath(), "github.com/ringspan/")
}

// reach goes to a path, and makes what is on the way.
func reach(at reflect.Value, path []string) reflect.Value {
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

// set gives a leaf a value that is not its zero.
func set(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	if want, ok := special[name]; ok {
		fillWith(v, reflect.ValueOf(want))
		return
	}
	fill(t, v, 0)
	if v.IsZero() {
		t.Fatalf("no value for %s of type %s", name, v.Type())
	}
}

func fillWith(v, want reflect.Value) {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	v.Set(want.Convert(v.Type()))
}

func fill(t *testing.T, v reflect.Value, depth int) {
	t.Helper()
	if depth > 4 || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), depth)
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
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(`{"a":1}`))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0), depth+1)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key, depth+1)
		if value.Kind() == reflect.Interface {
			value.Set(reflect.ValueOf("value"))
		} else {
			fill(t, value, depth+1)
		}
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		switch known := v.Addr().Interface().(type) {
		case *resource.Quantity:
			*known = resource.MustParse("64Mi")
			return
		case *intstr.IntOrString:
			*known = intstr.FromInt32(7)
			return
		}
		for _, field := range v.Fields() {
			fill(t, field, depth+1)
		}
	}
}
