package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/fleet/remote"
)

// awsGround is an account of AWS.
type awsGround struct {
	inventory.AWS
	infrastructure
}

func (a account) awsGround(ctx context.Context, f *fleet.File) (*awsGround, error) {
	c, err := a.Open(ctx)
	if err != nil {
		return nil, err
	}
	home, err := remote.New(f.Fleet.Name, remote.Record{Account: c.Account(), Endpoint: a.Endpoint})
	return &awsGround{AWS: inventory.AWS{Fleet: home}, infrastructure: infrastructure{cloud: c, name: f.Fleet.Name, spec: f.Fleet.Spec}}, err
}

func (g *awsGround) raise(ctx context.Context, u *upRun) (func(), error) {
	if !u.scope.bare() {
		if err := g.carry(ctx, u); err != nil {
			return nil, err
		}
	}
	if err := g.build(ctx, u); err != nil {
		return nil, err
	}
	if u.scope.network || !g.whole() {
		return func() {}, nil
	}
	return func() {}, g.SaveKubeconfig(g.cloud, g.endpoints)
}

// carry gives the images of this build to a cloud on this machine, whose nodes have
// no registry to pull from. AWS's nodes pull.
func (g *awsGround) carry(ctx context.Context, u *upRun) error {
	dir, err := embeddedImages(ctx, g.Endpoint)
	if err != nil {
		return err
	}
	if dir == "" && g.spec.ImageRegistry == "" {
		return errNoImages
	}
	if g.images = dir; dir == "" {
		return nil
	}
	self, err := inventory.Program()
	if err != nil {
		return err
	}
	d, err := u.cassandra(ctx)
	if err != nil {
		return err
	}
	return distribution.WriteImages(dir, filepath.Dir(self), d)
}

// downAWS deletes a fleet in AWS, and shows that nothing is left. spec may be nil.
func downAWS(ctx context.Context, c provision.Provider, name string, spec *fleetv1.FleetSpec, out io.Writer) error {
	report := infraReporter(out, "ringspan down: fleet "+name, spec)
	report.Phase("deleted")
	_, err := provision.Down(ctx, c, name, spec, time.Now(), provision.Watch{Step: infraNews(report), Planned: func(r *provision.Round) {
		report.Line(progress.Subject{}, fmt.Sprintf("%d steps to do", len(r.Plan.Steps)))
	}})
	report.Close()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Fleet %s is down: nothing with its tag is left in any region of account %s.\n", name, c.Account())
	return err
}
