package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// lifeRing is a ring of one datacenter: three racks, three nodes at first. Its nodes wait five seconds for the ring's
// settling (ringDelay) instead of Cassandra's thirty, so that what is measured isn't that wait alone.
const lifeRing = `
apiVersion: k8ssandra.io/v1alpha1
kind: K8ssandraCluster
metadata: {name: life}
spec:
  auth: false
  cassandra:
    serverVersion: 5.0.9
    softPodAntiAffinity: true
    resources: {requests: {cpu: 50m, memory: 700Mi}, limits: {cpu: "2", memory: 1500Mi}}
    storageConfig: {cassandraDataVolumeClaimSpec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}}
    config: {jvmOptions: {heap_initial_size: 512Mi, heap_max_size: 512Mi, cassandra_ring_delay_ms: 5000, additionalOptions: ["-Dcassandra.broadcast_interval_ms=5000"]}}
    datacenters:
      - {metadata: {name: life1}, k8sContext: eu-west-1, size: 3, racks: [{name: r1}, {name: r2}, {name: r3}]}
`

const (
	ringDelay = 5.0                // seconds
	blob      = 256 << 10          // bytes of a row
	perNode   = 1 << 30            // bytes of data that each of three nodes has
	lifeWait  = 20 * time.Minute   // for one step
	lifeKeys  = perNode / blob     // rows: each node has all of them
	lifeSpace = "life.blobs"       // the table
	lifeDC    = "cassdc/life1"     // in the API
	lifeTask  = "cassandratask/it" // of the step with a task
)

// life is a ring whose nodes come, go, are replaced, restarted and worked on, at rest otherwise.
type life struct {
	home string
	f    *figures
	disk float64 // bytes a second that this disk takes, synced
	boot float64 // seconds of one node's restart
}

// lifeRun measures each step beside what Cassandra itself needs for it in the same run: bytes that are streamed, at the
// speed of the disk, and the waits of the ring.
func lifeRun(home string, f *figures) (err error) {
	l := &life{home: home, f: f}
	data, err := os.ReadFile("examples/article.yaml")
	if err != nil {
		return err
	}
	fleet, _, _ := bytes.Cut(data, []byte("\n---\n"))
	file := filepath.Join(home, "life.yaml")
	if err := os.WriteFile(file, append(bytes.Replace(fleet, []byte("name: article"), []byte("name: bench"), 1), []byte("\n---"+lifeRing)...), 0o600); err != nil {
		return err
	}
	defer func() {
		if out, ended := ringspan(home, "down").CombinedOutput(); ended != nil {
			err = errors.Join(err, fmt.Errorf("ringspan down: %w\n%s", ended, out))
		}
	}()
	if out, err := ringspan(home, "up", file, "--timeout", "10m").CombinedOutput(); err != nil {
		return fmt.Errorf("ringspan up: %w\n%s", err, out)
	}
	if l.disk, err = diskSpeed(home); err != nil {
		return err
	}
	f.add("the disk takes: MiB/s, synced", l.disk/(1<<20))
	seconds, err := l.timed(l.fill)
	if err != nil {
		return fmt.Errorf("filling: %w", err)
	}
	f.add("1 GiB on each of three nodes is written: s", seconds)
	for _, step := range []struct {
		name string
		run  func() error
		need func() float64
	}{
		{"rolling restart of 3 nodes in 3 racks", l.roll, func() float64 { return 0 }},
		{"3 nodes become 6", func() error { return l.resize(6) }, func() float64 { return 3*ringDelay + 1.5*perNode/l.disk }},
		{"a task (flush) over 6 nodes", l.task, func() float64 { return 0 }},
		{"rolling restart of 6 nodes in 3 racks, one at a time", l.roll, func() float64 { return 6 * l.boot }},
		{"rolling restart of 6 nodes in 3 racks, two at a time", l.rollTogether, func() float64 { return 3 * l.boot }},
		{"a node of 6 is replaced", l.replace, func() float64 { return ringDelay + perNode/2/l.disk }},
		{"6 nodes become 3", func() error { return l.resize(3) }, func() float64 { return 3*ringDelay + 1.5*perNode/l.disk }},
	} {
		seconds, err := l.timed(step.run)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		f.add(step.name+": s", seconds)
		if l.boot == 0 {
			l.boot = seconds / 3
			f.add("  for each node: s", l.boot)
		}
		if need := step.need(); need > 0 {
			f.add("  the same ("+step.name+") as a multiple of what Cassandra needs", seconds/need)
		}
	}
	return nil
}

func (l *life) timed(run func() error) (float64, error) {
	begin := time.Now()
	err := run()
	return time.Since(begin).Seconds(), err
}

// diskSpeed writes half a GiB and syncs it.
func diskSpeed(dir string) (bytesPerSecond float64, err error) {
	file, err := os.CreateTemp(dir, "disk-*")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	defer file.Close()
	block := make([]byte, 1<<20)
	_, _ = rand.Read(block) // never fails
	const blocks = 512
	begin := time.Now()
	for range blocks {
		if _, err := file.Write(block); err != nil {
			return 0, err
		}
	}
	if err := file.Sync(); err != nil {
		return 0, err
	}
	return blocks * float64(len(block)) / time.Since(begin).Seconds(), nil
}

func (l *life) kubectl(args ...string) (string, error) {
	cmd := exec.Command("bin/kubectl", append([]string{"--kubeconfig", filepath.Join(l.home, "bench", "kubeconfig"), "--context", "eu-west-1"}, args...)...)
	cmd.Env = append(os.Environ(), "KUBECACHEDIR="+filepath.Join(l.home, "kubectl"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

var forwarding = regexp.MustCompile(`Forwarding from 127\.0\.0\.1:(\d+)`)

// fill writes rows that don't compress, each to all three nodes, through the first node, and flushes them.
func (l *life) fill() error {
	cmd := exec.Command("bin/kubectl", "--kubeconfig", filepath.Join(l.home, "bench", "kubeconfig"), "--context", "eu-west-1", "port-forward", "pod/life-life1-r1-sts-0", ":9042")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	buffer := make([]byte, 4096)
	n, err := out.Read(buffer)
	m := forwarding.FindSubmatch(buffer[:n])
	if err != nil || m == nil {
		return fmt.Errorf("port-forward: %w %s", err, buffer[:n])
	}
	config := gocql.NewCluster(net.IPv4(127, 0, 0, 1).String())
	config.Port, _ = strconv.Atoi(string(m[1])) // digits
	config.DisableInitialHostLookup, config.Timeout, config.ConnectTimeout, config.Consistency = true, time.Minute, time.Minute, gocql.All
	session, err := config.CreateSession()
	if err != nil {
		return err
	}
	defer session.Close()
	for _, statement := range []string{
		"CREATE KEYSPACE life WITH replication = {'class': 'NetworkTopologyStrategy', 'life1': 3}",
		"CREATE TABLE " + lifeSpace + " (id int PRIMARY KEY, what blob) WITH compression = {'enabled': false}",
	} {
		if err := session.Query(statement).Exec(); err != nil {
			return err
		}
	}
	if err := writeBlobs(session); err != nil {
		return err
	}
	for _, rack := range []string{"r1", "r2", "r3"} {
		if out, err := ringspan(l.home, "nodetool", "--region", "eu-west-1", "--node", "life-life1-"+rack+"-sts-0", "flush", "life").CombinedOutput(); err != nil {
			return fmt.Errorf("flush: %w\n%s", err, out)
		}
	}
	return nil
}

func writeBlobs(session *gocql.Session) error {
	keys := make(chan int)
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for range 8 {
		all.Go(func() {
			what := make([]byte, blob)
			for key := range keys {
				_, _ = rand.Read(what) // never fails
				if err := session.Query("INSERT INTO "+lifeSpace+" (id, what) VALUES (?, ?)", key, what).Exec(); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
				}
			}
		})
	}
	for key := range lifeKeys {
		keys <- key
	}
	close(keys)
	all.Wait()
	return failed
}

// until waits for a condition of the datacenter, or of something else that is read with kubectl.
func (l *life) until(what string, good func() (bool, error)) error {
	for deadline := time.Now().Add(lifeWait); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if ok, err := good(); err != nil || ok {
			return err
		}
	}
	conditions, _ := l.kubectl("get", lifeDC, "-o", `jsonpath={range .status.conditions[*]}{.type}={.status} {.message}{"\n"}{end}`)
	return fmt.Errorf("%s is not so after %s:\n%s", what, lifeWait, conditions)
}

// done is when everything that was asked for is done and so many nodes are ready.
func (l *life) done(size int) error {
	return l.until(fmt.Sprintf("a datacenter of %d nodes", size), func() (bool, error) {
		out, err := l.kubectl("get", lifeDC, "-o", `jsonpath={.metadata.generation} {.status.observedGeneration} {.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Updating")].status} {.spec.size}`)
		if err != nil {
			return false, err
		}
		f := strings.Fields(out)
		if len(f) != 5 || f[0] != f[1] || f[2] != "True" || f[3] != "False" || f[4] != strconv.Itoa(size) {
			return false, nil
		}
		pods, err := l.kubectl("get", "pods", "-l", "cassandra.datastax.com/datacenter=life1", "-o", `jsonpath={.items[*].status.containerStatuses[?(@.name=="cassandra")].ready}`)
		return strings.Count(pods, "true") == size && !strings.Contains(pods, "false"), err
	})
}

// resize changes the ring's size, and ends when all nodes are there or have left.
func (l *life) resize(size int) error {
	if _, err := l.kubectl("patch", "k8c", "life", "--type=json", "-p", fmt.Sprintf(`[{"op":"replace","path":"/spec/cassandra/datacenters/0/size","value":%d}]`, size)); err != nil {
		return err
	}
	return l.done(size)
}

// roll makes all pods anew.
func (l *life) roll() error { return l.job("restart", map[string]any{}) }

func (l *life) rollTogether() error {
	if _, err := l.kubectl("patch", lifeDC, "--type=merge", "-p", `{"spec":{"maxUnavailable":2}}`); err != nil {
		return err
	}
	return l.roll()
}

// job makes a task of one job and waits for its end.
func (l *life) job(command string, args map[string]any) error {
	task, err := json.Marshal(map[string]any{
		"apiVersion": "control.k8ssandra.io/v1alpha1", "kind": "CassandraTask", "metadata": map[string]any{"name": "it", "namespace": "default"},
		"spec": map[string]any{"datacenter": map[string]any{"name": "life1"}, "jobs": []any{map[string]any{"name": "it", "command": command, "args": args}}},
	})
	if err != nil {
		return err
	}
	file := filepath.Join(l.home, "task.json")
	if err := os.WriteFile(file, task, 0o600); err != nil {
		return err
	}
	if _, err := l.kubectl("apply", "-f", file); err != nil {
		return err
	}
	if err := l.until("the task "+command, func() (bool, error) {
		out, err := l.kubectl("get", lifeTask, "-o", `jsonpath={range .status.conditions[?(@.status=="True")]}{.type} {.message} {end}`)
		if strings.Contains(out, "Failed") {
			return false, fmt.Errorf("it failed: %s", out)
		}
		return strings.Contains(out, "Complete"), err
	}); err != nil {
		return err
	}
	_, err = l.kubectl("delete", lifeTask)
	return err
}

func (l *life) task() error { return l.job("flush", map[string]any{}) }

func (l *life) replace() error {
	if err := l.job("replacenode", map[string]any{"pod_name": "life-life1-r2-sts-0"}); err != nil {
		return err
	}
	return l.done(6)
}
