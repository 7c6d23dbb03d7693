package cli

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/install"
)

// install puts the operator into every region, all at once, and then makes the
// regions known to each other.
func (u *upRun) install(ctx context.Context) error {
	peers := make([]install.Peer, len(u.regions))
	group, each := errgroup.WithContext(ctx)
	for i, r := range u.regions {
		group.Go(func() (err error) {
			if peers[i], err = u.installRegion(each, r); err != nil {
				return fmt.Errorf("region %s: %w", r.name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	group, each = errgroup.WithContext(ctx)
	for _, r := range u.regions {
		group.Go(func() error {
			if err := introduce(each, r, peers); err != nil {
				return fmt.Errorf("region %s: %w", r.name, err)
			}
			u.report.Line(progress.Subject{Region: r.name}, "operator installed, knows its peers")
			return nil
		})
	}
	return group.Wait()
}

// installRegion installs one region and returns how others reach it.
func (u *upRun) installRegion(ctx context.Context, r region) (install.Peer, error) {
	say := func(s string) { u.report.Wait(progress.Subject{Region: r.name}, s) }
	options, err := u.ground.operator(r.name)
	if err != nil {
		return install.Peer{}, err
	}
	if err := install.Apply(ctx, r.client, options, say); err != nil {
		return install.Peer{}, err
	}
	return u.ground.peer(ctx, r, say)
}

// introduce tells a region's operator of the other regions.
func introduce(ctx context.Context, r region, peers []install.Peer) error {
	for _, p := range peers {
		if p.Region == r.name {
			continue
		}
		objects, err := install.PeerObjects("", p)
		if err != nil {
			return err
		}
		if err := install.ApplyObjects(ctx, r.client, objects...); err != nil {
			return err
		}
	}
	return nil
}
