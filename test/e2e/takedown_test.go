package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A second up during the first says so, waits for its turn, and changes nothing.
func TestASecondUpDuringTheFirst(t *testing.T) {
	theRing(t)
	first := command("up", fileName)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, func() error { // the first is at work
		data, err := os.ReadFile(filepath.Join(home, "e2e", "up.lock"))
		if err != nil {
			return err
		}
		return contains(string(data), strconv.Itoa(first.Process.Pid))
	})
	if out, err := command("up", fileName).CombinedOutput(); err != nil || !strings.Contains(string(out), "another ringspan") {
		t.Errorf("the second up: %v %s", err, out)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("the first up: %v", err)
	}
}

// The ring goes and comes back with its data and host ids.
func TestDownKeepsDataAndUpBringsItBack(t *testing.T) {
	theRing(t)
	writeOrder(t)
	before := hostIDs(t)
	ringIsGone()
	ringspan(t, "down", "--keep-data")
	if err := nothingRuns(); err != nil {
		t.Fatal(err)
	}
	if out, err := command("status").CombinedOutput(); err == nil || !strings.Contains(string(out), "not running") {
		t.Errorf("status of a fleet that is down: %v %s", err, out)
	}
	ringspan(t, "up", fileName)
	if after := hostIDs(t); after != before {
		t.Errorf("host ids were %s and are %s", before, after)
	}
	awaitWhole(t)
	if out := ringspan(t, "cql", "-e", "CONSISTENCY LOCAL_QUORUM; SELECT what FROM shop.orders WHERE id = 1"); !strings.Contains(out, "a bicycle") {
		t.Errorf("the row is gone: %s", out)
	}
}

// Down leaves nothing, and may be said twice.
func TestDownLeavesNothing(t *testing.T) {
	theRing(t)
	ringIsGone()
	if out := ringspan(t, "down"); !strings.Contains(out, "Ring default/"+ring+" is protected from deletion; it goes with its fleet.") {
		t.Errorf("down doesn't name the protected ring: %s", out)
	}
	if err := poll(10*time.Second, nothingRuns); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(home, "e2e")); !os.IsNotExist(err) {
		t.Errorf("the state is still there: %v", err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), home) {
		t.Errorf("mounts are left:\n%s", mounts)
	}
	if out := ringspan(t, "down"); !strings.Contains(strings.ToLower(out), "nothing to take down") {
		t.Errorf("down again: %s", out)
	}
}
