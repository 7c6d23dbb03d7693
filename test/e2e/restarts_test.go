package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func contains(s, part string) error {
	if strings.Contains(s, part) {
		return nil
	}
	return fmt.Errorf("%q is not in %q", part, s)
}

const ready = "jsonpath={range .items[*]}{.metadata.uid} {.status.conditions[?(@.type=='Ready')].status} {.spec.containers[0].env[?(@.name=='CONFIG_FILE_DATA')].value}{'\\n'}{end}"

// pods are a region's Cassandra pods: one line each, with UID, readiness and
// configuration.
func pods(t *testing.T, region string) []string {
	t.Helper()
	return strings.Split(kubectl(t, region, "get", "pods", "-l", "cassandra.datastax.com/cluster", "-o", ready), "\n")
}

func uids(t *testing.T, region string) string {
	t.Helper()
	var all []string
	for _, line := range pods(t, region) {
		all = append(all, strings.Fields(line)[0])
	}
	return strings.Join(all, " ")
}

// rolled says whether all pods of a region are ready with a configuration.
func rolled(t *testing.T, region, part string) error {
	t.Helper()
	for _, line := range pods(t, region) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[1] != "True" || !strings.Contains(line, part) {
			return fmt.Errorf("a pod of %s is not there yet: %.60s", region, line)
		}
	}
	return nil
}

// A lost pod comes back with its volume and host id, at another address.
func TestALostPodComesBack(t *testing.T) {
	theRing(t)
	pod := ring + "-dc1-rack2-sts-0"
	before := nodeOf(t, pod)
	kubectl(t, west, "delete", "pod", pod)
	awaitWhole(t)
	if after := nodeOf(t, pod); after.HostID != before.HostID || after.Address == before.Address {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

// A task restarts one rack of a datacenter: its node comes back with its data, and the pods of other racks stay.
func TestATaskRestartsARack(t *testing.T) {
	theRing(t)
	pod := ring + "-dc1-rack2-sts-0"
	before, pods := nodeOf(t, pod), strings.Fields(uids(t, west))
	task := filepath.Join(t.TempDir(), "task.yaml")
	if err := os.WriteFile(task, []byte(`
apiVersion: control.k8ssandra.io/v1alpha1
kind: CassandraTask
metadata: {name: restart-rack2}
spec: {datacenter: {name: dc1}, jobs: [{name: restart, command: restart, args: {rack: rack2}}]}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, west, "apply", "-f", task)
	defer kubectl(t, west, "delete", "cassandratask", "restart-rack2")
	eventually(t, 4*time.Minute, func() error {
		return contains(kubectl(t, west, "get", "cassandratask", "restart-rack2", "-o", "jsonpath={range .status.conditions[*]}{.type}={.status} {.message} {end}{.status.podStatuses}"), "Complete=True 1 pod")
	})
	awaitWhole(t)
	if after := nodeOf(t, pod); after.HostID != before.HostID || after.Address == before.Address {
		t.Errorf("the node was %+v and is %+v", before, after)
	}
	if after := strings.Fields(uids(t, west)); len(after) != 3 || after[0] != pods[0] || after[1] == pods[1] || after[2] != pods[2] {
		t.Errorf("the pods were %v and are %v", pods, after)
	}
}

// A killed JVM, a killed operator and a machine that fails heal without a hand.
func TestKilledProcessesComeBack(t *testing.T) {
	theRing(t)
	ids := hostIDs(t)
	all := jvms()
	if len(all) != 6 {
		t.Fatalf("%d JVMs run", len(all))
	}
	if err := syscall.Kill(all[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, 60e9, func() error {
		if whole() == nil && len(jvms()) == 6 && jvms()[0] == all[0] {
			return errors.New("the JVM still runs")
		}
		return nil
	})
	kubectl(t, central, "delete", "pods", "-n", "ringspan-system", "--all", "--force", "--grace-period=0")
	awaitWhole(t)
	machine := kubectl(t, central, "get", "pod", ring+"-dc2-rack3-sts-0", "-o", "jsonpath={.spec.nodeName}")
	fault(t, "kill-node", central+"/"+machine)
	eventually(t, 60e9, func() error {
		if len(jvms()) == 6 {
			return nil
		}
		return fmt.Errorf("%d JVMs run", len(jvms()))
	})
	awaitWhole(t)
	if after := hostIDs(t); after != ids {
		t.Errorf("host ids were %s and are %s", ids, after)
	}
}

func hostIDs(t *testing.T) string {
	t.Helper()
	s, err := status()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, n := range s.Nodes {
		all = append(all, n.HostID)
	}
	return strings.Join(all, " ")
}

// A configuration that Cassandra refuses stops at the first rack, is explained
// in Cassandra's own words, and is healed by one command, which goes back to the last
// configuration with which the ring was ready.
func TestARefusedConfiguration(t *testing.T) {
	theRing(t)
	before := strings.Fields(uids(t, west))
	kubectl(t, west, "patch", "k8c", ring, "--type=merge", "-p", `{"spec":{"cassandra":{"config":{"cassandraYaml":{"no_such_key":1}}}}}`)
	eventually(t, 2*time.Minute, func() error {
		message := kubectl(t, west, "get", "cassdc", "dc1", "-o", "jsonpath={range .status.conditions[?(@.type=='Healthy')]}{.reason}: {.message}{end}")
		for _, part := range []string{"ConfigRefused", ring + "-dc1-rack1-sts-0", "no_such_key", "Please remove properties"} {
			if err := contains(message, part); err != nil {
				return err
			}
		}
		return nil
	})
	during := strings.Fields(uids(t, west))
	if len(during) != 3 || during[1] != before[1] || during[2] != before[2] {
		t.Errorf("racks 2 and 3 were touched: %v, before %v", during, before)
	}
	generation := kubectl(t, west, "get", "k8c", ring, "-o", "jsonpath={.metadata.generation}")
	for _, part := range []string{"spec.cassandra.config.cassandraYaml.no_such_key: 1 → (none)", "Nothing was changed"} {
		if err := contains(ringspan(t, "rollout", "undo", ring, "--dry-run"), part); err != nil {
			t.Error(err)
		}
	}
	if now := kubectl(t, west, "get", "k8c", ring, "-o", "jsonpath={.metadata.generation}"); now != generation {
		t.Errorf("a dry run has changed the ring: generation %s, before %s", now, generation)
	}
	said := ringspan(t, "rollout", "undo", ring, "--timeout", "3m")
	for _, part := range []string{"spec.cassandra.config.cassandraYaml.no_such_key: 1 → (none)", "is ready with the configuration of revision"} {
		if err := contains(said, part); err != nil {
			t.Error(err)
		}
	}
	awaitWhole(t)
	if err := contains(ringspan(t, "rollout", "history", ring), "(present)"); err != nil {
		t.Error(err)
	}
	for _, region := range []string{west, central} {
		if config := kubectl(t, region, "get", "k8c", ring, "-o", "jsonpath={.spec.cassandra.config}"); strings.Contains(config, "no_such_key") {
			t.Errorf("%s still has it: %s", region, config)
		}
	}
	if after := strings.Fields(uids(t, west)); after[1] != before[1] || after[2] != before[2] {
		t.Errorf("racks 2 and 3 were restarted by the mending: %v, before %v", after, before)
	}
}

// A region whose machines are rebooted one after another gets other addresses
// and stays the same ring: never are two of its nodes away at once.
func TestAddressesRoll(t *testing.T) {
	theRing(t)
	before, err := status()
	if err != nil {
		t.Fatal(err)
	}
	roll := faultCommand("roll-addresses", west)
	var out output
	roll.Stdout, roll.Stderr = &out, &out
	if err := roll.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- roll.Wait() }()
	for {
		unready := strings.Count(strings.Join(pods(t, west), "\n"), " False ")
		if unready > 1 {
			t.Errorf("%d nodes are away at once", unready)
		}
		select {
		case err = <-ended:
		case <-time.After(time.Second):
			continue
		}
		break
	}
	if err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	awaitWhole(t)
	for _, old := range before.Nodes {
		if now := nodeOf(t, old.Pod); now.HostID != old.HostID || (now.Address == old.Address) == (old.Datacenter == "dc1") {
			t.Errorf("before %+v, after %+v", old, now)
		}
	}
}
