package aws

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// Existing is a fleet that was found by its tags.
type Existing struct {
	Name      string    `json:"name"`
	Regions   []string  `json:"regions"`
	Expires   string    `json:"expires,omitempty"`
	Resources int       `json:"resources"` // of EC2, those in all regions
	Deadline  time.Time `json:"-"`         // zero: never
}

// Fleets finds every fleet of the account, in all regions, by the tags of its
// networks' resources.
func (c *Cloud) Fleets(ctx context.Context) ([]Existing, error) {
	regions, err := c.in(c.home).ec2.DescribeRegions(ctx, &ec2.DescribeRegionsInput{})
	if err != nil {
		return nil, c.explain(err, c.home)
	}
	byName := map[string]*Existing{}
	var mu sync.Mutex
	group, each := errgroup.WithContext(ctx)
	for _, r := range regions.Regions {
		name := awssdk.ToString(r.RegionName)
		group.Go(func() error {
			tags, err := c.fleetTags(each, name)
			if err != nil {
				return c.explain(err, name)
			}
			mu.Lock()
			defer mu.Unlock()
			gatherFleets(byName, name, tags)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var all []Existing
	for _, e := range byName {
		slices.Sort(e.Regions)
		e.Deadline, _ = fleet.Expiry(e.Expires) // what somebody else wrote there is no time
		all = append(all, *e)
	}
	slices.SortFunc(all, func(a, b Existing) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

func (c *Cloud) fleetTags(ctx context.Context, region string) (all []types.TagDescription, err error) {
	pages := ec2.NewDescribeTagsPaginator(c.in(region).ec2, &ec2.DescribeTagsInput{Filters: []types.Filter{filter("key", infra.TagFleet, infra.TagExpires)}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Tags...)
	}
	return all, nil
}

func gatherFleets(byName map[string]*Existing, region string, tags []types.TagDescription) {
	of := map[string]string{} // resource → fleet
	for _, t := range tags {
		if awssdk.ToString(t.Key) != infra.TagFleet {
			continue
		}
		name := awssdk.ToString(t.Value)
		of[awssdk.ToString(t.ResourceId)] = name
		e := byName[name]
		if e == nil {
			e = &Existing{Name: name}
			byName[name] = e
		}
		e.Resources++
		if !slices.Contains(e.Regions, region) {
			e.Regions = append(e.Regions, region)
		}
	}
	for _, t := range tags {
		if name := of[awssdk.ToString(t.ResourceId)]; awssdk.ToString(t.Key) == infra.TagExpires && name != "" {
			// of several, which an interrupted change leaves, the latest counts
			if e := byName[name]; strings.Compare(e.Expires, awssdk.ToString(t.Value)) < 0 {
				e.Expires = awssdk.ToString(t.Value)
			}
		}
	}
}
