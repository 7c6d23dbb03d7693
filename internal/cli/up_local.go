package cli

import (
	"context"
	"errors"

	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/fleet/local"
	"github.com/ringspan/ringspan/internal/install"
)

// localGround is this machine.
type localGround struct {
	here
	status local.Status // after raise
}

func (g *localGround) raise(ctx context.Context, u *upRun) (func(), error) {
	u.report.Phase("machine checked")
	unlock, err := g.Await(ctx, func(b local.Busy) {
		u.report.Line(progress.Subject{}, b.Error()+": waiting for it")
	})
	if err != nil {
		return nil, err
	}
	if err = g.start(ctx, u); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

func (g *localGround) start(ctx context.Context, u *upRun) error {
	d, err := g.prepare(ctx, u)
	if err != nil {
		return errors.Join(err, g.Discard())
	}
	u.report.Phase("regions and clusters ready")
	err = g.Up(ctx, u.file, d, func(e local.Event) {
		if e.Error == "" { // an error is up's own
			u.report.Line(progress.Subject{Region: e.Region}, e.Message)
		}
	})
	if err != nil {
		return err
	}
	g.status, err = g.Status(ctx)
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

func (g *localGround) operator(region string) (install.Options, error) {
	program, err := g.ImageID(distribution.OperatorImage)
	return install.Options{Region: region, ImageID: program}, err
}

func (g *localGround) peer(ctx context.Context, r region, say func(string)) (install.Peer, error) {
	say("waiting for Kubernetes to make the token that peers read with")
	token, ca, err := install.PeerToken(ctx, r.client, "")
	if err != nil {
		return install.Peer{}, err
	}
	if len(ca) == 0 {
		ca = r.config.CAData
	}
	peer := install.Peer{Region: r.name, CA: ca, Token: token}
	for _, known := range g.status.Regions {
		if known.Name == r.name {
			peer.Server = known.InternalServer
		}
	}
	return peer, nil
}

func (g *localGround) agent() string {
	id, err := g.ImageID(distribution.AgentImage)
	if err != nil {
		return "" // nothing is known of it
	}
	return id
}

func (g *localGround) summary() string { return "" }
