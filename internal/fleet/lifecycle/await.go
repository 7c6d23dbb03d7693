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
	"github.com/ringspan/ringspan/internal/report"
	"github.com/ringspan/ringspan/internal/ringview"
)

// How often the regions are asked, and how long one may take to answer.
const (
	awaitPoll   = 500 * time.Millisecond
	answerLimit = 5 * time.Second
)

// await waits until every region sees the ring ready and every node answers, and
// tells for every datacenter what it waits for.
func (u *ringRun) await(ctx context.Context) error {
	tick := time.NewTicker(awaitPoll)
	defer tick.Stop()
	ring := client.ObjectKeyFromObject(u.ring)
	var last ringview.Snapshot
	for {
		now := ringview.Read(ctx, u.regions, ringview.Question{Ring: &ring, Operator: true, Limit: answerLimit})
		if ctx.Err() == nil {
			last = now
		}
		verdict := ringview.Judge(now, ringview.Wanted{Ring: ring, Datacenters: u.ring.Spec.Cassandra.Datacenters})
		u.tell(verdict)
		if verdict.Ready && u.answers(ctx) {
			u.report.Line(report.Subject{Name: u.ring.Name}, readiness(verdict))
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("ring %s is not ready: %s", u.ring.Name, ringview.Blockers(last, ring))
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
func (u *ringRun) tell(v ringview.Verdict) {
	for _, d := range v.Datacenters {
		who := report.Subject{Region: d.Region, Name: d.Name}
		if d.Waits != "" {
			u.done[d.Name] = false
			u.report.Wait(who, d.Waits)
		} else if !u.done[d.Name] {
			u.done[d.Name] = true
			u.report.Line(who, serves(d))
		}
	}
	u.passed(int(v.Stage))
	for _, r := range v.Regions {
		who := report.Subject{Region: r.Region, Name: u.ring.Name}
		if r.Silent {
			who.Name = ""
		}
		u.report.Wait(who, r.Waits)
	}
}

// serves says what a datacenter is that waits for nothing.
func serves(d ringview.DatacenterVerdict) string {
	switch {
	case d.Stopped:
		return "stopped, as the file says"
	case d.Size == 1:
		return "its node serves"
	}
	return fmt.Sprintf("all %d nodes serve", d.Size)
}

// answers asks the nodes themselves: a status may be from before a restart.
func (u *ringRun) answers(ctx context.Context) bool {
	who := report.Subject{Name: u.ring.Name}
	statuses, err := inventory.Rings(ctx, u.platform, u.regions, "")
	if err != nil {
		u.report.Wait(who, err.Error())
		return false
	}
	for _, s := range statuses {
		if s.Ring != u.ring.Name || s.Namespace != u.ring.Namespace {
			continue
		}
		for _, d := range s.Datacenters {
			if d.Up < d.Size && !d.External && !u.isStopped(d.Name) && u.isIncluded(d.Region) {
				u.report.Wait(who, fmt.Sprintf("%d of %d nodes of %s answer", d.Up, d.Size, d.Name))
				return false
			}
		}
		return true
	}
	return false
}

// isStopped tells whether the file wants a datacenter without nodes.
func (u *ringRun) isStopped(name string) bool {
	return slices.ContainsFunc(u.ring.Spec.Cassandra.Datacenters, func(t k8ssandra.CassandraDatacenterTemplate) bool {
		return t.CassandraName() == name && t.Stopped
	})
}
