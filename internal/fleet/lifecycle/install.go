package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/report"
)

// install puts the operator into every region, all at once, and then makes the
// regions known to each other.
// What doesn't answer is left out, and stays known to the others.
func (u *Up) install(ctx context.Context) error {
	all := u.regions
	if err := u.installAll(ctx); err != nil {
		return err
	}
	peers, err := u.peers(all)
	if err != nil {
		return err
	}
	group, each := errgroup.WithContext(ctx)
	for _, r := range u.regions {
		group.Go(func() error {
			if err := introduce(each, r, peers); err != nil {
				return fmt.Errorf("region %s: %w", r.Name, err)
			}
			u.report.Line(report.Subject{Region: r.Name}, "operator installed, knows its peers")
			return u.unnote(each, r)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return u.identities(ctx)
}

// unnote takes off what a `ringspan down` that came to nothing has noted on Propagations.
func (u *Up) unnote(ctx context.Context, r region.Region) error {
	names, err := unnoteAll(ctx, r.Client)
	for _, name := range names {
		u.report.Line(report.Subject{Region: r.Name}, fmt.Sprintf("Propagation %s: the note of a `ringspan down` that came to nothing is taken off", name))
	}
	if err != nil {
		return fmt.Errorf("region %s: %w", r.Name, err)
	}
	return nil
}

// identities says of all regions at once what their operators lack.
func (u *Up) identities(ctx context.Context) error {
	var missing []error
	for _, r := range u.regions {
		missing = append(missing, u.platform.identities(ctx, r))
	}
	return errors.Join(missing...)
}

// installAll installs every region that answers.
func (u *Up) installAll(ctx context.Context) error {
	var mu sync.Mutex
	silent := map[string]error{}
	group, each := errgroup.WithContext(ctx)
	for _, r := range u.regions {
		group.Go(func() error {
			err := u.installRegion(each, r)
			if each.Err() == nil && unreachable(err) {
				mu.Lock()
				defer mu.Unlock()
				silent[r.Name] = err
				return nil
			}
			if err != nil {
				return fmt.Errorf("region %s: %w", r.Name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return u.excludeUnanswered(ctx, silent)
}

// peers are how regions reach each other, those that don't answer now included.
func (u *Up) peers(all []region.Region) (known []install.Peer, err error) {
	for _, r := range all {
		p, err := u.platform.peer(r.Name)
		if err != nil {
			return nil, fmt.Errorf("region %s: %w", r.Name, err)
		}
		if p != nil {
			known = append(known, *p)
		}
	}
	return known, nil
}

// installTimeout is how long a region that has answered may take.
const installTimeout = 3 * time.Minute

// installRegion installs one region.
func (u *Up) installRegion(ctx context.Context, r region.Region) error {
	say := func(s string) { u.report.Wait(report.Subject{Region: r.Name}, s) }
	if err := reachable(ctx, r); err != nil {
		return err
	}
	options, err := u.platform.operator(r.Name)
	if err != nil {
		return err
	}
	if err := u.platform.admit(ctx, r); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	if err := install.Apply(ctx, r.Client, options, say); err != nil {
		return err
	}
	return u.platform.storage(ctx, r, say)
}

// introduce tells a region's operator of the other regions.
func introduce(ctx context.Context, r region.Region, peers []install.Peer) error {
	for _, p := range peers {
		if p.Region == r.Name {
			continue
		}
		objects, err := install.PeerObjects("", p)
		if err != nil {
			return err
		}
		if err := install.ApplyObjects(ctx, r.Client, objects...); err != nil {
			return err
		}
	}
	return nil
}
