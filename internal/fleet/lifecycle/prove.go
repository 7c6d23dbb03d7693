package lifecycle

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/doctor"
	"github.com/ringspan/ringspan/internal/doctor/pods"
	"github.com/ringspan/ringspan/internal/report"
)

// proveAgain is how long prove waits before it looks again.
const proveAgain = time.Second

// prove waits until the regions reach each other, before a ring boots for the
// first time: a fault of the network then looks like one of the database. A ring
// that is there already is never held up by it.
func (u *Up) prove(ctx context.Context) error {
	if !u.options.Proof || len(u.regions) < 2 {
		return nil
	}
	if boots, err := u.firstBoot(ctx); err != nil || !boots {
		return err
	}
	u.report.Phase("regions reach each other")
	who := report.Subject{Name: u.file.Fleet.Name}
	why := ""
	for {
		seen, err := pods.QuickExamine(ctx, pods.Of(u.regions))
		if err == nil {
			report := doctor.Diagnose(seen)
			if report.Healthy {
				u.report.Wait(who, "")
				u.report.Line(who, "every region reaches every other")
				return nil
			}
			why = doctor.Sentences(report.Faults())
			u.report.Wait(who, "no ring is started until the regions reach each other. "+why)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no ring was started, because the regions don't reach each other: %s", why)
		case <-time.After(proveAgain):
		}
	}
}

// firstBoot says whether a ring of the file over several regions isn't there yet.
func (u *Up) firstBoot(ctx context.Context) (bool, error) {
	for i := range u.file.Rings {
		ring := &u.file.Rings[i]
		if len(ring.Spec.Cassandra.Datacenters) < 2 || len(u.unansweredOf(ring)) > 0 { // a ring of regions that are away isn't booted
			continue
		}
		run := &ringRun{Up: u, ring: ring}
		var k k8ssandra.K8ssandraCluster
		err := run.homeRegion().Client.Get(ctx, client.ObjectKey{Namespace: ring.Namespace, Name: ring.Name}, &k)
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}
