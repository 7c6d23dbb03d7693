//go:build long

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// peers is the namespace of the stories that users of cass-operator know: CassandraDatacenters without a K8ssandraCluster,
// in one region, of the shape that its samples have.
const peers = "peers"

// datacenterOf is the manifest that those stories have in common: three racks with a node each; more is a patch of its spec.
func datacenterOf(t *testing.T, cluster, name string, more map[string]any) {
	t.Helper()
	spec := map[string]any{
		"clusterName": cluster, "serverType": "cassandra", "serverVersion": "5.0.9", "size": 3,
		"managementApiAuth": map[string]any{"insecure": map[string]any{}},
		"storageConfig": map[string]any{"cassandraDataVolumeClaimSpec": map[string]any{
			"storageClassName": "standard", "accessModes": []string{"ReadWriteOnce"}, "resources": map[string]any{"requests": map[string]any{"storage": "1Gi"}},
		}},
		"racks":                       []any{map[string]any{"name": "r1"}, map[string]any{"name": "r2"}, map[string]any{"name": "r3"}},
		"allowMultipleNodesPerWorker": true,
		"resources":                   map[string]any{"requests": map[string]any{"cpu": "50m", "memory": "700Mi"}, "limits": map[string]any{"cpu": "2", "memory": "1Gi"}},
		"config": map[string]any{
			"jvm-server-options": map[string]any{"initial_heap_size": "512m", "max_heap_size": "512m", "cassandra_ring_delay_ms": 5000},
		},
	}
	for key, value := range more {
		if value == nil {
			delete(spec, key)
		} else {
			spec[key] = value
		}
	}
	dc := map[string]any{"apiVersion": "cassandra.datastax.com/v1beta1", "kind": "CassandraDatacenter", "metadata": map[string]any{"name": name, "namespace": peers}, "spec": spec}
	applyObjects(t, map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": peers}}, dc)
}

func applyObjects(t *testing.T, objects ...map[string]any) {
	t.Helper()
	data, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "objects.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, west, "apply", "-f", file)
}

// peer is one datacenter of those stories.
type peer struct{ cluster, name string }

func (p peer) pod(rack string, ordinal int) string {
	return fmt.Sprintf("%s-%s-%s-sts-%d", p.cluster, p.name, rack, ordinal)
}

func (p peer) get(t *testing.T, what, path string) string {
	t.Helper()
	return kubectl(t, west, "-n", peers, "get", what, "--ignore-not-found", "-o", "jsonpath="+path)
}

func (p peer) patch(t *testing.T, spec string) {
	t.Helper()
	kubectl(t, west, "-n", peers, "patch", "cassdc", p.name, "--type=merge", "-p", `{"spec":`+spec+`}`)
}

func (p peer) annotate(t *testing.T, annotations ...string) {
	t.Helper()
	kubectl(t, west, append([]string{"-n", peers, "annotate", "--overwrite", "cassdc", p.name}, annotations...)...)
}

const conditionsPath = `{range .status.conditions[*]}{.type}={.status} {.reason} {.message}{"\n"}{end}`

// settled waits until all that is asked for is done, and so many nodes are ready, and up in the eyes of one of them.
func (p peer) settled(t *testing.T, nodes int) {
	t.Helper()
	generation := p.get(t, "cassdc/"+p.name, "{.metadata.generation}") // a watch first: a look costs a process
	_ = kubectlCommand(west, "-n", peers, "wait", "cassdc/"+p.name, "--for=jsonpath={.status.observedGeneration}="+generation, "--timeout=8m").Run()
	eventually(t, time.Minute, func() error {
		if generations := strings.Fields(p.get(t, "cassdc/"+p.name, "{.metadata.generation} {.status.observedGeneration}")); len(generations) != 2 || generations[0] != generations[1] {
			return fmt.Errorf("generations %v: %s", generations, p.get(t, "cassdc/"+p.name, conditionsPath))
		}
		if conditions := p.get(t, "cassdc/"+p.name, conditionsPath); !strings.Contains(conditions, "Ready=True") || strings.Contains(conditions, "Updating=True") {
			return fmt.Errorf("conditions: %s", conditions)
		}
		if pods := p.pods(t); len(pods) != nodes {
			return fmt.Errorf("%d pods instead of %d: %v", len(pods), nodes, pods)
		}
		return nil
	})
	if nodes > 0 {
		if status := ringspan(t, "nodetool", "--region", west, "--node", p.first(t), "--", "status"); strings.Count(status, "UN ") != nodes || strings.Contains(status, "DN ") {
			t.Errorf("instead of %d nodes the ring has\n%s", nodes, status)
		}
	}
}

// pods are the UIDs of its pods by name.
func (p peer) pods(t *testing.T) map[string]string {
	t.Helper()
	pods := map[string]string{}
	text := kubectl(t, west, "-n", peers, "get", "pods", "-l", "cassandra.datastax.com/datacenter="+p.name+",cassandra.datastax.com/cluster="+p.cluster, "-o", `jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}{"\n"}{end}`)
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 2 {
			pods[f[0]] = f[1]
		}
	}
	return pods
}

func (p peer) first(t *testing.T) string {
	t.Helper()
	pods := p.pods(t)
	for name := range pods {
		if strings.HasSuffix(name, "-sts-0") {
			return name
		}
	}
	t.Fatalf("no pod of %s: %v", p.name, pods)
	return ""
}

// madeAnew are the names of pods that are others than before, sorted.
func (p peer) madeAnew(t *testing.T, before map[string]string) (names []string) {
	t.Helper()
	for name, uid := range p.pods(t) {
		if old := before[name]; old != "" && old != uid {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (p peer) cql(t *testing.T, pod, script string) string {
	t.Helper()
	return ringspan(t, "cql", "--region", west, "--node", pod, "-o", "json", "-e", script)
}

// setting is what a node works with.
func (p peer) setting(t *testing.T, pod, name string) string {
	t.Helper()
	var row struct{ Value string }
	out := p.cql(t, pod, "SELECT value FROM system_views.settings WHERE name = '"+name+"'")
	if err := json.Unmarshal([]byte(out), &row); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return row.Value
}

// fill writes rows with a replica on each of three nodes.
func (p peer) fill(t *testing.T) {
	t.Helper()
	var script strings.Builder
	fmt.Fprintf(&script, "CREATE KEYSPACE kept WITH replication = {'class': 'NetworkTopologyStrategy', '%s': 3}; CREATE TABLE kept.rows (id int PRIMARY KEY, what text);", p.name)
	script.WriteString("CONSISTENCY ALL;")
	for i := range rows {
		fmt.Fprintf(&script, "INSERT INTO kept.rows (id, what) VALUES (%d, 'row %d');", i, i)
	}
	p.cql(t, p.first(t), script.String())
}

// hasRows asks two of three replicas.
func (p peer) hasRows(t *testing.T) {
	t.Helper()
	if out := p.cql(t, p.first(t), "CONSISTENCY LOCAL_QUORUM; SELECT what FROM kept.rows"); strings.Count(out, "row ") != rows {
		t.Errorf("%d of %d rows: %s", strings.Count(out, "row "), rows, out)
	}
}

// task makes a CassandraTask of one job and waits for its end; it returns how many pods ended well.
func (p peer) task(t *testing.T, name, command, args string) string {
	t.Helper()
	applyObjects(t, map[string]any{
		"apiVersion": "control.k8ssandra.io/v1alpha1", "kind": "CassandraTask", "metadata": map[string]any{"name": name, "namespace": peers},
		"spec": map[string]any{"datacenter": map[string]any{"name": p.name, "namespace": peers}, "jobs": []any{map[string]any{"name": name, "command": command, "args": json.RawMessage(args)}}},
	})
	eventually(t, 6*time.Minute, func() error {
		return contains(kubectl(t, west, "-n", peers, "get", "cassandratask", name, "-o", "jsonpath="+conditionsPath), "Complete=True")
	})
	return kubectl(t, west, "-n", peers, "get", "cassandratask", name, "-o", "jsonpath={.status.succeeded} failed={.status.failed}")
}

// TestStoriesOfCassOperator plays on one datacenter what cass-operator's users expect of it, a story a step.
func TestStoriesOfCassOperator(t *testing.T) {
	theRegions(t)
	p := peer{"cluster1", "dc1"}
	inTurn(t, p, []chapter[peer]{
		{"config_secret", peerConfigSecret},
		{"canary_upgrade", peerCanary},
		{"rolling_restart", peerRollingRestart},
		{"all commands of a task", peerTasks},
		{"pvc_expansion", peerVolumes},
		{"stop_resume", peerStopResume},
		{"stop_resume_scale_up", peerScaleUpWhileStopped},
		{"scale_down_unbalanced_racks", peerUnbalanced},
		{"scale_up_stop_resume", peerStopWhileScalingUp},
		{"scale_down_not_enough_space", peerTooFew},
		{"scale_down", peerScaleDown},
		{"add_racks", peerAddRack},
		{"delete_node_terminated_container", peerEndedContainer},
		{"node_replace", peerReplace},
		{"test_bad_config_and_fix", peerBadConfig},
		{"terminate", peerTerminate},
	})
}

// chapter is a part of a story that plays with something.
type chapter[T any] struct {
	name string
	run  func(*testing.T, T)
}

// inTurn plays chapters, each of which needs those before it.
func inTurn[T any](t *testing.T, with T, chapters []chapter[T]) {
	t.Helper()
	for _, c := range chapters {
		if !t.Run(c.name, func(t *testing.T) { c.run(t, with) }) {
			t.Fatalf("what follows %q needs it", c.name)
		}
	}
}

func peerConfigSecret(t *testing.T, p peer) {
	secret := func(timeout string) {
		applyObjects(t, map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": peers}}, map[string]any{
			"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "test-config", "namespace": peers},
			"stringData": map[string]any{"config": `{"cassandra-yaml": {"read_request_timeout": "` + timeout + `"}, "jvm-server-options": {"initial_heap_size": "512M", "max_heap_size": "512M", "cassandra_ring_delay_ms": 5000}}`},
		})
	}
	secret("5000ms")
	datacenterOf(t, p.cluster, p.name, map[string]any{"config": nil, "configSecret": "test-config"})
	p.settled(t, 3)
	p.fill(t)
	before := p.pods(t)
	for pod := range before {
		if got := p.setting(t, pod, "read_request_timeout"); got != "5000ms" {
			t.Errorf("%s has %s", pod, got)
		}
	}
	secret("10000ms")
	eventually(t, 5*time.Minute, func() error { return differs(len(p.madeAnew(t, before)), 3) })
	p.settled(t, 3)
	for pod := range before {
		if got := p.setting(t, pod, "read_request_timeout"); got != "10000ms" {
			t.Errorf("%s has %s", pod, got)
		}
	}
	p.hasRows(t)
}

func differs[T comparable](got, want T) error {
	if got != want {
		return fmt.Errorf("%v instead of %v", got, want)
	}
	return nil
}

// One node gets the change first; the others when the canary is taken away.
func peerCanary(t *testing.T, p peer) {
	before := p.pods(t)
	p.patch(t, `{"canaryUpgrade": true, "canaryUpgradeCount": 1, "podTemplateSpec": {"metadata": {"annotations": {"canary": "first"}}, "spec": {"containers": []}}}`)
	eventually(t, 4*time.Minute, func() error {
		return differs(strings.Join(p.madeAnew(t, before), " "), p.pod("r1", 0))
	})
	eventually(t, 4*time.Minute, func() error {
		conditions := p.get(t, "cassdc/"+p.name, conditionsPath)
		if !strings.Contains(conditions, "Ready=True") {
			return fmt.Errorf("conditions: %s", conditions)
		}
		return contains(conditions, "spec.canaryUpgrade to be false")
	})
	if anew := p.madeAnew(t, before); len(anew) != 1 {
		t.Errorf("the canary is one pod, and made anew are %v", anew)
	}
	p.patch(t, `{"canaryUpgrade": false}`)
	eventually(t, 5*time.Minute, func() error { return differs(len(p.madeAnew(t, before)), 3) })
	p.settled(t, 3)
	if got := p.get(t, "pod/"+p.pod("r3", 0), "{.metadata.annotations.canary}"); got != "first" {
		t.Errorf("the last pod's annotation is %q", got)
	}
	p.hasRows(t)
}

// The old field, which is false again when the restart has begun, and the task with cass-operator's arguments.
func peerRollingRestart(t *testing.T, p peer) {
	before := p.pods(t)
	p.patch(t, `{"rollingRestartRequested": true}`)
	eventually(t, 5*time.Minute, func() error { return differs(len(p.madeAnew(t, before)), 3) })
	p.settled(t, 3)
	if got := p.get(t, "cassdc/"+p.name, "{.spec.rollingRestartRequested}"); got == "true" {
		t.Error("rollingRestartRequested is still true")
	}
	before = p.pods(t)
	if got := p.task(t, "rolling-restart-fast", "restart", `{"fast": true}`); !strings.HasPrefix(got, "3 ") {
		t.Errorf("succeeded: %s", got)
	}
	p.settled(t, 3)
	if anew := p.madeAnew(t, before); len(anew) != 3 {
		t.Errorf("made anew: %v", anew)
	}
	p.hasRows(t)
}

func peerTasks(t *testing.T, p peer) {
	for _, one := range []struct{ command, args, succeeded string }{
		{"cleanup", `{"keyspace_name": "kept"}`, "3"},
		{"flush", `{"pod_name": "` + p.pod("r2", 0) + `"}`, "1"},
		{"compact", `{"keyspace_name": "kept", "tables": ["rows"], "split_output": true}`, "3"},
		{"scrub", `{"keyspace_name": "kept", "no_snapshot": true}`, "3"},
		{"garbagecollect", `{"keyspace_name": "kept"}`, "3"},
		{"upgradesstables", `{"keyspace_name": "kept"}`, "3"},
	} {
		if got := p.task(t, "every-"+one.command, one.command, one.args); !strings.HasPrefix(got, one.succeeded+" ") {
			t.Errorf("%s: succeeded: %s\n%s", one.command, got, kubectl(t, west, "-n", peers, "get", "cassandratask", "every-"+one.command, "-o", "jsonpath={.status}"))
		}
	}
	p.hasRows(t)
}

func peerVolumes(t *testing.T, p peer) {
	before := p.pods(t)
	p.annotate(t, "cassandra.datastax.com/allow-storage-changes=true")
	p.patch(t, `{"storageConfig": {"cassandraDataVolumeClaimSpec": {"resources": {"requests": {"storage": "2Gi"}}}}}`)
	eventually(t, 4*time.Minute, func() error {
		sizes := kubectl(t, west, "-n", peers, "get", "pvc", "-o", "jsonpath={range .items[*]}{.status.capacity.storage} {end}")
		return differs(sizes, "2Gi 2Gi 2Gi")
	})
	p.settled(t, 3)
	if set := p.get(t, "sts/"+strings.TrimSuffix(p.pod("r1", 0), "-0"), "{.spec.volumeClaimTemplates[0].spec.resources.requests.storage}"); set != "2Gi" {
		t.Errorf("the StatefulSet asks for %s", set)
	}
	if anew := p.madeAnew(t, before); len(anew) != 0 {
		t.Errorf("a volume that grows restarts nobody: %v", anew)
	}
}

func peerStopResume(t *testing.T, p peer) {
	p.patch(t, `{"stopped": true}`)
	eventually(t, 4*time.Minute, func() error { return differs(len(p.pods(t)), 0) })
	if claims := kubectl(t, west, "-n", peers, "get", "pvc", "-o", "name"); strings.Count(claims, "persistentvolumeclaim/") != 3 {
		t.Errorf("claims: %s", claims)
	}
	p.patch(t, `{"stopped": false}`)
	p.settled(t, 3)
	p.hasRows(t)
}

func peerScaleUpWhileStopped(t *testing.T, p peer) {
	p.patch(t, `{"stopped": true}`)
	eventually(t, 4*time.Minute, func() error { return differs(len(p.pods(t)), 0) })
	p.patch(t, `{"size": 4}`)
	eventually(t, time.Minute, func() error {
		if seen := strings.Fields(p.get(t, "cassdc/"+p.name, "{.metadata.generation} {.status.seenGeneration}")); len(seen) != 2 || seen[0] != seen[1] {
			return fmt.Errorf("the size has yet to be seen: %v", seen)
		}
		return contains(p.get(t, "cassdc/"+p.name, conditionsPath), "Stopped=True")
	})
	if pods := p.pods(t); len(pods) != 0 {
		t.Errorf("a datacenter that is stopped has pods: %v", pods)
	}
	p.patch(t, `{"stopped": false}`)
	p.settled(t, 4)
	p.hasRows(t)
}

// Four nodes in three racks: the fourth is the one that goes.
func peerUnbalanced(t *testing.T, p peer) {
	p.patch(t, `{"size": 3}`)
	p.settled(t, 3)
	if _, there := p.pods(t)[p.pod("r1", 1)]; there {
		t.Error("the pod that made the racks uneven is there")
	}
	p.hasRows(t)
}

// A datacenter is stopped while nodes join, and has all of them when it goes on.
func peerStopWhileScalingUp(t *testing.T, p peer) {
	p.patch(t, `{"size": 5}`)
	eventually(t, 2*time.Minute, func() error {
		if len(p.pods(t)) < 4 {
			return fmt.Errorf("pods: %v", p.pods(t))
		}
		return nil
	})
	p.patch(t, `{"stopped": true}`)
	eventually(t, 6*time.Minute, func() error { return differs(len(p.pods(t)), 0) })
	p.patch(t, `{"stopped": false}`)
	p.settled(t, 5)
	p.hasRows(t)
}

// Nodes leave although the operator, and a JVM, end meanwhile.
func peerScaleDown(t *testing.T, p peer) {
	p.patch(t, `{"size": 3}`)
	record := func() error {
		if got := p.get(t, "cassdc/"+p.name, `{.metadata.annotations.ringspan\.io/decommission}`); got == "" {
			return fmt.Errorf("no node leaves: %s", p.get(t, "cassdc/"+p.name, conditionsPath))
		}
		return nil
	}
	eventually(t, 2*time.Minute, record)
	kubectl(t, west, "-n", "ringspan-system", "delete", "pods", "--all", "--force", "--grace-period=0")
	if all := jvms(); len(all) > 0 { // whichever it is: a member that is killed comes back, one that leaves goes on leaving
		_ = syscall.Kill(all[len(all)-1], syscall.SIGKILL)
	}
	p.settled(t, 3)
	if claims := kubectl(t, west, "-n", peers, "get", "pvc", "-o", "name"); strings.Count(claims, "persistentvolumeclaim/") != 3 {
		t.Errorf("claims: %s", claims)
	}
	p.hasRows(t)
}

// What has no room is refused before a node leaves. Here it is a replica that would have no node: volumes of the embedded cloud share
// one disk and are never short of space. When the keyspace is gone the nodes leave.
func peerTooFew(t *testing.T, p peer) {
	p.patch(t, `{"size": 5}`)
	p.settled(t, 5)
	before := p.pods(t)
	p.cql(t, p.first(t), "CREATE KEYSPACE wide WITH replication = {'class': 'NetworkTopologyStrategy', '"+p.name+"': 5}")
	p.patch(t, `{"size": 3}`)
	eventually(t, time.Minute, func() error {
		return contains(p.get(t, "cassdc/"+p.name, conditionsPath), "Valid=False tooManyReplicasToScaleDown")
	})
	if record := p.get(t, "cassdc/"+p.name, `{.metadata.annotations.ringspan\.io/decommission}`); record != "" {
		t.Errorf("it is refused, and %s leaves", record)
	}
	p.patch(t, `{"size": 5}`)
	p.settled(t, 5)
	p.cql(t, p.first(t), "DROP KEYSPACE wide")
	if anew := p.madeAnew(t, before); len(anew) != 0 {
		t.Errorf("made anew: %v", anew)
	}
}

func peerAddRack(t *testing.T, p peer) {
	p.patch(t, `{"size": 4, "racks": [{"name": "r1"}, {"name": "r2"}, {"name": "r3"}, {"name": "r4"}]}`)
	p.settled(t, 4)
	if _, there := p.pods(t)[p.pod("r4", 0)]; !there {
		t.Errorf("pods: %v", p.pods(t))
	}
	kubectl(t, west, "-n", peers, "patch", "cassdc", p.name, "--type=merge", "-p", // in one edit: the name of a rack that is in the spec is refused
		`{"metadata": {"annotations": {"ringspan.io/remove-racks": "r4"}}, "spec": {"size": 3, "racks": [{"name": "r1"}, {"name": "r2"}, {"name": "r3"}]}}`)
	p.settled(t, 3)
	if left := kubectl(t, west, "-n", peers, "get", "sts", "-o", "name"); strings.Contains(left, "r4") {
		t.Errorf("StatefulSets: %s", left)
	}
	p.hasRows(t)
}

// The container of a node ends, its agent and its JVM with it: it runs again, in the same pod or another, as the same member.
func peerEndedContainer(t *testing.T, p peer) {
	hosts := p.get(t, "cassdc/"+p.name, "{.status.nodeStatuses.*.hostID}")
	agents := func() []process {
		return ofLab(func(p process) bool {
			return strings.Contains(p.name, "ringspan-agent") && strings.Contains(p.line, " run")
		})
	}
	all := agents()
	if len(all) < 3 {
		t.Fatalf("agents: %+v", all)
	}
	if err := syscall.Kill(all[0].pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, func() error {
		if now := agents(); len(now) == len(all) && now[0].pid != all[0].pid {
			return nil
		}
		return fmt.Errorf("agents: %+v", agents())
	})
	p.settled(t, 3)
	if after := p.get(t, "cassdc/"+p.name, "{.status.nodeStatuses.*.hostID}"); after != hosts {
		t.Errorf("host ids %s instead of %s", after, hosts)
	}
	p.hasRows(t)
}

// By the field, then by a task: the claim and the host id are others, and the rows are there.
func peerReplace(t *testing.T, p peer) {
	pod := p.pod("r3", 0)
	host := func() string {
		return p.get(t, "cassdc/"+p.name, "{.status.nodeStatuses."+pod+".hostID}") + " " + p.get(t, "pvc/server-data-"+pod, "{.metadata.uid}")
	}
	before := strings.Fields(host())
	p.patch(t, `{"replaceNodes": ["`+pod+`"]}`)
	eventually(t, 6*time.Minute, func() error {
		if after := strings.Fields(host()); len(after) != 2 || after[0] == before[0] || after[1] == before[1] {
			return fmt.Errorf("%v, and was %v: %s", after, before, p.get(t, "cassdc/"+p.name, conditionsPath))
		}
		return nil
	})
	p.settled(t, 3)
	if left := p.get(t, "cassdc/"+p.name, "{.spec.replaceNodes}"); left != "" && left != "[]" {
		t.Errorf("replaceNodes: %s", left)
	}
	before = strings.Fields(host())
	if got := p.task(t, "replace-node", "replacenode", `{"pod_name": "`+pod+`"}`); !strings.HasPrefix(got, "1 ") {
		t.Errorf("succeeded: %s", got)
	}
	p.settled(t, 3)
	if after := strings.Fields(host()); len(after) != 2 || after[0] == before[0] || after[1] == before[1] {
		t.Errorf("%v, and was %v", after, before)
	}
	p.hasRows(t)
}

// Cassandra refuses a value: one pod is down, no other is touched, and the mended spec heals it.
func peerBadConfig(t *testing.T, p peer) {
	before := p.pods(t)
	p.annotate(t, "cassandra.datastax.com/autoupdate-spec=always")
	kubectl(t, west, "-n", peers, "create", "secret", "generic", "bad-config", `--from-literal=config={"cassandra-yaml": {"partitioner": "NoSuchPartitioner"}}`)
	p.patch(t, `{"configSecret": "bad-config"}`)
	eventually(t, 4*time.Minute, func() error {
		return contains(p.get(t, "cassdc/"+p.name, conditionsPath), "Ready=False NodeFailed node "+p.pod("r1", 0)+": Invalid partitioner class NoSuchPartitioner")
	})
	if anew := p.madeAnew(t, before); len(anew) > 1 {
		t.Errorf("made anew: %v", anew)
	}
	p.patch(t, `{"configSecret": "test-config"}`)
	p.settled(t, 3)
	p.hasRows(t)
}

func peerTerminate(t *testing.T, p peer) {
	kubectl(t, west, "-n", peers, "delete", "cassdc", p.name, "--timeout=3m")
	eventually(t, 2*time.Minute, func() error {
		if left := kubectl(t, west, "-n", peers, "get", "cassdc,sts,pods,pvc,services", "-o", "name"); left != "" {
			return fmt.Errorf("left: %s", strings.ReplaceAll(left, "\n", ", "))
		}
		return nil
	})
}
