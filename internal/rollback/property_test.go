package rollback

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// some draws a list of what may be in one, in any order, each at most once by its first word.
func some(t *rapid.T, of string, from ...string) string {
	var out []string
	seen := map[string]bool{}
	for _, one := range rapid.SliceOfN(rapid.SampledFrom(from), 0, 4).Draw(t, of) {
		if name := strings.Trim(strings.SplitN(one, ",", 2)[0], "{}"); !seen[name] {
			seen[name], out = true, append(out, one)
		}
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// optionsOf draws the options of a ring or of a datacenter.
func optionsOf(t *rapid.T, of string) string {
	env := some(t, of+" env", "{name: CASSANDRA_X, value: x}", "{name: CASSANDRA_X, value: z}", "{name: A, value: a}", "{name: A, value: b}", "{name: JVM_X, valueFrom: {secretKeyRef: {name: s, key: k}}}")
	mounts := func(of string) string {
		return some(t, of, "{name: server-data, mountPath: /d}", "{name: v, mountPath: /v}", "{name: w, mountPath: /w}", "{name: w, mountPath: /var/lib/cassandra/w}")
	}
	containers := some(t, of+" containers", "{name: cassandra, env: "+env+", volumeMounts: "+mounts(of+" own")+"}", "{name: cassandra, command: [a], ports: [{containerPort: 1, hostPort: 1}]}",
		"{name: side, image: a, volumeMounts: "+mounts(of+" side")+"}", "{name: side, image: b}", "{name: more, securityContext: {privileged: true}}", "{name: more}")
	volumes := some(t, of+" volumes", "{name: v, emptyDir: {}}", "{name: v, hostPath: {path: /v}}", "{name: w, secret: {secretName: w}}", "{name: w}")
	lines := some(t, of+" lines", "-XX:+A", "-XX:+B", "-Dcassandra.join_ring=true", "'-javaagent:/a.jar'")
	settings := some(t, of+" settings", "concurrent_reads: 1", "num_tokens: 4", "cdc_enabled: true", "memtable: {a: b}")
	settings = "{" + strings.Trim(settings, "[]") + "}"
	version := rapid.SampledFrom([]string{"5.0.9", "5.0.10", "5.1.0-beta1"}).Draw(t, of+" version")
	user := rapid.SampledFrom([]string{"{}", "{runAsUser: 0}", "{runAsUser: 9}"}).Draw(t, of+" user")
	return "serverVersion: " + version + ", podSecurityContext: " + user + ", containers: " + containers + ", extraVolumes: {volumes: " + volumes + "}, config: {cassandraYaml: " +
		settings + ", jvmOptions: {additionalOptions: " + lines + "}}"
}

func specOf(t *rapid.T, of string) *api.K8ssandraClusterSpec {
	out := &api.K8ssandraClusterSpec{}
	text := "cassandra: {" + optionsOf(t, of+" ring") + ", datacenters: [{metadata: {name: dc1}, size: 1, " + optionsOf(t, of+" dc1") + "}]}"
	if err := yaml.UnmarshalStrict([]byte(text), out); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

// Whatever a spec is and was: what has gone back goes nowhere else; a mount has its volume if it had one; data keeps its volumes; nothing that
// touches data or opens something comes; and what is written is what was decided.
func TestWhateverGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now, good := specOf(t, "now"), specOf(t, "good")
		out, err := Restore(now, good)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := Restore(now, now); err != nil || !cmp.Equal(plain(now), plain(same)) {
			t.Fatalf("to itself it goes elsewhere: %v %s", err, cmp.Diff(plain(now), plain(same)))
		}
		again, err := Restore(out, good)
		if diff := cmp.Diff(plain(out), plain(again)); err != nil || diff != "" {
			t.Fatalf("twice it goes on: %v %s", err, diff)
		}
		stored := plain(now)
		if Write(stored, now, out); !cmp.Equal(stored, plain(out)) {
			t.Fatalf("another one is written: %s", cmp.Diff(plain(out), stored))
		}
		a, b := mapOf(plain(now), "cassandra"), mapOf(plain(out), "cassandra")
		data := dataVolumes(mapOf(plain(good), "cassandra"), a)
		opened := !stayWithin(t, data, a, b)
		for i, dc := range listOf(b, "datacenters") {
			opened = opened || !stayWithin(t, data, listOf(a, "datacenters")[i], dc)
		}
		if opened {
			t.Fatalf("it was\n%s", cmp.Diff(plain(now), plain(out)))
		}
	})
}

// stayWithin tells whether options that have gone back have what they had of data and of doors, or less.
func stayWithin(t *rapid.T, data []string, now, out map[string]any) bool {
	of := func(options map[string]any) (all []map[string]any) {
		for _, v := range listOf(mapOf(options, "extraVolumes"), "volumes") {
			if slices.Contains(data, textOf(v["name"])) {
				all = append(all, v)
			}
		}
		return all
	}
	if diff := cmp.Diff(of(now), of(out)); diff != "" {
		t.Errorf("volumes of data: %s", diff)
		return false
	}
	for _, c := range listOf(out, "containers") {
		before := byName(listOf(now, "containers"), c["name"])
		for _, door := range containerDoors {
			if opens(c[door]) && !cmp.Equal(before[door], c[door]) {
				t.Errorf("container %s is opened", c["name"])
				return false
			}
		}
		if touches(c, data) && !touches(before, data) || c["command"] != nil && before["command"] == nil {
			t.Errorf("container %s comes to data", c["name"])
			return false
		}
	}
	return !opens(out["podSecurityContext"]) || cmp.Equal(now["podSecurityContext"], out["podSecurityContext"])
}
