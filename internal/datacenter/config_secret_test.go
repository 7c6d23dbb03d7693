package datacenter

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/version"
)

// withSecret is a datacenter whose configuration is in a Secret, and read.
func withSecret(data string) *State {
	s := state(func(dc *api.CassandraDatacenter) { dc.Spec.ConfigSecret = "config" })
	secret := &corev1.Secret{Data: map[string][]byte{ConfigKey: []byte(data)}}
	secret.UID, secret.ResourceVersion = "uid", "7"
	s.ConfigSecret = ReadConfigSecret(s.DC, secret)
	return s
}

// That a version acts on the field is no wish of who has set it under a former one; a change of the field or the Secret is.
func TestAConfigSecretOfAFormerVersionWaitsToBeAllowed(t *testing.T) {
	former := state(func(dc *api.CassandraDatacenter) { dc.Spec.ConfigSecret = "config" })
	set, err := former.StatefulSet(former.DC.Racks()[0], 1)
	if err != nil {
		t.Fatal(err)
	}
	former.sign(set)
	now := withSecret(`{"cassandra-yaml": {"concurrent_reads": 1}}`)
	if now.wished(set) {
		t.Error("the upgrade of the operator restarts nodes")
	}
	now.DC.Spec.ConfigSecret = "other"
	if !now.wished(set) {
		t.Error("another Secret is not followed")
	}
	now.DC.Spec.ConfigSecret = "config"
	now.sign(set)
	if later := withSecret(`{"cassandra-yaml": {"concurrent_reads": 2}}`); now.wished(set) || later.configCopy() != now.configCopy() {
		t.Error("one version of a Secret has two copies") // the version tells, not the content
	}
	now.ConfigSecret.Version = "uid/8"
	if !now.wished(set) {
		t.Error("another content is not followed")
	}
}

// What a copy has beside the user's configuration may be another program's, or asked for by the spec: that is another copy, and only
// in the latter case a wish.
func TestACopyHasWhatNodesGet(t *testing.T) {
	now := withSecret(`{"cassandra-yaml": {"concurrent_reads": 1}}`)
	set, err := now.StatefulSet(now.DC.Racks()[0], 1)
	if err != nil {
		t.Fatal(err)
	}
	now.sign(set)
	name := now.configCopy()
	document, err := now.configDocument()
	if err != nil {
		t.Fatal(err)
	}
	made := CopyOf(now.configCopyOf(document))
	later := withSecret(`{"cassandra-yaml": {"concurrent_reads": 1}}`)
	later.ConfigSecret.Version = "restored/1"
	later.ConfigSecret.Copies = map[string]ConfigCopy{name: made}
	if later.configCopy() != name || later.wished(set) {
		t.Error("the same configuration in another Secret is another one")
	}
	was := version.Version
	defer func() { version.Version = was }()
	version.Version = "another"
	made.Data = []byte(`{"cassandra-yaml": {"concurrent_reads": 1, "former": true}}`)
	later.ConfigSecret.Copies[name] = made
	if later.configCopy() == name || later.wished(set) {
		t.Error("what another version gives its nodes has to be another copy, and nobody's wish")
	}
	version.Version = was
	later.DC.Spec.Networking = &api.NetworkingConfig{NodePort: &api.NodePortConfig{Native: 30042}}
	if later.configCopy() == name || !later.wished(set) {
		t.Error("another port has to be another copy, and is a wish")
	}
}

// What is wrong with a Secret is said without anything that is in it.
func TestWhatIsWrongWithAConfigSecret(t *testing.T) {
	for data, want := range map[string]string{
		"":                       "has no key config",
		" \n":                    "has no key config",
		`topsecret`:              "it is not JSON: see byte 2",
		`"topsecret"`:            "it is not a JSON object",
		`null`:                   "it is not a JSON object",
		`["topsecret"]`:          "it is not a JSON object",
		`{"logback-xml": {}}`:    `"logback-xml" is no section that nodes know`,
		`{"cassandra-yaml": []}`: "section cassandra-yaml is not a JSON object",
		`{"cassandra-yaml": {"keystore_password": "topsecret"}, "base-configuration": "cassandra_latest.yaml", "jvm-options": {}}`: "",
	} {
		s := withSecret(data)
		if got := s.ConfigSecret.Error; !strings.Contains(got, want) || (got == "") != (want == "") || strings.Contains(got, "topsecret") {
			t.Errorf("%s: %q, want %q", data, got, want)
		}
		if (s.ConfigSecret.Data == nil) != (want != "") {
			t.Errorf("%s: %s", data, s.ConfigSecret.Data)
		}
	}
}

// A number is copied as it was written.
func TestNumbersAreCopiedAsTheyAre(t *testing.T) {
	text, err := withSecret(`{"cassandra-yaml": {"max_hints_file_size_in_bytes": 9007199254740993, "phi_convict_threshold": 8.0}}`).configDocument()
	if err != nil || !strings.Contains(text, "9007199254740993") || !strings.Contains(text, "8.0") {
		t.Error(text, err)
	}
}
