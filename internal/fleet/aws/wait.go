package aws

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Pause waits before AWS is asked again. Attempt counts from 0; slow is for what
// takes minutes.
type Pause func(ctx context.Context, attempt int, slow bool) error

// ShortPause is for a cloud on this machine, whose rate of calls needs no sparing.
func ShortPause(ctx context.Context, _ int, _ bool) error { return sleep(ctx, 100*time.Millisecond) }

// RealPause begins with short pauses, because much is ready at once, and goes on
// with ones that spare the account's rate of calls: at most 5 s, or 15 s for
// what takes minutes.
func RealPause(ctx context.Context, attempt int, slow bool) error {
	most := 5 * time.Second
	if slow {
		most = 15 * time.Second
	}
	return sleep(ctx, min(100*time.Millisecond<<min(attempt, 10), most))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Timeouts of what AWS does by itself. Those of Terraform's provider are about the same: IAM
// 2 min, EC2 5 min, cluster 30 min.
const (
	settleBudget  = 5 * time.Minute  // until a new id is known everywhere
	networkBudget = 15 * time.Minute // gateways
	clusterBudget = 40 * time.Minute // clusters, node groups, add-ons
)

// overBudget says that a wait was too long.
type overBudget struct {
	what   string
	budget time.Duration
}

func (o overBudget) Error() string { return fmt.Sprintf("%s took longer than %s", o.what, o.budget) }

// Is makes it a deadline that was exceeded.
func (o overBudget) Is(target error) bool { return target == context.DeadlineExceeded }

// poll asks again, with pauses, until done says so. What it waits for is in the error when
// the budget is over.
func (c *Cloud) poll(ctx context.Context, budget time.Duration, what string, done func(ctx context.Context) (bool, error)) error {
	within, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	for attempt := 0; ; attempt++ {
		ok, err := done(within)
		if ok || err != nil && !is(err, throttled, interrupted) {
			return err
		}
		if err := c.pause(within, attempt, budget == clusterBudget); err != nil {
			if ctx.Err() == nil {
				return overBudget{what, budget}
			}
			return err
		}
	}
}

// retry makes a call again while AWS doesn't know yet what was just made, or
// still holds what was just deleted. When the budget is over, the error is what
// AWS kept saying.
func (c *Cloud) retry(ctx context.Context, what string, call func(ctx context.Context) error, passing ...class) error {
	var said error // last, of what may pass
	err := c.poll(ctx, settleBudget, what, func(ctx context.Context) (bool, error) {
		err := call(ctx)
		if is(err, passing...) {
			said = err
			return false, nil
		}
		return err == nil, err
	})
	if err != nil && said != nil && ctx.Err() == nil && classify(err) == other && errors.Is(err, context.DeadlineExceeded) {
		return said
	}
	return err
}

// Pause waits before a fleet is looked at again.
func (c *Cloud) Pause(ctx context.Context, round int) error { return c.pause(ctx, round, false) }
