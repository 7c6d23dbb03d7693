package cassandra

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"go.yaml.in/yaml/v3"
)

func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			in, err := ParseInput([]byte(d.Input), arg(d, "pod", "p-0"))
			if d.Cmd == "parse" || err != nil {
				return fmt.Sprintln(err)
			}
			in.Profile, in.Version = arg(d, "profile", ""), arg(d, "version", "5.0.9")
			switch d.Cmd {
			case "refused":
				_, err := Render(in, node(d))
				return fmt.Sprintln(err)
			case "render":
				return rendered(t, in, node(d))
			case "flags":
				o := StartOptions{FirstBoot: arg(d, "first", "") == "true", ReplaceAddress: arg(d, "replace", ""), Archive: arg(d, "archive", "")}
				return flagLines(in, node(d), o)
			case "unknown":
				return strings.Join(UnknownOptions(in.JVM), "\n")
			}
			return "no such command"
		})
	})
}

func arg(d *datadriven.TestData, name, otherwise string) string {
	for _, a := range d.CmdArgs {
		if a.Key == name {
			return a.Vals[0]
		}
	}
	return otherwise
}

func node(d *datadriven.TestData) Node {
	n := Node{
		Address: arg(d, "address", "172.21.0.20"), BroadcastAddress: arg(d, "broadcast", ""), Datacenter: "dc1", Rack: "rack1", Seeds: []string{"172.21.0.20", "172.21.32.20"},
		DataDir: "/var/lib/cassandra", ConfigDir: "/config", LogDir: "/var/log/cassandra",
	}
	if arg(d, "first", "true") == "true" {
		no := false
		n.Tokens, n.AutoBootstrap, n.NativeTransport = []string{"-9", "3"}, &no, &no
	}
	return n
}

// rendered shows the files but logback.xml, which has a test of its own.
func rendered(t *testing.T, in Input, n Node) string {
	t.Helper()
	files, err := Render(in, n)
	if err != nil {
		t.Fatal(err)
	}
	return string(files["cassandra.yaml"]) + "-- cassandra-rackdc.properties\n" + string(files["cassandra-rackdc.properties"])
}

// flagLines shows the JVM's arguments but the modules', which never differ.
func flagLines(in Input, n Node, o StartOptions) string {
	var b strings.Builder
	flags := JVMFlags(in, n, o)
	for i, f := range flags {
		if f == "--add-opens" || f == "--add-exports" || i > 0 && strings.HasPrefix(flags[i-1], "--add-") {
			continue
		}
		fmt.Fprintln(&b, f)
	}
	fmt.Fprintln(&b, strings.Join(in.Environment(), " "))
	return b.String()
}

// What a user sets in cassandra.yaml either is in the node's file or is named as replaced.
func TestEveryKeyIsWrittenOrNamedAsReplaced(t *testing.T) {
	no := false
	for _, n := range []Node{{Address: "172.21.0.20"}, {Address: "172.21.0.20", BroadcastAddress: "10.9.8.7", NativeAddress: "172.21.0.20"}, {Tokens: []string{"-9", "3"}, AutoBootstrap: &no, NativeTransport: &no}} {
		plain, err := Render(Input{}, n)
		if err != nil {
			t.Fatal(err)
		}
		keys := map[string]any{}
		if err := yaml.Unmarshal(plain["cassandra.yaml"], &keys); err != nil {
			t.Fatal(err)
		}
		for _, key := range append(slices.Sorted(maps.Keys(keys)), append(identifying, "concurrent_reads")...) {
			if len(n.Tokens) > 0 && slices.Contains([]string{"num_tokens", "auto_bootstrap", "start_native_transport"}, key) {
				continue // only at the first boot
			}
			given := map[string]any{key: "odd"}
			with, err := Render(Input{CassandraYAML: given}, n)
			if err != nil {
				t.Fatal(err)
			}
			written := string(with["cassandra.yaml"]) != string(plain["cassandra.yaml"])
			if named := slices.Equal(Replaced(given), []string{key}); named == written {
				t.Errorf("%s of %+v: written %t, named as replaced %t", key, n, written, named)
			}
		}
	}
	if keys := Replaced(map[string]any{"endpoint_snitch": "GossipingPropertyFileSnitch"}); len(keys) > 0 {
		t.Errorf("%s is what the node has anyway", keys)
	}
}

func TestLogbackWritesToBothPlaces(t *testing.T) {
	files, err := Render(Input{}, Node{LogDir: "/logs"})
	if err != nil {
		t.Fatal(err)
	}
	text := string(files["logback.xml"])
	for _, part := range []string{"ConsoleAppender", "<file>/logs/system.log</file>", "<fileNamePattern>/logs/system.log.%i</fileNamePattern>", "10MB"} {
		if !strings.Contains(text, part) {
			t.Errorf("logback.xml lacks %s:\n%s", part, text)
		}
	}
}

func TestModuleFlagsComeInPairs(t *testing.T) {
	flags := JVMFlags(Input{}, Node{}, StartOptions{})
	for i, f := range flags {
		if strings.HasPrefix(f, "--add-") && !strings.HasSuffix(flags[i+1], "=ALL-UNNAMED") {
			t.Errorf("%s %s", f, flags[i+1])
		}
	}
	if !slices.Contains(flags, "java.base/java.nio=ALL-UNNAMED") {
		t.Error("java.nio is not opened")
	}
}
