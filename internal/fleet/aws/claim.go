package aws

import (
	"context"
	"slices"
)

// claimChecks is how often two resources of one role are listed before this run concludes
// that the other run uses its own: 12 s with RealPause, in which a run that saw ours would
// have deleted its own.
const claimChecks = 8

// claim is for kinds of which AWS makes another one each time that it is asked. After making
// one, a run lists all of the same role. If two runs see each other's, the one with the
// smaller id is kept and the other run deletes its own. A run that saw only its own uses it;
// the other run then sees that this one stays, and deletes its own. claim returns when
// AWS lists the one that is to be used. The next round mends what is left in rarer cases:
// it deletes duplicates, and makes what is missing.
func (j *job) claim(ctx context.Context, list func(context.Context) ([]string, error), remove func(context.Context, string) error) error {
	own, checks := j.physical, 0
	return j.cloud.poll(ctx, settleBudget, "listing "+own, func(ctx context.Context) (bool, error) {
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
