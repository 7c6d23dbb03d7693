package eks

import (
	"context"
	"maps"
	"strings"
)

// tagged finds the tags of a resource by ARN, or nil.
func (a *API) tagged(arn string) *map[string]string {
	for _, c := range a.region.Clusters.All() {
		if c.Arn == arn {
			return &c.Tags
		}
		for _, g := range c.Nodegroups.All() {
			if g.NodegroupArn == arn {
				return &g.Tags
			}
		}
		for _, d := range c.Addons.All() {
			if d.AddonArn == arn {
				return &d.Tags
			}
		}
		for _, e := range c.Entries.All() {
			if e.AccessEntryArn == arn {
				return &e.Tags
			}
		}
		for _, p := range c.Associations.All() {
			if p.AssociationArn == arn {
				return &p.Tags
			}
		}
	}
	return nil
}

func (a *API) tags(arn string) (*map[string]string, error) {
	if t := a.tagged(arn); t != nil {
		return t, nil
	}
	return nil, notFound("No resource found for ARN: %s", arn)
}

// TagResourceInput is TagResource's.
type TagResourceInput struct {
	ResourceArn string `wire:",uri"`
	Tags        map[string]string
}

// TagResource adds tags.
func (a *API) TagResource(_ context.Context, in *TagResourceInput) (*Empty, error) {
	t, err := a.tags(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	merged := maps.Clone(*t)
	if merged == nil {
		merged = map[string]string{}
	}
	for k, v := range in.Tags {
		if strings.HasPrefix(k, "aws:") || k == "" || len(k) > 128 || len(v) > 256 {
			return nil, invalid("The tag key %q is reserved or too long, or its value is", k)
		}
		merged[k] = v
	}
	if len(merged) > 50 {
		return nil, invalid("A resource can have at most 50 tags")
	}
	*t = merged
	return &Empty{}, nil
}

// UntagResourceInput is UntagResource's.
type UntagResourceInput struct {
	ResourceArn string   `wire:",uri"`
	TagKeys     []string `wire:",query"`
}

// UntagResource removes tags.
func (a *API) UntagResource(_ context.Context, in *UntagResourceInput) (*Empty, error) {
	t, err := a.tags(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	for _, k := range in.TagKeys {
		delete(*t, k)
	}
	return &Empty{}, nil
}

// ResourceArnInput names a resource.
type ResourceArnInput struct {
	ResourceArn string `wire:",uri"`
}

// ListTagsForResourceOutput is ListTagsForResource's.
type ListTagsForResourceOutput struct {
	Tags map[string]string
}

// ListTagsForResource lists tags.
func (a *API) ListTagsForResource(_ context.Context, in *ResourceArnInput) (*ListTagsForResourceOutput, error) {
	t, err := a.tags(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &ListTagsForResourceOutput{*t}, nil
}

// Resources lists the ARNs of all that a region holds. Inside Do.
func (a *API) Resources() []string {
	var out []string
	for _, c := range a.region.Clusters.All() {
		out = append(out, c.Arn)
		for _, g := range c.Nodegroups.All() {
			out = append(out, g.NodegroupArn)
		}
		for _, d := range c.Addons.All() {
			out = append(out, d.AddonArn)
		}
	}
	return out
}
