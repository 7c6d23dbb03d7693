package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/cli/progress"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/ring"
	"github.com/ringspan/ringspan/internal/ringview"
)

// follow waits until everything is done that a ring asks for, and shows how far that is.
func (u *undo) follow(ctx context.Context, k *k8ssandra.K8ssandraCluster) error {
	if !u.wait || u.dryRun {
		return nil
	}
	to := u.out
	if u.json {
		to = u.errOut
	}
	var names []string
	for _, r := range u.ring.answer {
		names = append(names, r.Name)
	}
	shown := progress.New(progress.Options{Out: to, Title: "ringspan rollout undo: ring " + u.ring.key.String(), Regions: names})
	shown.Phase("carried out")
	within, cancel := context.WithTimeoutCause(ctx, u.timeout, fmt.Errorf("not done after %s (--timeout); what is under way goes on: look with `ringspan status`, or run this again to wait on", u.timeout))
	defer cancel()
	w := lifecycle.Wait{Fleet: u.ring.fleet, Regions: u.ring.answer, Ring: u.ring.key, Datacenters: k.Spec.Cassandra.Datacenters, Report: shown, Check: u.unedited(k)}
	err := w.Run(within)
	shown.Close()
	switch cause := context.Cause(within); {
	case err != nil && cause != nil && ctx.Err() == nil && !errors.Is(err, cause):
		return fmt.Errorf("%w\n%w", err, cause)
	case err != nil:
		return err
	}
	u.result.Done = true
	u.say("Ring %s is ready with the configuration of revision %d.", u.ring.key, u.result.To.Number)
	return nil
}

// unedited ends the wait when somebody else edits the ring, as tools do that keep it as a repository has it.
func (u *undo) unedited(k *k8ssandra.K8ssandraCluster) func(ringview.Snapshot) error {
	hash := ring.Kind.Hash(k)
	return func(s ringview.Snapshot) error {
		i := slices.IndexFunc(s.Regions, func(r ringview.Region) bool { return r.Name == u.home.Name })
		if i < 0 || s.Regions[i].Err != nil { // whether somebody edits it can't be told now
			return nil //nolint:nilerr // the wait itself says which region doesn't answer
		}
		for j := range s.Regions[i].Rings {
			now := &s.Regions[i].Rings[j]
			if client.ObjectKeyFromObject(now) == u.ring.key && now.UID == k.UID && ring.Kind.Hash(now) != hash {
				return fmt.Errorf("ring %s was edited since then, and is at revision %s: %s. What goes on now is that edit's", u.ring.key, revisionOf(now), editor(now))
			}
		}
		return nil
	}
}
