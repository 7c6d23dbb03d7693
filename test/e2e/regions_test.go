package e2e

import (
	"strings"
	"testing"
	"time"
)

// A region that is cut off changes only what is shown of it: the other one still
// carries out a change in its own datacenter. Healed, both agree, and the
// healing restarts nobody.
func TestARegionCutOff(t *testing.T) {
	theRing(t)
	fault(t, "cut", central)
	t.Cleanup(func() { fault(t, "heal") })
	eventually(t, time.Minute, func() error {
		return contains(kubectl(t, west, "get", "k8c", ring, "-o", "jsonpath={.status.conditions[?(@.type=='PeersReachable')].message}"), "region "+central+" is unreachable since 2")
	})
	away := uids(t, central)
	kubectl(t, west, "patch", "k8c", ring, "--type=merge", "-p", `{"spec":{"cassandra":{"config":{"cassandraYaml":{"concurrent_writes":9}}}}}`)
	eventually(t, 5*time.Minute, func() error { return rolled(t, west, `"concurrent_writes":9`) })
	if now := uids(t, central); now != away {
		t.Errorf("pods of the region that is cut off were restarted: %s, before %s", now, away)
	}
	here := uids(t, west)
	fault(t, "heal")
	eventually(t, 5*time.Minute, func() error { return rolled(t, central, `"concurrent_writes":9`) })
	awaitWhole(t)
	if now := uids(t, west); now != here {
		t.Errorf("the healing restarted pods: %s, before %s", now, here)
	}
	revision := "jsonpath={.metadata.annotations.ringspan\\.io/revision}"
	if a, b := kubectl(t, west, "get", "k8c", ring, "-o", revision), kubectl(t, central, "get", "k8c", ring, "-o", revision); a != b || !strings.Contains(a, "/"+west+"/") {
		t.Errorf("revisions %q and %q", a, b)
	}
}

// A ring that was edited on both sides of a cut changes nowhere until a person
// chooses, and neither the healing nor the choice restarts anybody.
func TestEditsOnBothSidesOfACut(t *testing.T) {
	theRing(t)
	pods := uids(t, west) + uids(t, central)
	label := func(region, value string) {
		kubectl(t, region, "patch", "k8c", ring, "--type=merge", "-p", `{"spec":{"cassandra":{"metadata":{"services":{"dcService":{"labels":{"side":"`+value+`"}}}}}}}`)
	}
	labelled := func(region, dc, value string) {
		t.Helper()
		eventually(t, time.Minute, func() error {
			return contains(kubectl(t, region, "get", "service", ring+"-"+dc+"-service", "-o", "jsonpath=side={.metadata.labels.side}."), "side="+value+".")
		})
	}
	fault(t, "cut", central)
	t.Cleanup(func() { fault(t, "heal") })
	for _, region := range []string{west, central} {
		eventually(t, time.Minute, func() error {
			return contains(kubectl(t, region, "get", "k8c", ring, "-o", "jsonpath={.status.conditions[?(@.type=='PeersReachable')].message}"), "is unreachable since 2")
		})
	}
	label(west, "west")
	label(central, "central")
	labelled(west, "dc1", "west")
	labelled(central, "dc2", "central")
	fault(t, "heal")
	for region, other := range map[string]string{west: central, central: west} {
		eventually(t, time.Minute, func() error {
			return contains(kubectl(t, region, "get", "k8c", ring, "-o", "jsonpath={range .status.conditions[?(@.type=='Diverged')]}{.status} {.message}{end}"), "region "+other+" has ")
		})
	}
	labelled(west, "dc1", "west")
	labelled(central, "dc2", "central")
	label(west, "chosen")
	labelled(west, "dc1", "chosen")
	labelled(central, "dc2", "chosen")
	for _, region := range []string{west, central} {
		eventually(t, time.Minute, func() error {
			return contains(kubectl(t, region, "get", "k8c", ring, "-o", "jsonpath={.status.conditions[?(@.type=='Diverged')].status}"), "False")
		})
	}
	awaitWhole(t)
	if now := uids(t, west) + uids(t, central); now != pods {
		t.Errorf("pods were restarted: %s, before %s", now, pods)
	}
}
