package cli

import (
	"context"
	"errors"

	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/local"
)

// localClasses are the storage classes that manifests for small clusters name.
var localClasses = []string{"local-path", "standard"}

// localGround is this machine, with an account of AWS on it for each fleet.
type localGround struct {
	inventory.Local
	infrastructure
}

func (g *localGround) raise(ctx context.Context, u *upRun) (func(), error) {
	u.report.Phase("machine checked")
	unlock, err := g.Await(ctx, func(b local.Busy) {
		u.report.Line(progress.Subject{}, b.Error()+": waiting for it")
	})
	if err != nil {
		return nil, err
	}
	if err = g.start(ctx, u); err == nil {
		err = g.build(ctx, u)
	}
	if err == nil && !u.scope.network && g.whole() {
		err = g.SaveKubeconfig(g.cloud, g.endpoints)
	}
	if err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// start runs the embedded cloud, and opens the fleet's account in it.
func (g *localGround) start(ctx context.Context, u *upRun) error {
	d, err := g.prepare(ctx, u)
	if err != nil {
		return errors.Join(err, g.Discard())
	}
	u.report.Phase("embedded cloud")
	err = g.Up(ctx, u.file, d, func(e local.Event) {
		if e.Error == "" { // an error is up's own
			u.report.Line(progress.Subject{Region: e.Region}, e.Message)
		}
	})
	if err != nil {
		return err
	}
	g.infrastructure = infrastructure{name: g.Name(), spec: local.Spec(u.file), images: g.Images(), classes: localClasses}
	g.cloud, err = g.OpenProvider(ctx)
	return err
}

// prepare checks the machine, unless the cloud runs on it already, and gets
// Cassandra.
func (g *localGround) prepare(ctx context.Context, u *upRun) (distribution.Distribution, error) {
	none := distribution.Distribution{}
	status, err := g.Status(ctx)
	if err != nil || !status.Running {
		if err := checkMachine(ctx, g.Cloud, u.file); err != nil {
			return none, err
		}
	}
	return u.cassandra(ctx)
}

// cassandra gets what a machine needs to run Cassandra.
func (u *upRun) cassandra(ctx context.Context) (d distribution.Distribution, err error) {
	u.report.Phase("Cassandra in the cache")
	cache, err := distribution.Cache()
	if err != nil {
		return d, err
	}
	d, err = distribution.Ensure(ctx, cache, func(s string) { u.report.Line(progress.Subject{}, s) })
	return d, errors.Join(err, checkPlace(d.Java.Home, "JAVA_HOME"))
}
