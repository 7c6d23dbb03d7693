//go:build long

package e2e

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// load writes and reads rows with LOCAL_QUORUM, through one node, until it is ended.
type load struct {
	end, done chan struct{}
	once      sync.Once

	sent   int // to be read when it is done, as the errors
	errors []error
}

func startLoad(t *testing.T, p peer, pod string) *load {
	t.Helper()
	port, closePort := forward(t, west, peers, pod)
	config := gocql.NewCluster(net.IPv4(127, 0, 0, 1).String())
	config.Port, config.DisableInitialHostLookup, config.Consistency = port, true, gocql.LocalQuorum
	config.Timeout, config.ConnectTimeout = 15*time.Second, 15*time.Second
	session, err := config.CreateSession()
	if err != nil {
		closePort()
		t.Fatal(err)
	}
	p.cql(t, pod, "CREATE TABLE kept.load (id int PRIMARY KEY, what text)")
	l := &load{end: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		defer closePort()
		defer session.Close()
		for pause := time.NewTicker(20 * time.Millisecond); ; {
			l.sent++
			key, what := l.sent%1000, fmt.Sprint("row ", l.sent)
			err := session.Query("INSERT INTO kept.load (id, what) VALUES (?, ?)", key, what).Exec()
			if err == nil {
				var got string
				if err = session.Query("SELECT what FROM kept.load WHERE id = ?", key).Scan(&got); err == nil && got != what {
					err = fmt.Errorf("%q was written and %q is read", what, got)
				}
			}
			if err != nil {
				l.errors = append(l.errors, fmt.Errorf("at %s: %w", time.Now().UTC().Format(time.TimeOnly), err))
			}
			select {
			case <-l.end:
				return
			case <-pause.C:
			}
		}
	}()
	return l
}

// ended says how many of how many went wrong. Asked twice, it says so once.
func (l *load) ended(t *testing.T) {
	t.Helper()
	l.once.Do(func() { l.judge(t) })
}

func (l *load) judge(t *testing.T) {
	t.Helper()
	close(l.end)
	<-l.done
	t.Logf("the client wrote and read %d times, of which %d failed", l.sent, len(l.errors))
	if l.sent < 100 || len(l.errors) > 0 {
		t.Errorf("%d of %d failed: %v", len(l.errors), l.sent, l.errors[:min(len(l.errors), 5)])
	}
}

// TestStoriesOfALostZone takes a zone away with all volumes in it: the nodes of its rack wait, by name, for machines in it, and are
// replaced when there are some, while a client goes on with two of three replicas.
func TestStoriesOfALostZone(t *testing.T) {
	theRegions(t)
	p := peer{"cluster6", "dc6"}
	racks := []any{}
	for i, zone := range []string{"a", "b", "c"} {
		racks = append(racks, map[string]any{"name": fmt.Sprintf("r%d", i+1), "nodeAffinityLabels": map[string]any{"topology.kubernetes.io/zone": west + zone}})
	}
	datacenterOf(t, p.cluster, p.name, map[string]any{"size": 6, "racks": racks})
	p.settled(t, 6)
	p.fill(t)
	lost := []string{p.pod("r2", 0), p.pod("r2", 1)}
	hosts := func() string {
		return p.get(t, "cassdc/"+p.name, "{.status.nodeStatuses."+lost[0]+".hostID} {.status.nodeStatuses."+lost[1]+".hostID}")
	}
	before := hosts()
	l := startLoad(t, p, p.pod("r1", 0))
	defer l.ended(t)

	zone := "topology.kubernetes.io/zone=" + west + "b"
	kubectl(t, west, "cordon", "-l", zone)
	t.Cleanup(func() { kubectl(t, west, "uncordon", "-l", zone) })
	for _, pod := range lost {
		kubectl(t, west, "-n", peers, "delete", "pvc", "server-data-"+pod, "--wait=false")
		kubectl(t, west, "-n", peers, "delete", "pod", pod, "--wait=false", "--force", "--grace-period=0")
	}
	eventually(t, 3*time.Minute, func() error {
		conditions := p.get(t, "cassdc/"+p.name, conditionsPath)
		if !strings.Contains(conditions, "Ready=False") || !strings.Contains(conditions, "can't be placed where rack r2 is ("+zone+"), and waits for a machine there") {
			return fmt.Errorf("nobody says that rack r2 has no machines: %s", conditions)
		}
		return nil
	})
	kubectl(t, west, "uncordon", "-l", zone)
	eventually(t, 8*time.Minute, func() error { // one after the other
		return contains(p.get(t, "cassdc/"+p.name, conditionsPath), "Ready=True")
	})
	p.settled(t, 6)
	if after := strings.Fields(hosts()); len(after) != 2 || strings.Contains(before, after[0]) || strings.Contains(before, after[1]) {
		t.Errorf("host ids %v, and were %s", after, before)
	}
	p.hasRows(t)
	l.ended(t)
	here := 0
	for _, pod := range lost {
		here += p.partitions(t, pod)
	}
	if here < rows*9/10 { // an estimate
		t.Errorf("the nodes of rack r2 have %d of the %d rows", here, rows)
	}
	peerTerminate(t, p)
}

var partitions = regexp.MustCompile(`Number of partitions \(estimate\): (\d+)`)

// partitions are those of the rows that a node has itself, as it estimates.
func (p peer) partitions(t *testing.T, pod string) int {
	t.Helper()
	ringspan(t, "nodetool", "--region", west, "--node", pod, "--", "flush", "kept")
	out := ringspan(t, "nodetool", "--region", west, "--node", pod, "--", "tablestats", "kept.rows")
	m := partitions.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("nodetool tablestats says\n%s", out)
	}
	n, _ := strconv.Atoi(m[1]) // digits
	return n
}

// TestStoriesOfADrain empties a machine of one region with kubectl drain while a task restarts the nodes of the other, then one
// of the very region that restarts: never are two nodes of a datacenter away.
func TestStoriesOfADrain(t *testing.T) {
	theRing(t)
	away := map[string]int{west: 0, central: 0}
	look := func() {
		for region, most := range away {
			ready := kubectl(t, region, "get", "pods", "-l", "cassandra.datastax.com/cluster="+ring, "-o", `jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status} {end}`)
			away[region] = max(most, 3-strings.Count(ready, "True"))
		}
	}
	machine := func(region, pod string) string {
		return kubectl(t, region, "get", "pod", pod, "-o", "jsonpath={.spec.nodeName}")
	}
	first, second := machine(west, ring+"-dc1-rack1-sts-0"), machine(central, ring+"-dc2-rack3-sts-0")
	for region, name := range map[string]string{west: first, central: second} {
		t.Cleanup(func() { kubectl(t, region, "uncordon", name) })
	}
	drain := func(region, name string) { // during a roll of dc2
		t.Helper()
		var made, now shownTask
		shown(t, &made, "run", "restart", "--datacenter", "dc2", "--wait=false")
		eventually(t, 2*time.Minute, func() error {
			if look(); away[central] == 0 {
				return errors.New("no node of dc2 has been restarted yet")
			}
			return nil
		})
		if shown(t, &now, "status", made.Name); now.State == "completed" {
			t.Errorf("the task %s is over before the machine is drained", made.Name)
		}
		cmd := kubectlCommand(region, "drain", name, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=5m", "--pod-selector=cassandra.datastax.com/cluster="+ring)
		done := make(chan error, 1)
		go func() { out, err := cmd.CombinedOutput(); done <- wrap(err, out) }()
		eventually(t, 6*time.Minute, func() error {
			look()
			select {
			case err := <-done:
				if err != nil {
					t.Fatalf("kubectl drain: %v", err)
				}
				return nil
			default:
				return fmt.Errorf("drain of %s goes on", name)
			}
		})
		kubectl(t, region, "uncordon", name)
		eventually(t, 6*time.Minute, func() error {
			look()
			shown(t, &now, "status", made.Name)
			return differs(now.State, "completed")
		})
		ringspan(t, "task", "delete", made.Name)
		awaitWhole(t)
		if most := away[central]; most > 1 {
			t.Errorf("%d nodes of %s were away together", most, central)
		}
		away[central] = 0
	}
	drain(west, first)
	drain(central, second)
	if most := away[west]; most != 1 {
		t.Errorf("%d nodes of %s were away together, and one was to be drained", most, west)
	}
}

func wrap(err error, out []byte) error {
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}
