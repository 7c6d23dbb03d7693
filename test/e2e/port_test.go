package e2e

import (
	"strings"
	"testing"
	"time"
)

// portStaysClosed closes a node's port for clients as a person does. It stays closed, and the ring says who is meant, until
// the person opens it; a node that starts anew serves.
func portStaysClosed(t *testing.T) {
	nodetool := func(command string) string {
		return ringspan(t, "nodetool", "--region", west, "--node", plainPod, "--", command)
	}
	named := func() error {
		return contains(kubectl(t, west, "-n", "small", "get", "cassdc", "plain1", "-o", "jsonpath={range .status.conditions[?(@.type=='Ready')]}{.status} {.message}{end}"), "False node "+plainPod+": its port for clients was closed")
	}
	nodetool("disablebinary")
	eventually(t, time.Minute, named)
	if smallReady(t, west, "plain") == nil {
		t.Error("the ring is ready although clients can't reach its node")
	}
	// Another pass, of an operator that has just begun, opens it neither.
	kubectl(t, west, "-n", "ringspan-system", "rollout", "restart", "deploy/ringspan-operator")
	kubectl(t, west, "-n", "ringspan-system", "rollout", "status", "deploy/ringspan-operator", "--timeout=2m")
	kubectl(t, west, "-n", "small", "annotate", "--overwrite", "cassdc", "plain1", "look=again")
	eventually(t, time.Minute, named)
	if out := nodetool("statusbinary"); !strings.Contains(out, "not running") {
		t.Errorf("the port was opened: %s", out)
	}
	nodetool("enablebinary")
	eventually(t, time.Minute, func() error { return smallReady(t, west, "plain") })

	nodetool("disablebinary")
	eventually(t, time.Minute, named)
	kubectl(t, west, "-n", "small", "delete", "pod", plainPod)
	eventually(t, 3*time.Minute, func() error { return smallReady(t, west, "plain") })
	if out := nodetool("statusbinary"); strings.Contains(out, "not running") {
		t.Errorf("a node that has just started is closed: %s", out)
	}
}
