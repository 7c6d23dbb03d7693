package lifecycle

import (
	"context"
	"fmt"
	"slices"

	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/grant"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/report"
)

// grants makes the namespaces that the ring's datacenters name accept it, each in its region: who runs up with a file says
// so by that. Without it the ring would wait there.
func (u *ringRun) grants(ctx context.Context) error {
	for _, g := range grantsOf(u.ring, u.home.Name) {
		i := slices.IndexFunc(u.regions, func(r region.Region) bool { return r.Name == g.region })
		if i < 0 {
			continue
		}
		if err := install.Grant(ctx, u.regions[i].Client, g.namespace, grant.Asker{Namespace: u.ring.Namespace, Name: u.ring.Name}); err != nil {
			return fmt.Errorf("region %s: %w", g.region, err)
		}
		u.report.Line(report.Subject{Name: u.ring.Name}, "namespace "+g.namespace+" of "+g.region+" accepts it")
	}
	return nil
}

type granted struct{ region, namespace string }

// grantsOf are the namespaces of other names that the ring's datacenters are in. A datacenter without a region is at home.
func grantsOf(ring *fleet.Ring, home string) (all []granted) {
	for _, dc := range ring.Spec.Cassandra.Datacenters {
		g := granted{region: dc.K8sContext, namespace: dc.Metadata.Namespace}
		if g.region == "" {
			g.region = home
		}
		if g.namespace != "" && g.namespace != ring.Namespace && !slices.Contains(all, g) {
			all = append(all, g)
		}
	}
	return all
}
