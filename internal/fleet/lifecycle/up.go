package lifecycle

import (
	"context"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/report"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// Scope is how much of a file up brings about.
type Scope struct {
	Infrastructure, Network bool // nothing above clusters, nothing above networks
	Prune                   bool // what is no longer in the file goes
}

// bare says that no ring is made, nor what rings need in clusters.
func (s Scope) bare() bool { return s.Infrastructure || s.Network }

// Pruned is what a plan may delete that is only shown: nobody has agreed to it yet.
func (s Scope) Pruned() infra.Prune {
	if s.Prune {
		return infra.PruneAll()
	}
	return infra.Prune{}
}

// Options of a run.
type Options struct {
	Scope Scope
	Wait  bool // until the rings are ready
	Proof bool // that regions reach each other, before a ring boots for the first time

	// Agree asks whether what holds data may be deleted; an error ends the run.
	Agree func(ctx context.Context, removals []string) error
}

// Up is one run that makes a fleet and its rings as their file says.
type Up struct {
	file     *fleet.File
	platform platform
	options  Options
	report   report.Reporter

	regions []region.Region // those that answer
	all     []region.Region

	mu   sync.Mutex
	left []LeftOut
}

// NewUp prepares a run. Nothing is made yet.
func NewUp(ctx context.Context, a inventory.Account, file *fleet.File, o Options) (*Up, error) {
	p, err := platformOf(ctx, a, file)
	return &Up{file: file, platform: p, options: o}, err
}

// Run does the work, phase by phase, and reports it. It may be called once.
func (u *Up) Run(ctx context.Context, to report.Reporter) error {
	u.report = to
	release, err := u.platform.create(ctx, work{Options: u.options, file: u.file, report: u.report, known: exists(u.platform.Kubeconfig()), leaveOut: u.leaveOut})
	if err != nil {
		return err
	}
	defer release()
	if u.options.Scope.bare() {
		return nil
	}
	if u.all, err = inventory.Regions(u.platform); err != nil {
		return err
	}
	u.regions = u.all
	u.report.Phase("operators installed")
	if err := u.install(ctx); err != nil {
		return err
	}
	if err := u.prove(ctx); err != nil {
		return err
	}
	return u.rings(ctx)
}

// rings brings all rings of the file up at once.
func (u *Up) rings(ctx context.Context) error {
	u.report.Phase("pods placed")
	waits := newMilestones(len(u.file.Rings), u.report.Phase, "nodes in the ring", "roles, replication, readiness")
	group, each := errgroup.WithContext(ctx)
	for i := range u.file.Rings {
		group.Go(func() error {
			run := &ringRun{Up: u, ring: &u.file.Rings[i], passed: waits.of(i)}
			return run.up(each)
		})
	}
	return group.Wait()
}

// Rings is the status of all rings of the fleet, those of regions that were left out
// included.
func (u *Up) Rings(ctx context.Context) ([]ringstatus.Status, error) {
	return inventory.Rings(ctx, u.platform, u.all, "")
}

// LeftOut is what was left as it is because it doesn't answer.
func (u *Up) LeftOut() []LeftOut { return u.left }

// Kubeconfig is the path of the fleet's kubeconfig; "" while there is none.
func (u *Up) Kubeconfig() string {
	if !exists(u.platform.Kubeconfig()) {
		return ""
	}
	return u.platform.Kubeconfig()
}

// Calls is how often the cloud's API was called.
func (u *Up) Calls() int { return u.platform.calls() }

// Summary says in a sentence how often it was called.
func (u *Up) Summary() string { return u.platform.summary() }

// exists says whether a file is there.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
