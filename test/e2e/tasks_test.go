package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A task over both regions, applied in the west, restarts a rack of dc2 and then one of dc1, in this order, and both regions'
// copies show the whole of it.
func TestATaskOverRegions(t *testing.T) {
	theRing(t)
	before := map[string][]string{west: strings.Fields(uids(t, west)), central: strings.Fields(uids(t, central))}
	task := filepath.Join(t.TempDir(), "task.yaml")
	if err := os.WriteFile(task, []byte(`
apiVersion: control.k8ssandra.io/v1alpha1
kind: K8ssandraTask
metadata: {name: restart-racks}
spec: {cluster: {name: `+ring+`}, datacenters: [dc2, dc1], template: {jobs: [{name: restart, command: restart, args: {rack: rack1}}]}}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, west, "apply", "-f", task)
	ended := func(region, dc string) string {
		return kubectl(t, region, "get", "k8ssandratask", "restart-racks", "--ignore-not-found", "-o", "jsonpath={.status.datacenters."+dc+".completionTime}")
	}
	for _, region := range []string{west, central} {
		eventually(t, 4*time.Minute, func() error {
			if ended(west, "dc2") == "" && strings.Fields(uids(t, west))[0] != before[west][0] {
				t.Fatal("dc1 has begun before dc2 has ended")
			}
			return contains(kubectl(t, region, "get", "k8ssandratask", "restart-racks", "--ignore-not-found", "-o", "jsonpath={range .status.conditions[*]}{.type}={.status} {.message} {end}"), "Complete=True 2 pods in 2 datacenters")
		})
	}
	awaitWhole(t)
	for region, pods := range before {
		if after := strings.Fields(uids(t, region)); len(after) != 3 || after[0] == pods[0] || after[1] != pods[1] || after[2] != pods[2] {
			t.Errorf("the pods of %s were %v and are %v", region, pods, after)
		}
	}
	kubectl(t, central, "delete", "k8ssandratask", "restart-racks")
	eventually(t, time.Minute, func() error {
		if left := kubectl(t, west, "get", "k8ssandratask,cassandratask", "--ignore-not-found", "-o", "name"); left != "" {
			return fmt.Errorf("left: %s", left)
		}
		return nil
	})
}
