package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/aws/desired"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// Question asks for a fleet.
func (c *Cloud) Question(name string, spec *fleetv1.FleetSpec) provision.Question {
	q := provision.Question{Fleet: name, ID: desired.FleetID(c.account, name), Spec: spec}
	if spec == nil {
		return q
	}
	for _, r := range spec.Regions {
		q.Regions = append(q.Regions, r.Name)
		if r.Adopt != nil {
			q.Adopted = append(q.Adopted, r)
		}
	}
	if spec.JumpHost != nil {
		q.JumpHost = spec.JumpHost.Region
		if !slices.Contains(q.Regions, q.JumpHost) {
			q.Regions = append(q.Regions, q.JumpHost)
		}
	}
	return q
}

// Observe finds everything of the fleet: closely in the regions that are asked
// for, and wherever else in the account its tag is. It changes nothing.
func (c *Cloud) Observe(ctx context.Context, q provision.Question) (*infra.Seen, error) {
	roles, regions, err := c.rolesAndRegions(ctx, q)
	if err != nil {
		return nil, err
	}
	seen := &infra.Seen{Found: roles, Account: c.account, Adopted: map[string]infra.AdoptedNetwork{}}
	group, each := errgroup.WithContext(ctx)
	observations := make([]*observation, len(regions))
	for i, name := range regions {
		group.Go(func() error {
			o := c.observe(name, q)
			observations[i] = o
			return c.explain(o.all(each), name)
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, o := range observations {
		o.into(seen)
	}
	deriveAcceptances(seen)
	if q.Deleting {
		seen.Foreign = foreign(observations, seen)
	}
	return seen, nil
}

// rolesAndRegions are the fleet's roles, and the regions to look at: those asked for,
// those in which the fleet's tag is, and those of its roles. A cluster in a network
// that is adopted may be all that there is of the fleet in a region.
func (c *Cloud) rolesAndRegions(ctx context.Context, q provision.Question) (roles []infra.Found, regions []string, err error) {
	var enabled []string
	group, each := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		roles, err = c.roles(each, q)
		return c.explain(err, "")
	})
	group.Go(func() (err error) {
		regions, enabled, err = c.regionsToSearch(each, q)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	for _, r := range roles {
		site, _, _ := strings.Cut(r.ID, "/")
		if slices.Contains(enabled, site) && !slices.Contains(regions, site) {
			regions = append(regions, site)
		}
	}
	return roles, regions, nil
}

// regionsToSearch are the regions to look at: those asked for, which must be enabled in
// the account, and those in which the fleet's tag is; and all that are enabled.
func (c *Cloud) regionsToSearch(ctx context.Context, q provision.Question) (out, enabled []string, err error) {
	all, err := c.in(c.home).ec2.DescribeRegions(ctx, &ec2.DescribeRegionsInput{AllRegions: awssdk.Bool(true)})
	if err != nil {
		return nil, nil, c.explain(err, c.home)
	}
	for _, r := range all.Regions {
		if awssdk.ToString(r.OptInStatus) != "not-opted-in" {
			enabled = append(enabled, awssdk.ToString(r.RegionName))
		}
	}
	for _, name := range q.Regions {
		if !slices.Contains(enabled, name) {
			known := slices.ContainsFunc(all.Regions, func(r types.Region) bool { return awssdk.ToString(r.RegionName) == name })
			if known {
				return nil, nil, fmt.Errorf("region %s is not enabled in account %s: enable it in the account's settings, or choose another", name, c.account)
			}
			return nil, nil, fmt.Errorf("%q is not a region of AWS that account %s knows; there are %s", name, c.account, strings.Join(enabled, ", "))
		}
	}
	tagged := make([]bool, len(enabled))
	group, each := errgroup.WithContext(ctx)
	for i, name := range enabled {
		if slices.Contains(q.Regions, name) {
			tagged[i] = true
			continue
		}
		group.Go(func() (err error) {
			tagged[i], err = c.hasTag(each, name, infra.TagFleetID, q.ID)
			return c.explain(err, name)
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	for i, name := range enabled {
		if tagged[i] {
			out = append(out, name)
		}
	}
	return out, enabled, nil
}

// hasTag asks with one call whether anything in a region carries a tag.
func (c *Cloud) hasTag(ctx context.Context, region, key, value string) (bool, error) {
	out, err := c.in(region).ec2.DescribeTags(ctx, &ec2.DescribeTagsInput{Filters: []types.Filter{filter("key", key), filter("value", value)}})
	if err != nil {
		return false, err
	}
	return len(out.Tags) > 0, nil
}

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: awssdk.String(name), Values: values}
}
