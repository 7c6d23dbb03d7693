package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/report"
	"github.com/ringspan/ringspan/internal/ringview"
)

// How often the regions are asked, and how long one may take to answer.
const (
	awaitPoll   = 500 * time.Millisecond
	answerLimit = 5 * time.Second
)

// Wait is until a ring has all that is asked of it, in the regions that answered when it began.
type Wait struct {
	Fleet   inventory.Fleet
	Regions []region.Region // those that answer
	Ring    client.ObjectKey
	// Datacenters are those that the ring is to have.
	Datacenters []k8ssandra.CassandraDatacenterTemplate
	Report      report.Reporter
	Passed      func(stage int)               // nil, or told how far the boot is
	Check       func(ringview.Snapshot) error // nil, or an error that ends the wait

	done map[string]bool // datacenters that were told to serve
}

// await waits until every region sees the ring ready and every node answers, and
// tells for every datacenter what it waits for.
func (u *ringRun) await(ctx context.Context) error {
	w := Wait{Fleet: u.platform, Regions: u.regions, Ring: client.ObjectKeyFromObject(u.ring), Datacenters: u.ring.Spec.Cassandra.Datacenters, Report: u.report, Passed: u.passed}
	return w.Run(ctx)
}

// Run waits until every region sees the ring ready with everything done and every node answers, and tells for every datacenter what
// it waits for.
func (w *Wait) Run(ctx context.Context) error {
	tick := time.NewTicker(awaitPoll)
	defer tick.Stop()
	w.done = map[string]bool{}
	var last ringview.Snapshot
	for {
		now := ringview.Read(ctx, w.Regions, ringview.Question{Ring: &w.Ring, Operator: true, Limit: answerLimit})
		if ctx.Err() == nil {
			last = now
		}
		if w.Check != nil {
			if err := w.Check(now); err != nil {
				return err
			}
		}
		verdict := ringview.Judge(now, ringview.Wanted{Ring: w.Ring, Datacenters: w.Datacenters})
		w.tell(verdict)
		if verdict.Ready && w.answers(ctx) {
			w.Report.Line(report.Subject{Name: w.Ring.Name}, readiness(verdict))
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("ring %s is not ready: %s", w.Ring.Name, ringview.Blockers(last, w.Ring))
		case <-tick.C:
		}
	}
}

// readiness says what a ring that is ready is, as far as its regions answer.
func readiness(v ringview.Verdict) string {
	if len(v.LeftOut) > 0 {
		return "ready but for " + strings.Join(v.LeftOut, ", ")
	}
	return "ready"
}

// tell reports who waits for what, which datacenters serve, and the stage of the boot.
func (w *Wait) tell(v ringview.Verdict) {
	for _, d := range v.Datacenters {
		who := report.Subject{Region: d.Region, Name: d.Name}
		if d.Waits != "" {
			w.done[d.Name] = false
			w.Report.Wait(who, d.Waits)
		} else if !w.done[d.Name] {
			w.done[d.Name] = true
			w.Report.Line(who, serves(d))
		}
	}
	if w.Passed != nil {
		w.Passed(int(v.Stage))
	}
	for _, r := range v.Regions {
		who := report.Subject{Region: r.Region, Name: w.Ring.Name}
		if r.Silent {
			who.Name = ""
		}
		w.Report.Wait(who, r.Waits)
	}
}

// serves says what a datacenter is that waits for nothing.
func serves(d ringview.DatacenterVerdict) string {
	switch {
	case d.Stopped:
		return "stopped, as its spec says"
	case d.Size == 1:
		return "its node serves"
	}
	return fmt.Sprintf("all %d nodes serve", d.Size)
}

// answers asks the nodes themselves: a status may be from before a restart.
func (w *Wait) answers(ctx context.Context) bool {
	who := report.Subject{Name: w.Ring.Name}
	statuses, err := inventory.Rings(ctx, w.Fleet, w.Regions, "")
	if err != nil {
		w.Report.Wait(who, err.Error())
		return false
	}
	for _, s := range statuses {
		if s.Ring != w.Ring.Name || s.Namespace != w.Ring.Namespace {
			continue
		}
		for _, d := range s.Datacenters {
			if d.Up < d.Size && !d.External && !w.isStopped(d.Name) && w.isIncluded(d.Region) {
				w.Report.Wait(who, fmt.Sprintf("%d of %d nodes of %s answer", d.Up, d.Size, d.Name))
				return false
			}
		}
		return true
	}
	return false
}

// isStopped tells whether a datacenter is to be without nodes.
func (w *Wait) isStopped(name string) bool {
	return slices.ContainsFunc(w.Datacenters, func(t k8ssandra.CassandraDatacenterTemplate) bool {
		return t.CassandraName() == name && t.Stopped
	})
}

// isIncluded tells whether the region of a datacenter is waited for.
func (w *Wait) isIncluded(name string) bool {
	return name == "" || slices.ContainsFunc(w.Regions, func(r region.Region) bool { return r.Name == name })
}
