package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The ring of most stories.
var (
	bin      string // the programs
	home     string // RINGSPAN_HOME
	fileName string // of the fleet

	cloudRuns bool // the fleet's regions have been brought up, and no story has taken them down since
	ringRuns  bool // the ring in them has, too
)

const (
	west    = "eu-west-1"
	central = "eu-central-1"
	ring    = "multi-region"
	user    = "cassandra-admin"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer leave()
	return m.Run()
}

// leave takes the ring down, or says how to use it when RINGSPAN_STORY_KEEP is set.
func leave() {
	if os.Getenv("RINGSPAN_STORY_KEEP") != "" && cloudRuns {
		fmt.Printf("What runs stays up. Use it: export RINGSPAN_HOME=%s; take it down: ringspan down\n", home)
		return
	}
	_ = command("down").Run()
	_ = os.RemoveAll(home)
}

// theRing brings the ring of all stories up, or lets it become whole when it runs.
// Every story that needs it asks: in whatever order they run, and also alone.
func theRing(t *testing.T) {
	t.Helper()
	if !ringRuns {
		if out, err := command("up", fileName, "--timeout", "6m").CombinedOutput(); err != nil {
			t.Fatalf("bringing the ring up: %v\n%s\n%s", err, out, operatorLogs())
		}
		ringRuns, cloudRuns = true, true
	}
	awaitWhole(t)
}

// theRegions brings the regions of the stories' fleet up, without its ring, when
// nothing of it runs yet.
func theRegions(t *testing.T) {
	t.Helper()
	if cloudRuns {
		return
	}
	if out, err := command("up", fleetOnly(t), "--timeout", "6m").CombinedOutput(); err != nil {
		t.Fatalf("bringing the regions up: %v\n%s", err, out)
	}
	cloudRuns = true
}

// fleetOnly is a file with the stories' fleet and without its ring.
func fleetOnly(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(fileName)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(home, "fleet-only.yaml")
	if err := os.WriteFile(name, data[:bytes.Index(data, []byte("\n---\n"))+1], 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// ringIsGone is said by stories that take the ring and its regions down: the next one brings them up again.
func ringIsGone() { ringRuns, cloudRuns = false, false }

func prepare() (err error) {
	if bin = os.Getenv("RINGSPAN_BIN"); bin == "" {
		bin = "../../bin"
	}
	if bin, err = filepath.Abs(bin); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(bin, "ringspan")); err != nil {
		return fmt.Errorf("the programs are missing, run `make build`: %w", err)
	}
	if home, err = makeHome(); err != nil {
		return err
	}
	data, err := os.ReadFile("../../examples/article.yaml")
	if err != nil {
		return err
	}
	fileName = filepath.Join(home, "fleet.yaml")
	text := strings.Replace(string(data), "name: article", "name: e2e", 1)
	return os.WriteFile(fileName, []byte(text), 0o600)
}

// makeHome is a new directory, or the one that RINGSPAN_STORY_HOME names: there a
// ring may run that an earlier story has left.
func makeHome() (string, error) {
	if dir := os.Getenv("RINGSPAN_STORY_HOME"); dir != "" {
		return dir, os.MkdirAll(dir, 0o700)
	}
	return os.MkdirTemp("", "ringspan-e2e-*")
}

func operatorLogs() string {
	var all strings.Builder
	for _, r := range []string{west, central} {
		out, _ := kubectlCommand(r, "logs", "-n", "ringspan-system", "deploy/ringspan-operator", "--tail=40").CombinedOutput()
		fmt.Fprintf(&all, "operator of %s:\n%s", r, out)
	}
	return all.String()
}

func environment() []string {
	return append(os.Environ(), "RINGSPAN_HOME="+home, "KUBECACHEDIR="+filepath.Join(home, "kubectl-cache"))
}

// command is ringspan on the stories' own home.
func command(args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(bin, "ringspan"), args...)
	cmd.Env = environment()
	return cmd
}

func kubectlCommand(region string, args ...string) *exec.Cmd {
	kubeconfig := filepath.Join(home, "e2e", "kubeconfig")
	cmd := exec.Command(filepath.Join(bin, "kubectl"), append([]string{"--kubeconfig", kubeconfig, "--context", region}, args...)...)
	cmd.Env = environment()
	return cmd
}

func ringspan(t *testing.T, args ...string) string {
	t.Helper()
	out, err := command(args...).CombinedOutput()
	if err != nil {
		t.Fatalf("ringspan %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func kubectl(t *testing.T, region string, args ...string) string {
	t.Helper()
	out, err := kubectlCommand(region, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl --context %s %s: %v\n%s", region, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func faultCommand(args ...string) *exec.Cmd {
	return exec.Command(filepath.Join(bin, "ringspan-local"), append([]string{"fault", "--state", filepath.Join(home, "e2e")}, args...)...)
}

// fault drives the embedded cloud.
func fault(t *testing.T, args ...string) {
	t.Helper()
	if out, err := faultCommand(args...).CombinedOutput(); err != nil {
		t.Fatalf("fault %v: %v\n%s", args, err, out)
	}
}

type node struct {
	Datacenter, Rack, Pod, Address, State, HostID string
	Tokens                                        int
	OwnsEffective, Load                           float64
}

type ringStatus struct {
	Ring        string
	Ready       bool
	Message     string
	Keyspace    string
	Datacenters []struct {
		Name          string
		Size, Up      int
		Ready         bool
		OwnsEffective float64
	}
	Nodes []node
}

func status() (s ringStatus, err error) {
	out, err := command("status", "-o", "json").Output()
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(out, &s)
}

// whole says what is missing to six different nodes that are up and a ready ring.
func whole() error {
	s, err := status()
	if err != nil {
		return err
	}
	up, ids, pods := 0, map[string]bool{}, map[string]bool{}
	for _, n := range s.Nodes {
		if n.State == "UN" {
			up++
		}
		ids[n.HostID] = true
		if n.Pod != "" { // for a moment Kubernetes may not tell yet which pod has a new address
			pods[n.Pod] = true
		}
	}
	if up != 6 || len(ids) != 6 || len(pods) != 6 || len(s.Nodes) != 6 || !s.Ready {
		return fmt.Errorf("%d of %d nodes are UN, there are %d host ids and %d pods, ready is %t: %s", up, len(s.Nodes), len(ids), len(pods), s.Ready, s.Message)
	}
	return nil
}

func awaitWhole(t *testing.T) {
	t.Helper()
	eventually(t, 4*time.Minute, whole)
}

func nodeOf(t *testing.T, pod string) node {
	t.Helper()
	s, err := status()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range s.Nodes {
		if n.Pod == pod {
			return n
		}
	}
	t.Fatalf("no node has pod %s: %+v", pod, s.Nodes)
	return node{}
}

// poll tries until a condition holds.
func poll(timeout time.Duration, condition func() error) error {
	deadline := time.Now().Add(timeout)
	for {
		err := condition()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not after %s: %w", timeout, err)
		}
		time.Sleep(300 * time.Millisecond)
	}
}

func eventually(t *testing.T, timeout time.Duration, condition func() error) {
	t.Helper()
	if err := poll(timeout, condition); err != nil {
		t.Fatalf("%v\n%s", err, operatorLogs())
	}
}
