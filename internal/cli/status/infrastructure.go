package status

import (
	"context"
	"sync"

	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// infrastructureOf asks AWS's API what a fleet stands on. What can't be asked is said, and
// hides nothing of the rings.
func infrastructureOf(ctx context.Context, p inventory.Fleet, all []region.Region) *ringstatus.Infrastructure {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	c, err := p.OpenProvider(ctx)
	if err != nil {
		return &ringstatus.Infrastructure{Message: err.Error()}
	}
	q := c.Question(p.Name(), nil)
	for _, r := range all {
		q.Regions = append(q.Regions, r.Name)
	}
	runs := make(chan map[string]string, 1)
	go func() { runs <- versions(all) }()
	seen, err := c.Observe(ctx, q)
	versions := <-runs
	if err != nil {
		return &ringstatus.Infrastructure{Account: c.Account(), Message: err.Error()}
	}
	i := ringstatus.NewInfrastructure(c.Account(), seen.Found)
	for n := range i.Sites {
		i.Sites[n].Runs = versions[i.Sites[n].Name]
	}
	return i
}

// versions of Kubernetes that the regions run, of those that answer.
func versions(all []region.Region) map[string]string {
	answers := make([]string, len(all))
	var group sync.WaitGroup
	for i, r := range all {
		group.Go(func() { answers[i], _ = r.Version() }) // that it doesn't answer is told of the rings
	}
	group.Wait()
	byRegion := map[string]string{}
	for i, r := range all {
		byRegion[r.Name] = answers[i]
	}
	return byRegion
}
