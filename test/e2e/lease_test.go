package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// holder is who holds a region's lease, nobody for the moment after it was given back, and its epoch.
func holder(t *testing.T, region string) (name string, epoch int64) {
	t.Helper()
	text := kubectl(t, region, "get", "lease", "ringspan-operator", "-n", "ringspan-system", "-o", `jsonpath={.spec.holderIdentity}|{.metadata.annotations.ringspan\.io/epoch}`)
	name, number, _ := strings.Cut(text, "|")
	epoch, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		t.Fatalf("the lease of %s: %q", region, text)
	}
	return name, epoch
}

// holds waits until a region has one operator, and that one the lease.
func holds(t *testing.T, region string) (name string, epoch int64) {
	t.Helper()
	eventually(t, time.Minute, func() error {
		pods := strings.Fields(kubectl(t, region, "get", "pods", "-n", "ringspan-system", "-l", "app.kubernetes.io/name=ringspan-operator", "-o", "jsonpath={.items[*].metadata.name}"))
		if name, epoch = holder(t, region); len(pods) != 1 || !strings.HasPrefix(name, pods[0]+"_") {
			return fmt.Errorf("the lease of %s is %q's, and there are operators %q", region, name, pods)
		}
		return nil
	})
	return name, epoch
}

// A second operator waits; when the first one goes, it acts, under a later epoch, and
// the nodes take its word. Nothing restarts.
func TestASecondOperatorWaits(t *testing.T) {
	theRing(t)
	before := uids(t, west)
	first, epoch := holds(t, west)
	scale := func(n int) {
		kubectl(t, west, "scale", "deployment", "ringspan-operator", "-n", "ringspan-system", fmt.Sprintf("--replicas=%d", n))
		kubectl(t, west, "rollout", "status", "deployment", "ringspan-operator", "-n", "ringspan-system", "--timeout=2m")
	}
	scale(2)
	t.Cleanup(func() {
		scale(1)
		holds(t, west)
	})
	if name, same := holder(t, west); name != first || same != epoch {
		t.Errorf("%s (%d) held the lease, %s (%d) does beside a second operator", first, epoch, name, same)
	}
	pod, _, _ := strings.Cut(first, "_")
	kubectl(t, west, "delete", "pod", pod, "-n", "ringspan-system")
	var next string
	eventually(t, time.Minute, func() error {
		var later int64
		if next, later = holder(t, west); next == "" || next == first || later <= epoch {
			return fmt.Errorf("the lease is %q's, epoch %d; it was %s's, %d", next, later, first, epoch)
		}
		return nil
	})
	eventually(t, time.Minute, func() error {
		said := kubectl(t, west, "exec", ring+"-dc1-rack1-sts-0", "-c", "cassandra", "--", "cat", "/config/ringspan-epoch")
		if _, later := holder(t, west); strings.TrimSpace(said) != strconv.FormatInt(later, 10) {
			return fmt.Errorf("the node has heard of epoch %s, and the lease has %d", said, later)
		}
		return nil
	})
	if after := uids(t, west); after != before {
		t.Errorf("pods: %s became %s", before, after)
	}
	awaitWhole(t)
}
