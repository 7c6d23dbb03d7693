package fleet

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const articleFile = "../../examples/article.yaml"

func article(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(articleFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// edited replaces one part of the article's file.
func edited(t *testing.T, old, part string) string {
	t.Helper()
	text := article(t)
	if strings.Count(text, old) < 1 {
		t.Fatalf("%q is not in the article's file", old)
	}
	return strings.Replace(text, old, part, 1)
}

func TestTheArticleIsWithoutMistakes(t *testing.T) {
	f, err := Load(articleFile)
	if err != nil {
		t.Fatal(err)
	}
	ring := f.Rings[0]
	got := []any{f.Fleet.Name, f.regionNames(), ring.Name, len(ring.Spec.Cassandra.Datacenters), f.Secrets[0].Name, f.Fleet.Spec.Regions[1].ServiceCIDR}
	want := []any{"article", "eu-west-1, eu-central-1", "multi-region", 2, "cassandra-admin-secret", "10.101.0.0/16"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if name := ring.Object.GetNamespace(); name != "default" {
		t.Errorf("the object to apply is in namespace %q", name)
	}
}

func TestDefaultsOfAShortFleet(t *testing.T) {
	f, err := Parse("short.yaml", []byte("apiVersion: fleet.ringspan.io/v1alpha1\nkind: Fleet\nmetadata: {name: short}\nspec: {regions: [{name: here, cidr: 10.1.0.0/16}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := f.Fleet.Spec.Regions[0]
	if len(r.Zones) != 3 || r.Zones[2].Name != "herec" || r.Nodes.Count != 3 || f.Fleet.Spec.Provider != "local" {
		t.Errorf("%+v", f.Fleet.Spec)
	}
}

// What is given isn't replaced by a default; what is left out never collides.
func TestDefaultsKeepOutOfTheWay(t *testing.T) {
	f, err := Parse("f.yaml", []byte("apiVersion: fleet.ringspan.io/v1alpha1\nkind: Fleet\nmetadata: {name: short}\nspec: {regions: [{name: here, cidr: 10.100.0.0/16}, {name: there, cidr: 10.102.0.0/16, serviceCIDR: 10.99.0.0/16}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if r := f.Fleet.Spec.Regions; r[0].ServiceCIDR != "10.101.0.0/16" || r[1].ServiceCIDR != "10.99.0.0/16" {
		t.Errorf("%s, %s", r[0].ServiceCIDR, r[1].ServiceCIDR)
	}
}

// Each case is one mistake in the article's file; the message has its line.
func TestMistakesAreNamedWithTheirLine(t *testing.T) {
	for _, c := range []struct{ name, old, part, want string }{
		{"misspelt field of a region", "cidr: 172.21.0.0/16", "cdir: 172.21.0.0/16", "f.yaml:12: unknown field spec.regions[0].cdir; did you mean cidr?"},
		{"unknown field without a neighbour", "provider: local", "provider: local\n  colour: blue", "f.yaml:10: unknown field spec.colour"},
		{"misspelt field deep in a ring", "nodeAffinityLabels: {failure", "nodeAffinityLabel: {failure", "unknown field spec.cassandra.datacenters[0].racks[0].nodeAffinityLabel; did you mean nodeAffinityLabels?"},
		{"field that is given twice", "  provider: local", "  provider: local\n  provider: local", "f.yaml:10: spec.provider is given twice; line 9 has it too"},
		{"wrong type", "nodes: {count: 3}", "nodes: {count: many}", "f.yaml:14: spec.regions[0].nodes.count: a whole number was expected, not a text"},
		{"not YAML", "kind: Fleet", "kind: [Fleet", "f.yaml:"},
		{"overlapping ranges", "172.22.0.0/16", "172.21.64.0/18", "f.yaml:16: spec.regions[1].cidr: 172.21.64.0/18 overlaps 172.21.0.0/16 of region eu-west-1"},
		{"a range with host bits", "172.22.0.0/16", "172.22.1.0/16", `spec.regions[1].cidr: "172.22.1.0/16" is not an IPv4 network`},
		{"a range that is too small", "172.22.0.0/16", "172.22.0.0/24", "spec.regions[1].cidr: 172.22.0.0/24 is not between /16 and /22"},
		{"no room for the nodes", "cidr: 172.22.0.0/16\n      zones: [{name: eu-central-1a}, {name: eu-central-1b}, {name: eu-central-1c}]\n      nodes: {count: 3}", "cidr: 172.22.0.0/22\n      nodes: {count: 15}", "spec.regions[1].nodes.count: 15 nodes in 3 zones put 5 into one zone, and 172.22.0.0/25 has room for 4"},
		{"services that aren't private", "cidr: 172.21.0.0/16", "cidr: 172.21.0.0/16\n      serviceCIDR: 100.64.0.0/16", `spec.regions[0].serviceCIDR: "100.64.0.0/16" is not a private IPv4 network`},
		{"the range of container engines", "172.22.0.0/16", "172.17.0.0/18", "spec.regions[1].cidr: 172.17.0.0/18 overlaps 172.17.0.0/16, which container engines use"},
		{"names too long together", "name: article", "name: a-fleet-whose-name-is-rather-long-now", "spec.regions[0].name: eu-west-1 and the fleet's name a-fleet-whose-name-is-rather-long-now have 46 characters together"},
		{"a tag that is Ringspan's", "provider: local", "provider: local\n  tags: {ringspan.io/fleet: mine}", "tags that begin with ringspan.io/ are not yours to set"},
		{"an instance type that is none", "nodes: {count: 3}", "nodes: {count: 3, instanceType: big}", `spec.regions[0].nodes.instanceType: "big" is not an instance type`},
		{"services among another region's pods", "cidr: 172.21.0.0/16", "cidr: 172.21.0.0/16\n      serviceCIDR: 172.22.128.0/20", "spec.regions[0].serviceCIDR: 172.22.128.0/20 overlaps the range 172.22.0.0/16 of region eu-central-1"},
		{"two regions of one name", "- name: eu-central-1", "- name: eu-west-1", "spec.regions[1].name: eu-west-1 is the name of spec.regions[0] too"},
		{"two zones of one name", "{name: eu-west-1b}", "{name: eu-west-1a}", "spec.regions[0].zones[1].name: eu-west-1a is the name of zones[0] too"},
		{"a port twice", "nodes: {count: 3}", "nodes: {count: 3}\n      apiServerPort: 70000", "spec.regions[0].apiServerPort: 70000 is not a port"},
		{"a provider that isn't", "provider: local", "provider: cloud9", `spec.provider: "cloud9" is not a provider; local, aws and existing are`},
		{"two datacenters of one name", "metadata: {name: dc2}", "metadata: {name: dc1}", "spec.cassandra.datacenters[1].metadata.name: dc1 is the name of datacenters[0] too"},
		{"one name in Cassandra", "metadata: {name: dc2}", "metadata: {name: dc2}\n        datacenterName: dc1", "spec.cassandra.datacenters[1].datacenterName: dc1 is Cassandra's name of datacenters[0] too"},
		{"a context that is no region", "k8sContext: eu-central-1", "k8sContext: eu-north-1", `spec.cassandra.datacenters[1].k8sContext: "eu-north-1" is not a region of the fleet: eu-west-1, eu-central-1`},
		{"no context among several", "k8sContext: eu-central-1", "stopped: false", "spec.cassandra.datacenters[1].k8sContext: it is missing: name the region of datacenter dc2"},
		{"size smaller than racks", "size: 3", "size: 2", "spec.cassandra.datacenters[0].size: 2 is less than the 3 racks: each needs a node"},
		{"more nodes than machines", "size: 3", "size: 4", "4 nodes of a datacenter need 4 machines, and region eu-west-1 has 3"},
		{"a zone that no machine is in", "failure-domain.beta.kubernetes.io/zone: eu-west-1b", "failure-domain.beta.kubernetes.io/zone: eu-west-1z", "racks[1].nodeAffinityLabels: no machine of region eu-west-1 is in zone eu-west-1z"},
		{"another version of Cassandra", "serverVersion: 5.0.9", "serverVersion: 4.0.1", "spec.cassandra.serverVersion: Cassandra 4.0.1 is not what provider local brings: 5.0.9 is"},
		{"a Secret that isn't there", "superuserSecretRef:\n      name: cassandra-admin-secret", "superuserSecretRef:\n      name: other", "spec.cassandra.superuserSecretRef.name: Secret other is not in the file"},
		{"a Secret without password", "  password: change", "  passwort: change", "stringData: Secret cassandra-admin-secret has no password, and ring multi-region logs in with it"},
		{"a Secret with a line break", "password: change-me-before-you-rely-on-it", `password: "secret\n"`, "f.yaml:28: stringData.password: the password begins or ends with white space"},
		{"a Secret that is no base64", "stringData:\n  username: cassandra-admin\n  password: change-me-before-you-rely-on-it", "data:\n  username: '***'\n  password: '***'", "illegal base64 data"},
		{"the login that everybody knows", "username: cassandra-admin\n  password: change-me-before-you-rely-on-it", "username: cassandra\n  password: cassandra", "is the login that everybody knows"},
		{"a Secret that nothing uses", "name: cassandra-admin-secret\n  namespace: default", "name: cassandra-admin-secret\n  namespace: other", "metadata.namespace: no ring is in namespace other"},
		{"an object of another kind", "kind: Secret", "kind: ConfigMap", `kind "ConfigMap" of apiVersion "v1" is not one that a fleet file can hold`},
		{"another version of a kind", "fleet.ringspan.io/v1alpha1", "fleet.ringspan.io/v9", `apiVersion: "fleet.ringspan.io/v9" is not a version of it that there is`},
		{"a name that Kubernetes refuses", "name: multi-region", "name: Multi_Region", `metadata.name: "Multi_Region" is not a name of a Kubernetes object`},
		{"no datacenter", "    datacenters:", "    datacentres:", "unknown field spec.cassandra.datacentres; did you mean datacenters?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("f.yaml", []byte(edited(t, c.old, c.part)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestASecondFleetAndASecondRing(t *testing.T) {
	text := article(t)
	documents := strings.Split(text, "\n---\n")
	_, err := Parse("f.yaml", []byte(text+"\n---\n"+documents[0]))
	if err == nil || !strings.Contains(err.Error(), "a second Fleet: a file holds one, and line 4 has it already") {
		t.Errorf("two fleets: %v", err)
	}
	_, err = Parse("f.yaml", []byte(text+"\n---\n"+documents[2]))
	if err == nil || !strings.Contains(err.Error(), "ring multi-region is in line 30 already") {
		t.Errorf("two rings: %v", err)
	}
	_, err = Parse("f.yaml", []byte(documents[1]+"\n---\n"+documents[2]))
	if err == nil || !strings.Contains(err.Error(), "the file holds no Fleet") {
		t.Errorf("no fleet: %v", err)
	}
}

// A misspelt field isn't also called missing.
func TestAMistakeIsToldOnce(t *testing.T) {
	for _, c := range [][2]string{{"cidr: 172.21", "cdir: 172.21"}, {"storageConfig:", "storageConfg:"}, {"    datacenters:", "    datacentres:"}, {"size: 3", "size: three"}} {
		_, err := Parse("f.yaml", []byte(edited(t, c[0], c[1])))
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", c[1], err)
		}
	}
}

// No mistake's message shows what is in a Secret.
func TestSecretsAreNotShown(t *testing.T) {
	text := edited(t, "password: change-me-before-you-rely-on-it", `password: "  hunter2"`)
	_, err := Parse("f.yaml", []byte(text))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}
