package task_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	cass "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	api "github.com/ringspan/ringspan/api/control/v1alpha1"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
	steps "github.com/ringspan/ringspan/internal/plan"
	"github.com/ringspan/ringspan/internal/task"
)

// files are the commands that have a file.
func files(t *testing.T) (names []string) {
	t.Helper()
	found, err := filepath.Glob("command_*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if name := strings.TrimSuffix(strings.TrimPrefix(f, "command_"), ".go"); name != "test" {
			names = append(names, name)
		}
	}
	return names
}

// of is a task with one command.
func of(command string) *api.CassandraTask {
	t := &api.CassandraTask{}
	t.Spec.Datacenter.Name = "dc1"
	t.Spec.Jobs = []api.CassandraJob{{Name: "j", Command: api.CassandraCommand(command)}}
	return t
}

// A command that has a file is one that tasks can ask for: it is in the table.
func TestEveryCommandIsInTheTable(t *testing.T) {
	names := files(t)
	if len(names) < 10 {
		t.Fatalf("only %v have files", names)
	}
	for _, name := range names {
		plan := task.Make(&task.State{Now: time.Unix(0, 0), Task: of(name), Datacenter: &cass.CassandraDatacenter{}})
		if plan.Failure != nil && plan.Failure.Reason == api.ReasonCommandNotSupported {
			t.Errorf("command_%s.go exists, and a task is told: %s", name, plan.Failure.Message)
		}
	}
}

// The table of the reference has each command that has a file, and of the arguments those that the command reads.
func TestTheReferenceListsTheCommands(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/cassandratask.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "## Commands")
	table, _, _ = strings.Cut(table, "\n`rack` limits")
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z]+)` \\|([^|]*)\\|").FindAllStringSubmatch(table, -1) {
		listed = append(listed, row[1])
		named := regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(row[2], -1)
		for _, name := range arguments {
			one := of(row[1])
			set(&one.Spec.Jobs[0].Arguments, name)
			read := len(task.NotActedOn(one)) == 0
			said := slices.ContainsFunc(named, func(m []string) bool { return m[1] == name })
			if read != said {
				t.Errorf("%s reads argument %s: %t, and the page says %t", row[1], name, read, said)
			}
		}
	}
	if names := files(t); !slices.Equal(listed, names) {
		t.Errorf("the page lists %v, there are files for %v", listed, names)
	}
}

// arguments are all but rack and pod_name, which say where and not what.
var arguments = []string{"keyspace_name", "source_datacenter", "tables", "jobs", "no_validate", "no_snapshot", "skip_corrupted", "split_output",
	"start_token", "end_token", "new_tokens", "fast", "force"}

func set(a *api.JobArguments, name string) {
	switch name {
	case "keyspace_name":
		a.KeyspaceName = "x"
	case "source_datacenter":
		a.SourceDatacenter = "x"
	case "tables":
		a.Tables = []string{"x"}
	case "jobs":
		a.JobsCount = new(1)
	case "no_validate":
		a.NoValidate = true
	case "no_snapshot":
		a.NoSnapshot = true
	case "skip_corrupted":
		a.SkipCorrupted = true
	case "split_output":
		a.SplitOutput = true
	case "start_token":
		a.StartToken = "x"
	case "end_token":
		a.EndToken = "x"
	case "new_tokens":
		a.NewTokens = map[string]string{"x": "1"}
	case "fast":
		a.Fast = true
	case "force":
		a.Force = true
	}
}

// A command either has jobs, and a call that begins one, or plans no step on a pod.
func TestACommandWithJobsHasACall(t *testing.T) {
	for _, name := range files(t) {
		one := of(name)
		one.Spec.Jobs[0].Arguments.SourceDatacenter = "dc2"
		one.Spec.Jobs[0].Arguments.NewTokens = map[string]string{"a": "1"}
		if one.Spec.Jobs[0].Command == api.CommandReplaceNode {
			one.Spec.Jobs[0].Arguments.PodName = "a"
		}
		one.Status.StartTime = &metav1.Time{Time: time.Unix(0, 0)}
		plan := task.Make(&task.State{
			Now: time.Unix(1, 0), Task: one, Datacenter: encrypted(),
			Pods: []task.Pod{{Name: "a", Rack: "r", Ready: true}}, Racks: []task.Rack{{Name: "r"}},
		})
		starts := slices.ContainsFunc(plan.Steps, func(s steps.Step) bool { return s.Verb == task.StartJob })
		if starts != (task.Call(one) != nil) {
			t.Errorf("%s plans jobs: %t, has a call: %t", name, starts, task.Call(one) != nil)
		}
	}
}

// encrypted is a datacenter that every command can be carried out on.
func encrypted() *cass.CassandraDatacenter {
	dc := &cass.CassandraDatacenter{}
	dc.Spec.Config = []byte(`{"cassandra-yaml": {"num_tokens": 1, "server_encryption_options": {"internode_encryption": "all"}}}`)
	return dc
}

// Every call reaches the node, with the task's arguments.
func TestCalls(t *testing.T) {
	ring := fake.NewRing("ring")
	node := ring.Add("10.0.0.1", "dc1", "r1")
	for _, n := range []*fake.Node{node, ring.Add("10.0.1.1", "dc2", "r1")} {
		if err := n.Start(t.Context(), mgmtapi.StartOptions{Seeds: []string{"10.0.0.1"}}); err != nil {
			t.Fatal(err)
		}
		ring.Advance()
	}
	if err := node.CreateKeyspace(t.Context(), "shop", map[string]int{"dc1": 1}); err != nil {
		t.Fatal(err)
	}
	node.CreateTable("shop", "orders")
	node.EncryptInternode(true)
	orders := func(a *api.JobArguments) { a.KeyspaceName, a.Tables, a.JobsCount = "shop", []string{"orders"}, new(2) }
	for _, test := range []struct {
		command string
		change  func(*api.JobArguments)
		asks    string
	}{
		{"rebuild", func(a *api.JobArguments) { a.SourceDatacenter = "dc2" }, "rebuild dc2"},
		{"cleanup", orders, "cleanup shop"},
		{"cleanup", nil, "cleanup NON_LOCAL_STRATEGY"},
		{"compact", orders, "compact shop orders"},
		{"compact", func(a *api.JobArguments) { a.KeyspaceName, a.StartToken, a.EndToken = "shop", "-5", "7" }, "compact shop (-5,7]"},
		{"compact", func(a *api.JobArguments) { a.KeyspaceName, a.SplitOutput = "shop", true }, "compact shop split"},
		{"scrub", orders, "scrub shop orders"},
		{"scrub", func(a *api.JobArguments) { a.NoSnapshot, a.KeyspaceName = true, "shop" }, "scrub shop no-snapshot"},
		{"scrub", func(a *api.JobArguments) { a.SkipCorrupted, a.KeyspaceName = true, "shop" }, "scrub shop skip-corrupted"},
		{"scrub", func(a *api.JobArguments) { a.NoValidate, a.KeyspaceName = true, "shop" }, "scrub shop no-validate"},
		{"garbagecollect", orders, "garbagecollect shop orders"},
		{"flush", orders, "flush shop orders"},
		{"upgradesstables", orders, "upgradesstables shop orders"},
		{"move", func(a *api.JobArguments) { a.NewTokens = map[string]string{"a": "-12", "b": "9"} }, "move -12"},
		{"tsreload", nil, "tsreload"},
	} {
		one := of(test.command)
		if test.change != nil {
			test.change(&one.Spec.Jobs[0].Arguments)
		}
		before := len(ring.Writes())
		if _, err := task.Call(one)(t.Context(), node, "a"); err != nil {
			t.Errorf("%s: %v", test.command, err)
		}
		if asked := ring.Writes()[before:]; len(asked) != 1 || !strings.HasSuffix(strings.TrimSpace(asked[0]), test.asks) {
			t.Errorf("%s asks %q, want %q", test.command, asked, test.asks)
		}
	}
}

// The table that is shown to people has for each command what it does and what it reads.
func TestCommandsAreShown(t *testing.T) {
	for _, c := range task.Commands() {
		if c.About == "" {
			t.Errorf("%s: nothing says what it does", c.Name)
		}
		if rack := slices.Contains(c.Arguments, "rack"); rack == (c.Name == api.CommandRefresh || c.Name == api.CommandMove) {
			t.Errorf("%s reads %q", c.Name, c.Arguments)
		}
	}
	if n := len(task.Commands()); n != len(files(t)) {
		t.Errorf("%d commands are shown, and %d have files", n, len(files(t)))
	}
}
