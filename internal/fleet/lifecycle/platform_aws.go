package lifecycle

import (
	"context"
	"path/filepath"

	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/remote"
)

// awsPlatform is an account of AWS.
type awsPlatform struct {
	inventory.AWS
	infrastructure
}

func newAWS(ctx context.Context, a inventory.Account, f *fleet.File) (*awsPlatform, error) {
	c, err := a.Open(ctx)
	if err != nil {
		return nil, err
	}
	home, err := remote.New(f.Fleet.Name, remote.Record{Account: c.Account(), Endpoint: a.Endpoint})
	return &awsPlatform{AWS: inventory.AWS{Fleet: home}, infrastructure: infrastructure{cloud: c, name: f.Fleet.Name, spec: f.Fleet.Spec}}, err
}

func (p *awsPlatform) create(ctx context.Context, w work) (func(), error) {
	if !w.Scope.bare() {
		if err := p.writeImages(ctx, w); err != nil {
			return nil, err
		}
	}
	if err := p.build(ctx, w); err != nil {
		return nil, err
	}
	if w.Scope.Network || !p.whole() {
		return func() {}, nil
	}
	return func() {}, p.SaveKubeconfig(p.cloud, p.endpoints)
}

// writeImages writes the images of this build for an embedded cloud, whose nodes have no registry
// to pull from. Nodes in AWS pull theirs.
func (p *awsPlatform) writeImages(ctx context.Context, w work) error {
	dir, err := embeddedImages(ctx, p.Endpoint)
	if err != nil {
		return err
	}
	if dir == "" && p.spec.ImageRegistry == "" {
		return errNoImages
	}
	if p.images = dir; dir == "" {
		return nil
	}
	self, err := inventory.Program()
	if err != nil {
		return err
	}
	d, err := ensureCassandra(ctx, w.report)
	if err != nil {
		return err
	}
	return distribution.WriteImages(dir, filepath.Dir(self), d)
}
