package ring

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/fieldtest"
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
	"baseConfiguration":   "cassandra.yaml",
	"jmx_connection_type": "local-no-auth",
}

// Every field of the spec is acted on or named: none is accepted without effect and without a word. The list of fields is
// that of the type, so a field that is added fails here until it is one or the other.
func TestEveryFieldIsActedOnOrNamed(t *testing.T) {
	count := 0
	fieldtest.Leaves(reflect.TypeFor[api.K8ssandraClusterSpec](), func(path []string) {
		count++
		name := fieldtest.Name(path)
		without, with := sample(t), sample(t)
		fieldtest.Reach(reflect.ValueOf(&without.Spec).Elem(), path)
		fieldtest.Set(t, fieldtest.Reach(reflect.ValueOf(&with.Spec).Elem(), path), special[path[len(path)-1]])
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
	dc, err := Build(k, 0, nil)
	if err != nil {
		return err.Error()
	}
	data, err := json.Marshal(dc)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
