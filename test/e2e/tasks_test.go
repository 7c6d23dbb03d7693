package e2e

import (
	"encoding/json"
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

// shownTask is a task as the command line shows it.
type shownTask struct {
	Kind, Name, Schedule, State string
	Datacenters                 []struct {
		Name, State string
		Pods        []struct{ State string }
	}
}

// done counts the pods that have ended well.
func (s shownTask) done() (pods int) {
	for _, dc := range s.Datacenters {
		for _, p := range dc.Pods {
			if p.State == "completed" {
				pods++
			}
		}
	}
	return pods
}

// shown runs a part of `ringspan task` and reads what it says.
func shown(t *testing.T, into any, args ...string) {
	t.Helper()
	cmd := command(append(append([]string{"task"}, args...), "-o", "json")...)
	var told strings.Builder
	cmd.Stderr = &told
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		t.Fatalf("ringspan task %s: %v\n%s\n%s", strings.Join(args, " "), err, out, &told)
	}
}

// A task over both regions is run and followed from the command line; then a schedule makes one, once, though the operator ends when
// the task is there.
func TestTasksByHandAndByTheClock(t *testing.T) {
	theRing(t)
	var ran shownTask
	shown(t, &ran, "run", "flush", "--datacenter", "dc2,dc1", "--timeout", "3m")
	if ran.Kind != "K8ssandraTask" || ran.State != "completed" || ran.done() != 6 || ran.Datacenters[0].Name != "dc2" {
		t.Errorf("what was run: %+v", ran)
	}
	ringspan(t, "task", "delete", ran.Name)

	at := time.Now().UTC().Add(90 * time.Second).Truncate(time.Minute) // half a minute from now at least
	name := fmt.Sprintf("clock-%d", at.Unix())
	file := filepath.Join(t.TempDir(), "once.yaml")
	if err := os.WriteFile(file, []byte(`
apiVersion: control.k8ssandra.io/v1alpha1
kind: ScheduledTask
metadata: {name: once}
spec:
  schedule: "`+at.Format("4 15 * * *")+`"
  taskDetails: {name: clock, datacenter: {name: dc1}, jobs: [{name: flush, command: flush}]}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, west, "apply", "-f", file)
	t.Cleanup(func() {
		kubectl(t, west, "delete", "scheduledtask", "once")
		kubectl(t, west, "delete", "cassandratask", "-l", "ringspan.io/scheduled-task=once")
	})
	made := func() string {
		return kubectl(t, west, "get", "cassandratask", "-l", "ringspan.io/scheduled-task=once", "-o", "name")
	}
	eventually(t, 3*time.Minute, func() error { return contains(made(), name) })
	kubectl(t, west, "delete", "pods", "-n", "ringspan-system", "--all", "--force", "--grace-period=0")
	eventually(t, 3*time.Minute, func() error {
		noted := kubectl(t, west, "get", "scheduledtask", "once", "-o", "jsonpath={.status.lastExecution}")
		if err := contains(noted, at.Format(time.RFC3339)); err != nil {
			return err
		}
		var task shownTask
		shown(t, &task, "status", name)
		if task.State != "completed" || task.done() != 3 || task.Schedule != "once" {
			return fmt.Errorf("the task is %+v", task)
		}
		return nil
	})
	if all := made(); all != "cassandratask.control.k8ssandra.io/"+name {
		t.Errorf("the schedule has made %s", all)
	}
	awaitWhole(t)
}
