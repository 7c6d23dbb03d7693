package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// former is the last version whose rings have no identity beside their data, no id,
// no certificates, and no record of what was rebuilt or repaired.
const former = "99983d8"

// upgradeFleet is a ring of one node in each of two regions, with a login.
const upgradeFleet = `
apiVersion: fleet.ringspan.io/v1alpha1
kind: Fleet
metadata: {name: upgrade}
spec:
  provider: local
  regions:
    - {name: north, cidr: 172.25.0.0/16, zones: [{name: north-a}], nodes: {count: 1}}
    - {name: south, cidr: 172.26.0.0/16, zones: [{name: south-a}], nodes: {count: 1}}
---
apiVersion: k8ssandra.io/v1alpha1
kind: K8ssandraCluster
metadata: {name: old, namespace: default}
spec:
  cassandra:
    serverVersion: 5.0.9
    storageConfig: {cassandraDataVolumeClaimSpec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
    datacenters:
      - {metadata: {name: dc1}, k8sContext: north, size: 1}
      - {metadata: {name: dc2}, k8sContext: south, size: 1}
`

// upgrade is a fleet of its own, brought up by one version and taken on by the next.
type upgrade struct {
	t        *testing.T
	dir      string
	programs string // where ringspan is
	file     string
}

// formerPrograms builds the former version's programs out of this repository's
// history; the embedded cloud below them is today's.
func (u *upgrade) formerPrograms() {
	u.t.Helper()
	source := filepath.Join(u.dir, "source")
	u.programs = filepath.Join(u.dir, "bin")
	for _, d := range []string{source, u.programs} {
		if err := os.Mkdir(d, 0o755); err != nil {
			u.t.Fatal(err)
		}
	}
	archive := filepath.Join(u.dir, "source.tar")
	u.run(exec.Command("git", "-C", "../..", "archive", "--output", archive, former), "the former version's commit "+former+" must be in this clone: `git fetch --unshallow` brings it")
	u.run(exec.Command("tar", "-xf", archive, "-C", source), "")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", u.programs+"/", "./cmd/ringspan", "./cmd/ringspan-agent", "./cmd/ringspan-operator")
	build.Dir, build.Env = source, append(os.Environ(), "CGO_ENABLED=0")
	u.run(build, "")
	for _, name := range []string{"ringspan-local", "ringspan-init", "ringspan-kube", "kubectl"} {
		target, err := filepath.EvalSymlinks(filepath.Join(bin, name))
		if err == nil && name == "kubectl" {
			target = filepath.Join(u.programs, "ringspan-kube")
		}
		if err == nil {
			err = os.Symlink(target, filepath.Join(u.programs, name))
		}
		if err != nil {
			u.t.Fatal(err)
		}
	}
}

func (u *upgrade) run(cmd *exec.Cmd, hint string) {
	u.t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		u.t.Fatalf("%s: %v %s\n%s", strings.Join(cmd.Args, " "), err, hint, out)
	}
}

func (u *upgrade) command(args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(u.programs, "ringspan"), args...)
	cmd.Env = append(os.Environ(), "RINGSPAN_HOME="+filepath.Join(u.dir, "home"), "KUBECACHEDIR="+filepath.Join(u.dir, "kubectl-cache"))
	return cmd
}

func (u *upgrade) ringspan(args ...string) string {
	u.t.Helper()
	out, err := u.command(args...).CombinedOutput()
	if err != nil {
		u.t.Fatalf("ringspan %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (u *upgrade) tryKubectl(region string, args ...string) (string, error) {
	kubeconfig := filepath.Join(u.dir, "home", "upgrade", "kubeconfig")
	cmd := exec.Command(filepath.Join(bin, "kubectl"), append([]string{"--kubeconfig", kubeconfig, "--context", region}, args...)...)
	cmd.Env = append(os.Environ(), "KUBECACHEDIR="+filepath.Join(u.dir, "kubectl-cache"))
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (u *upgrade) kubectl(region string, args ...string) string {
	u.t.Helper()
	out, err := u.tryKubectl(region, args...)
	if err != nil {
		u.t.Fatalf("kubectl --context %s %s: %v\n%s", region, strings.Join(args, " "), err, out)
	}
	return out
}

// containers are the regions' Cassandra pods with the ids and restarts of their
// containers: another line is a restart.
func (u *upgrade) containers() string {
	u.t.Helper()
	var all []string
	for _, region := range []string{"north", "south"} {
		all = append(all, region+" "+u.kubectl(region, "get", "pods", "-l", "cassandra.datastax.com/cluster", "-o",
			"jsonpath={range .items[*]}{.metadata.uid}{range .status.containerStatuses[*]} {.containerID} {.restartCount}{end}{'\\n'}{end}"))
	}
	return strings.Join(all, "\n")
}

// condition is a datacenter's, as "status message".
func (u *upgrade) condition(region, dc, kind string) string {
	u.t.Helper()
	return u.kubectl(region, "get", "cassdc", dc, "-o", fmt.Sprintf("jsonpath={.status.conditions[?(@.type=='%s')].status} {.status.conditions[?(@.type=='%s')].message}", kind, kind))
}

// eventually polls with the fleet's own operators' logs as the explanation.
func (u *upgrade) eventually(timeout time.Duration, condition func() error) {
	u.t.Helper()
	if err := poll(timeout, condition); err != nil {
		for _, region := range []string{"north", "south"} {
			logs, _ := u.tryKubectl(region, "logs", "-n", "ringspan-system", "deploy/ringspan-operator", "--tail=30")
			u.t.Logf("operator of %s:\n%s", region, logs)
		}
		u.t.Fatal(err)
	}
}

func (u *upgrade) conditionIs(region, dc, kind, status string) func() error {
	return func() error {
		if got := u.condition(region, dc, kind); !strings.HasPrefix(got, status) {
			return fmt.Errorf("%s of %s is %s, want %s", kind, dc, got, status)
		}
		return nil
	}
}

func (u *upgrade) whole() error {
	out, err := u.command("status", "-o", "json").Output()
	if err != nil {
		return err
	}
	var s ringStatus
	if err := json.Unmarshal(out, &s); err != nil {
		return err
	}
	if len(s.Nodes) != 2 || s.Nodes[0].State != "UN" || s.Nodes[1].State != "UN" || !s.Ready {
		return fmt.Errorf("not two nodes UN and a ready ring: %s", out)
	}
	return nil
}

// A ring that the former version made goes on without a restart when the operators
// are replaced, and what protects data holds for it from then on.
func TestAFormerVersionsRingIsTakenOn(t *testing.T) {
	t.Parallel() // it has a cloud of its own
	u := &upgrade{t: t, dir: t.TempDir()}
	u.file = filepath.Join(u.dir, "fleet.yaml")
	if err := os.WriteFile(u.file, []byte(upgradeFleet), 0o600); err != nil {
		t.Fatal(err)
	}
	u.formerPrograms()
	t.Cleanup(func() { _ = u.command("down").Run() })
	u.ringspan("up", u.file, "--timeout", "5m")
	u.ringspan("cql", "--region", "north", "-e", `CREATE KEYSPACE shop WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 1, 'dc2': 1};
		CREATE TABLE shop.orders (id int PRIMARY KEY, item text); CONSISTENCY ALL; INSERT INTO shop.orders (id, item) VALUES (1, 'a lamp')`)
	before := u.containers()

	u.programs = bin
	u.ringspan("up", u.file, "--timeout", "5m")
	for region, dc := range map[string]string{"north": "dc1", "south": "dc2"} {
		u.eventually(2*time.Minute, u.conditionIs(region, dc, "RequiresUpdate", "True"))
		u.eventually(time.Minute, u.conditionIs(region, dc, "Ready", "True"))
	}
	u.eventually(time.Minute, u.whole)
	if after := u.containers(); after != before {
		t.Errorf("replacing the operators restarted nodes: before\n%s\nafter\n%s", before, after)
	}
	u.closedStaysClosed()
	if after := u.containers(); after != before {
		t.Errorf("nodes were restarted: before\n%s\nafter\n%s", before, after)
	}
	u.update(before)
	if out := u.ringspan("cql", "--region", "south", "-e", "CONSISTENCY LOCAL_ONE; SELECT item FROM shop.orders"); !strings.Contains(out, "a lamp") {
		t.Errorf("after the update: %s", out)
	}
}

// closedStaysClosed checks that the new operator leaves a port closed that a person
// closed at a node with the former version's agent, and tells of it.
func (u *upgrade) closedStaysClosed() {
	u.t.Helper()
	nodetool := func(command string) {
		u.kubectl("north", "exec", "old-dc1-default-sts-0", "-c", "cassandra", "--", "nodetool", command)
	}
	nodetool("disablebinary")
	u.eventually(time.Minute, u.conditionIs("north", "dc1", "Ready", "False"))
	if got := u.condition("north", "dc1", "Ready"); !strings.Contains(got, "old-dc1-default-sts-0") {
		u.t.Errorf("Ready doesn't name the node: %s", got)
	}
	nodetool("enablebinary")
	u.eventually(time.Minute, u.conditionIs("north", "dc1", "Ready", "True"))
}

// update lets the new version's pods come, which then speak mutual TLS and know who
// they are.
func (u *upgrade) update(before string) {
	u.t.Helper()
	for region, dc := range map[string]string{"north": "dc1", "south": "dc2"} {
		u.kubectl(region, "annotate", "cassdc", dc, "cassandra.datastax.com/autoupdate-spec=once")
	}
	for region, dc := range map[string]string{"north": "dc1", "south": "dc2"} {
		u.eventually(3*time.Minute, u.conditionIs(region, dc, "RequiresUpdate", "False"))
		u.eventually(2*time.Minute, u.conditionIs(region, dc, "Updating", "False"))
	}
	u.eventually(2*time.Minute, u.whole)
	for line := range strings.SplitSeq(before, "\n") {
		if uid := strings.Fields(line); len(uid) > 1 && strings.Contains(u.containers(), uid[1]) {
			u.t.Errorf("a pod was not made anew: %s", line)
		}
	}
	for region, pod := range map[string]string{"north": "old-dc1-default-sts-0", "south": "old-dc2-default-sts-0"} {
		address := u.kubectl(region, "get", "pod", pod, "-o", "jsonpath={.status.podIP}")
		out, err := u.tryKubectl(region, "exec", pod, "-c", "cassandra", "--", "bash", "-c",
			"exec 3<>/dev/tcp/"+address+"/8080 && printf 'GET /api/v0/ops/auth/role HTTP/1.0\r\n\r\n' >&3 && timeout 5 cat <&3")
		if err == nil && strings.Contains(out, "200 OK") {
			u.t.Errorf("the management API of %s answers whoever asks: %s", pod, out)
		}
	}
}
