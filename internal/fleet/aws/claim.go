package aws

import (
	"context"
	"slices"
)

// claimChecks is how often two resources of one role are seen before the maker of the
// other is taken for one who goes on with it: with RealPause in 12 s, in which whoever
// saw ours too has taken his away.
const claimChecks = 8

// claim is for kinds that AWS makes a second time when it is asked twice. Having
// made one, it lists those of the same role. Of two runs that see each other's,
// the one whose id is the smaller keeps it, and the other takes his away. A run
// that has seen no other goes on with its own: then the other's never goes, and
// ours does. It returns when the one to be used is known to AWS's listings. What
// is left of rarer courses is mended by the next round: a double is deleted, and
// what is missing is made.
func (j *job) claim(ctx context.Context, list func(context.Context) ([]string, error), remove func(context.Context, string) error) error {
	own, checks := j.physical, 0
	return j.cloud.until(ctx, settleBudget, "listing "+own, func(ctx context.Context) (bool, error) {
		ids, err := list(ctx)
		if err != nil {
			return false, err
		}
		others := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == own })
		if len(others) == 0 {
			return len(ids) > 0, nil
		}
		if checks++; own < slices.Min(others) && checks < claimChecks {
			return false, nil
		}
		if err := remove(ctx, own); err != nil && !is(err, notFound) {
			return false, err
		}
		j.physical = slices.Min(others)
		return true, nil
	})
}

// useOthers uses what another run has made. When nothing of the role is there,
// the conflict is somebody else's: the error stays.
func (j *job) useOthers(ctx context.Context, list func(context.Context) ([]string, error), conflict error) error {
	for attempt := range 5 {
		ids, err := list(ctx)
		if err != nil {
			return err
		}
		if len(ids) > 0 {
			j.physical = ids[0]
			return nil
		}
		if err := j.cloud.pause(ctx, attempt, false); err != nil {
			return err
		}
	}
	return conflict
}
