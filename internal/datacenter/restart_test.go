package datacenter_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/datadriven"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	control "github.com/ringspan/ringspan/api/control/v1alpha1"
)

// restartTask begins or ends a CassandraTask with the command restart: "restart-task rack=r1 fast force".
func (r *region) restartTask(d *datadriven.TestData) {
	if r.restart = nil; d.Cmd == "restart-task-ends" {
		return
	}
	r.restart = &control.CassandraTask{}
	r.restart.Spec.Datacenter.Name = r.dc.Name
	r.restart.Status.StartTime = &metav1.Time{Time: r.now}
	job := control.CassandraJob{Command: control.CommandRestart}
	for _, a := range d.CmdArgs {
		switch a.Key {
		case "rack":
			job.Arguments.RackName = a.Vals[0]
		case "fast":
			job.Arguments.Fast = true
		case "force":
			job.Arguments.Force = true
		}
	}
	r.restart.Spec.Jobs = []control.CassandraJob{job}
}

// restartTimes are the annotations of the racks' templates that tell of restarts.
func (r *region) restartTimes() string {
	var b strings.Builder
	for _, rack := range slices.Sorted(maps.Keys(r.sets)) {
		fmt.Fprint(&b, rack)
		notes := r.sets[rack].Spec.Template.Annotations
		for _, name := range slices.Sorted(maps.Keys(notes)) {
			if strings.Contains(name, "restarted") {
				fmt.Fprintf(&b, " %s=%s", name, notes[name])
			}
		}
		former := "" // what a former version compares
		if at := r.dc.Status.LastRollingRestart; !at.IsZero() {
			former = at.UTC().Format(time.RFC3339)
		}
		if notes["ringspan.io/restarted-at"] != former {
			b.WriteString(", a former version restarts it")
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}
