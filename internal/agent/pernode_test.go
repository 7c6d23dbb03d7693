package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// What is one node's alone comes with a start, and is kept beside its data for the next one, also by another agent.
func TestWhatIsOneNodesAloneIsKept(t *testing.T) {
	c := testConfig(t, &output{})
	c.Input.CassandraYAML["concurrent_reads"] = 32
	for _, step := range []struct {
		why, given  string
		keep        bool
		want, holds string
	}{
		{"a node without anything of its own", "", false, "", "concurrent_reads: 32\n"},
		{"nothing is kept", "", true, "", "concurrent_reads: 32\n"},
		{"it gets something", `{"concurrent_reads":9007199254740993,"cluster_name":"other"}`, false, `{"concurrent_reads":9007199254740993,"cluster_name":"other"}`, "concurrent_reads: 9007199254740993\n"},
		{"that is kept", "", true, `{"concurrent_reads":9007199254740993,"cluster_name":"other"}`, "concurrent_reads: 9007199254740993\n"},
		{"it identifies no node", "", true, `{"concurrent_reads":9007199254740993,"cluster_name":"other"}`, "cluster_name: ring\n"},
		{"it is taken away", "", false, "", "concurrent_reads: 32\n"},
		{"for good", "", true, "", "concurrent_reads: 32\n"},
	} {
		c.JolokiaPort = freePort(t)
		a, client, base := serve(t, c)
		exchange{why: "rubbish", path: "POST /api/v0/lifecycle/start", body: `{"nodeYAML":"[","seeds":["10.0.0.1"]}`, code: 420, answer: "nodeYAML"}.try(t, base)
		if err := client.Start(t.Context(), mgmtapi.StartOptions{NodeYAML: step.given, KeepNodeYAML: step.keep}); err != nil {
			t.Fatal(err)
		}
		s, err := client.Status(t.Context())
		if err != nil || s.NodeYAML == nil || *s.NodeYAML != mgmtapi.NodeYAMLHash(step.want) {
			t.Errorf("%s: the state says %v, %v", step.why, s.NodeYAML, err)
		}
		if yaml, err := os.ReadFile(filepath.Join(c.ConfigDir, "cassandra.yaml")); err != nil || !strings.Contains(string(yaml), step.holds) {
			t.Errorf("%s: no %q, %v, in\n%s", step.why, step.holds, err, yaml)
		}
		await(t, "running", running(t, client))
		if err := a.stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
