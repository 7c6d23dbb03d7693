package canonical

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/config/crd"
)

// rings are the schema of K8ssandraClusters.
var rings = Of("k8ssandra.io_k8ssandraclusters.yaml")

func specOf(t *testing.T, text string) (spec api.K8ssandraClusterSpec) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(text), &spec); err != nil {
		t.Fatal(err)
	}
	return spec
}

// Fixed specs have fixed hashes, in both forms. A change here means that regions of two versions don't understand each
// other's edits, and that an upgrade of the operator looks like an edit: give the new form a new name (Form) and write both.
func TestHashesStayAsTheyAre(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no specs", err)
	}
	var got strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		spec := specOf(t, string(data))
		got.WriteString(filepath.Base(file) + " " + rings.Hash(spec) + " " + Former(spec) + "\n")
	}
	want, err := os.ReadFile("testdata/hashes.txt")
	if err != nil || got.String() != string(want) {
		t.Errorf("%v\ngot:\n%swant:\n%s", err, got.String(), want)
	}
}

// The defaults that are shipped. One that is there must stay as it is, and a field that has been without one must not get
// one: a region of the other version would read another spec than was meant. Fields that are new may have one, which Former
// has to leave out then: the first version didn't fill it in.
func TestDefaultsStayAsTheyAre(t *testing.T) {
	got := strings.Join(defaults("spec", rings.spec()), "\n") + "\n"
	want, err := os.ReadFile("testdata/defaults.txt")
	if err != nil || got != string(want) {
		t.Errorf("%v\n%s", err, cmp.Diff(string(want), got))
	}
}

func defaults(path string, n *node) (all []string) {
	if n == nil {
		return nil
	}
	if n.Default != nil {
		data, _ := json.Marshal(n.Default)
		all = append(all, path+" "+string(data))
	}
	for key, field := range n.Properties {
		all = append(all, defaults(path+"."+key, field)...)
	}
	all = append(all, defaults(path+"[]", n.Items)...)
	all = append(all, defaults(path+".*", n.Additional)...)
	slices.Sort(all)
	return all
}

const plain = `
cassandra:
  serverVersion: 5.0.9
  datacenters:
  - metadata: {name: dc1}
    k8sContext: eu-west-1
    size: 3
    config: {cassandraYaml: {concurrent_writes: 9}}
`

// What the API server fills in is no edit, and whatever a person changes is one.
func TestOnlyEditsChangeTheHash(t *testing.T) {
	base := rings.Hash(specOf(t, plain))
	for _, c := range []struct {
		why, from, to string
		same          bool
	}{
		{"the default, written out", "  serverVersion", "  serverType: cassandra\n  serverVersion", true},
		{"the default of an item, written out", "    size: 3", "    stopped: false\n    size: 3", true},
		{"another value than the default", "  serverVersion", "  serverType: dse\n  serverVersion", false},
		{"a number", "size: 3", "size: 4", false},
		{"a number of the configuration", "concurrent_writes: 9", "concurrent_writes: 9000000000000000001", false},
		{"an empty object that means something", "cassandra:\n", "reaper: {}\ncassandra:\n", false},
		{"an empty list", "  serverVersion", "  racks: []\n  serverVersion", true}, // the types leave it out
		{"a value that is false by a person's word", "cassandra:\n", "auth: false\ncassandra:\n", false},
	} {
		text := strings.Replace(plain, c.from, c.to, 1)
		if text == plain {
			t.Fatalf("%s: nothing is replaced", c.why)
		}
		if same := rings.Hash(specOf(t, text)) == base; same != c.same {
			t.Errorf("%s: the same hash: %t", c.why, same)
		}
	}
}

// nextVersion is a definition that has more fields, one with a default.
func nextVersion(t *testing.T) *node {
	t.Helper()
	data, err := crd.Files.ReadFile("k8ssandra.io_k8ssandraclusters.yaml")
	if err != nil {
		t.Fatal(err)
	}
	n, err := schemaOf(data)
	if err != nil {
		t.Fatal(err)
	}
	n.Properties["cassandra"].Properties["tomorrow"] = &node{Default: "quiet"}
	n.Properties["cassandra"].Properties["datacenters"].Items.Properties["later"] = &node{}
	return n
}

// A new default changes nothing of specs that don't speak of it; a new field that is set does, and is named where it isn't
// known.
func TestTwoVersions(t *testing.T) {
	today, next := rings.spec(), nextVersion(t)
	spec := object(specOf(t, plain))
	if today.hash(spec) != next.hash(spec) {
		t.Error("a spec without the new fields has two hashes")
	}
	cassandra := spec["cassandra"].(map[string]any)
	cassandra["tomorrow"] = "quiet"
	if next.hash(spec) != rings.Hash(specOf(t, plain)) {
		t.Error("the new default looks like an edit")
	}
	if got := rings.Unknown(spec); !slices.Equal(got, []string{"spec.cassandra.tomorrow"}) {
		t.Errorf("not known: %v", got)
	}
	cassandra["tomorrow"] = "loud"
	cassandra["datacenters"].([]any)[0].(map[string]any)["later"] = map[string]any{}
	if next.hash(spec) == rings.Hash(specOf(t, plain)) {
		t.Error("a new field that is set is not part of the hash")
	}
	if got := rings.Unknown(spec); !slices.Equal(got, []string{"spec.cassandra.datacenters[0].later", "spec.cassandra.tomorrow"}) {
		t.Errorf("not known: %v", got)
	}
	if got := next.unknown("spec", spec); got != nil {
		t.Errorf("not known to the version that has them: %v", got)
	}
}

func TestKnownFieldsAreKnown(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := rings.Unknown(object(specOf(t, string(data)))); got != nil {
			t.Errorf("%s: not known: %v", file, got)
		}
	}
}

func TestLostNamesWhatIsMissing(t *testing.T) {
	whole, part := specOf(t, plain), specOf(t, plain)
	part.Cassandra.ServerVersion, part.Cassandra.Datacenters[0].CassandraConfig = "", nil
	if got := Lost(whole, part); !slices.Equal(got, []string{"spec.cassandra.datacenters[0].config", "spec.cassandra.serverVersion"}) {
		t.Errorf("lost: %v", got)
	}
	if got := Lost(part, whole); got != nil {
		t.Errorf("nothing is lost, and it says %v", got)
	}
}
