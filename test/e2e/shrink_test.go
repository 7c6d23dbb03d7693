package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// shrinksUnderLogins lets the datacenter that has four nodes be one of three. Each row is on one of its nodes only, so that those of
// the node that leaves are lost unless it gives them away, and nobody's login fails meanwhile. A size that has fewer nodes
// than replicas is refused before, and nothing moves for it.
func shrinksUnderLogins(t *testing.T) {
	const first, last, claim = "own-own1-default-sts-0", "own-own1-default-sts-3", "server-data-own-own1-default-sts-3"
	get := func(args ...string) string {
		return kubectl(t, west, append([]string{"-n", "small", "get"}, args...)...)
	}
	resize := func(size int) {
		kubectl(t, west, "-n", "small", "patch", "k8c", "own", "--type=json", "-p", fmt.Sprintf(`[{"op":"replace","path":"/spec/cassandra/datacenters/0/size","value":%d}]`, size))
	}
	tasks := get("cassandratasks", "-o", "name")
	hostID := get("cassdc", "own1", "-o", "jsonpath={.status.nodeStatuses."+last+".hostID}")
	volume := get("pvc", claim, "-o", "jsonpath={.spec.volumeName}")
	if hostID == "" || volume == "" {
		t.Fatalf("the last node has host id %q and volume %q", hostID, volume)
	}
	username, password := ownSuperuser(t)
	logins := startLogins(t, west, first, username, password)
	defer func() {
		if err := logins.ended(); err != nil {
			t.Errorf("logins: %v", err)
		}
	}()

	resize(2)
	eventually(t, time.Minute, func() error {
		return contains(get("cassdc", "own1", "-o", "jsonpath={range .status.conditions[?(@.type=='Valid')]}{.status} {.reason} {.message}{end}"),
			"False tooManyReplicasToScaleDown spec.size: with a size of 2 datacenter own1 has fewer nodes than replicas of system_auth (3)")
	})
	if record := get("cassdc", "own1", "-o", `jsonpath={.metadata.annotations.ringspan\.io/decommission}`); record != "" {
		t.Errorf("%s leaves, and it is refused that any does", record)
	}

	resize(3)
	eventually(t, 4*time.Minute, func() error {
		if left := get("pod,pvc", "-o", "name"); strings.Contains(left, last) {
			return fmt.Errorf("there is %s; the datacenter: %s", strings.ReplaceAll(left, "\n", ", "),
				get("cassdc", "own1", "-o", "jsonpath={range .status.conditions[?(@.type=='ScalingDown')]}{.status} {.reason} {.message}{end}"))
		}
		return contains(get("cassdc", "own1", "-o", `jsonpath=record {.metadata.annotations.ringspan\.io/decommission}. ScalingDown {.status.conditions[?(@.type=='ScalingDown')].status}. Valid {.status.conditions[?(@.type=='Valid')].status}.`),
			"record . ScalingDown False. Valid True.")
	})
	for _, region := range []string{west, central} {
		eventually(t, time.Minute, func() error { return smallReady(t, region, "own") })
	}
	eventually(t, time.Minute, func() error { // the cluster takes a volume away after its claim
		if left := get("pv", volume, "--ignore-not-found", "-o", "name"); left != "" {
			return fmt.Errorf("%s is still there", left)
		}
		return nil
	})
	for region, pod := range map[string]string{west: first, central: "own-own2-default-sts-0"} {
		hasAllRows(t, region, pod)
		if out := ringspan(t, "nodetool", "--region", region, "--node", pod, "--", "status", "kept"); strings.Contains(out, hostID) || strings.Count(out, "UN ") != 4 {
			t.Errorf("the ring as %s knows it, which host id %s has left:\n%s", pod, hostID, out)
		}
	}
	if nodes := get("cassdc", "own1", "-o", "jsonpath={.status.nodeStatuses}"); strings.Contains(nodes, hostID) || strings.Count(nodes, "hostID") != 3 {
		t.Errorf("nodes of the status: %s", nodes)
	}
	if after := get("cassandratasks", "-o", "name"); after != tasks {
		t.Errorf("tasks were %q and are %q: nodes that stay have nothing to clean up", tasks, after)
	}
	if events := get("events", "--field-selector", "reason=ScalingDown,involvedObject.name=own1", "-o", "jsonpath={.items[*].message}"); !strings.Contains(events, "until there are 3") {
		t.Errorf("events: %s", events)
	}
}
