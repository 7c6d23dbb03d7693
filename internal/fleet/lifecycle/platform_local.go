package lifecycle

import (
	"context"
	"errors"

	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/local"
	"github.com/ringspan/ringspan/internal/report"
)

// localClasses are the storage classes that manifests for small clusters name.
var localClasses = []string{"local-path", "standard"}

// localPlatform is this machine, with an account of AWS on it for each fleet.
type localPlatform struct {
	inventory.Local
	infrastructure
}

func (p *localPlatform) create(ctx context.Context, w work) (func(), error) {
	w.report.Phase("machine checked")
	unlock, err := p.Await(ctx, func(b local.Busy) {
		w.report.Line(report.Subject{}, b.Error()+": waiting for it")
	})
	if err != nil {
		return nil, err
	}
	if err = p.start(ctx, w); err == nil {
		err = p.build(ctx, w)
	}
	if err == nil && !w.Scope.Network && p.whole() {
		err = p.SaveKubeconfig(p.cloud, p.endpoints)
	}
	if err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// start runs the embedded cloud, and opens the fleet's account in it.
func (p *localPlatform) start(ctx context.Context, w work) error {
	d, err := p.prepare(ctx, w)
	if err != nil {
		return errors.Join(err, p.Discard())
	}
	w.report.Phase("embedded cloud")
	err = p.Up(ctx, w.file, d, func(e local.Event) {
		if e.Error == "" { // an error is up's own
			w.report.Line(report.Subject{Region: e.Region}, e.Message)
		}
	})
	if err != nil {
		return err
	}
	p.infrastructure = infrastructure{name: p.Name(), spec: local.Spec(w.file), images: p.Images(), classes: localClasses}
	p.cloud, err = p.OpenProvider(ctx)
	return err
}

// prepare checks the machine, unless the cloud runs on it already, and gets
// Cassandra.
func (p *localPlatform) prepare(ctx context.Context, w work) (distribution.Distribution, error) {
	none := distribution.Distribution{}
	status, err := p.Status(ctx)
	if err != nil || !status.Running {
		if err := checkMachine(ctx, p.Cloud, w.file); err != nil {
			return none, err
		}
	}
	return ensureCassandra(ctx, w.report)
}

// ensureCassandra gets what a machine needs to run Cassandra.
func ensureCassandra(ctx context.Context, to report.Reporter) (d distribution.Distribution, err error) {
	to.Phase("Cassandra in the cache")
	cache, err := distribution.Cache()
	if err != nil {
		return d, err
	}
	d, err = distribution.Ensure(ctx, cache, func(s string) { to.Line(report.Subject{}, s) })
	return d, errors.Join(err, checkPlace(d.Java.Home, "JAVA_HOME"))
}
