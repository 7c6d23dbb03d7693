package ec2

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/local/aws/wire"
)

const maxTags = 50

// Tag is a key and a value.
type Tag struct {
	Key, Value string
}

// Tagged is what has tags.
type Tagged struct {
	Tags []Tag `wire:"tagSet,omitempty"`
}

// TagSpecification tags what a call makes.
type TagSpecification struct {
	ResourceType string
	Tags         []Tag `wire:"Tag"`
}

// tagsFor are the tags of one resource type; types beside the allowed ones are
// refused.
func tagsFor(specs []TagSpecification, resourceType string, also ...string) ([]Tag, error) {
	var out []Tag
	for _, s := range specs {
		switch {
		case s.ResourceType == resourceType:
			out = append(out, s.Tags...)
		case !slices.Contains(also, s.ResourceType):
			return nil, wire.Errorf("InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", s.ResourceType)
		}
	}
	return mergeTags(nil, out)
}

// mergeTags adds tags, and replaces those with the same keys.
func mergeTags(have, add []Tag) ([]Tag, error) {
	out := slices.Clone(have)
	for _, t := range add {
		if err := t.check(); err != nil {
			return nil, err
		}
		out = append(slices.DeleteFunc(out, func(h Tag) bool { return h.Key == t.Key }), t)
	}
	if len(out) > maxTags {
		return nil, wire.Errorf("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
	}
	slices.SortFunc(out, func(a, b Tag) int { return cmp.Compare(a.Key, b.Key) })
	return out, nil
}

func (t Tag) check() error {
	switch {
	case t.Key == "" || len(t.Key) > 128:
		return wire.Errorf("InvalidParameterValue", "Tag key must be between 1 and 128 characters")
	case len(t.Value) > 256:
		return wire.Errorf("InvalidParameterValue", "Tag value exceeds the maximum length of 256 characters")
	case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
		return wire.Errorf("InvalidParameterValue", "Value ( %s ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use", t.Key)
	}
	return nil
}

// CreateTagsInput is CreateTags's.
type CreateTagsInput struct {
	Resources []string `wire:"ResourceId"`
	Tags      []Tag    `wire:"Tag"`
}

// CreateTags adds tags to any resources of the region, or to none.
func (a *API) CreateTags(_ context.Context, in *CreateTagsInput) (*Done, error) {
	if len(in.Resources) == 0 || len(in.Tags) == 0 {
		return nil, missing("resourceIdSet and tagSet")
	}
	lists, err := a.tagLists(in.Resources)
	if err != nil {
		return nil, err
	}
	merged := make([][]Tag, len(lists))
	for i, l := range lists {
		if merged[i], err = mergeTags(*l, in.Tags); err != nil {
			return nil, err
		}
	}
	for i, l := range lists {
		*l = merged[i]
	}
	return done()
}

// DeleteTagsInput is DeleteTags's. A tag without a value goes whatever its
// value is.
type DeleteTagsInput struct {
	Resources []string `wire:"ResourceId"`
	Tags      []struct {
		Key   string
		Value *string
	} `wire:"Tag"`
}

// DeleteTags removes tags; without any it removes all that aren't AWS's own.
func (a *API) DeleteTags(_ context.Context, in *DeleteTagsInput) (*Done, error) {
	lists, err := a.tagLists(in.Resources)
	if err != nil {
		return nil, err
	}
	for _, l := range lists {
		*l = slices.DeleteFunc(*l, func(t Tag) bool {
			if len(in.Tags) == 0 {
				return !strings.HasPrefix(t.Key, "aws:")
			}
			for _, d := range in.Tags {
				if d.Key == t.Key && (d.Value == nil || *d.Value == t.Value) {
					return true
				}
			}
			return false
		})
	}
	return done()
}

func (a *API) tagLists(ids []string) ([]*[]Tag, error) {
	var out []*[]Tag
	for _, id := range ids {
		l, err := a.tagList(id)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

func (a *API) tagList(id string) (*[]Tag, error) {
	for _, k := range taggable {
		if k.owns(id) {
			return k.tagList(a, id)
		}
	}
	return nil, wire.Errorf("InvalidID", "The ID '%s' is not valid", id)
}

// taggableKind is a kind of any type.
type taggableKind interface {
	owns(id string) bool
	tagList(a *API, id string) (*[]Tag, error)
	describeTags(a *API) []TagDescription
	ids(a *API) []string
}

func (k *kind[T]) owns(id string) bool { return strings.HasPrefix(id, k.prefix+"-") }

func (k *kind[T]) tagList(a *API, id string) (*[]Tag, error) {
	v, err := find(a, k, id)
	if err != nil {
		return nil, err
	}
	return k.tags(v), nil
}

// typeNames are the resource types of DescribeTags by id prefix.
var typeNames = map[string]string{
	"vpc": "vpc", "subnet": "subnet", "igw": "internet-gateway", "eipalloc": "elastic-ip", "nat": "natgateway", "rtb": "route-table",
	"sg": "security-group", "sgr": "security-group-rule", "acl": "network-acl", "pcx": "vpc-peering-connection", "eni": "network-interface",
	"i": "instance", "lt": "launch-template", "dopt": "dhcp-options", "vol": "volume",
}

func (k *kind[T]) describeTags(a *API) []TagDescription {
	var out []TagDescription
	for _, v := range k.table(a.region).All() {
		if !a.world.Lag.Visible(a.region.Name + "/" + k.id(v)) {
			continue
		}
		for _, t := range *k.tags(v) {
			out = append(out, TagDescription{Key: t.Key, Value: t.Value, ResourceId: k.id(v), ResourceType: typeNames[k.prefix]})
		}
	}
	return out
}

func (k *kind[T]) ids(a *API) []string {
	return each(k.table(a.region).All(), k.id)
}

// TagDescription is one tag of one resource.
type TagDescription struct {
	Key, Value, ResourceId, ResourceType string
}

// DescribeTagsInput is DescribeTags's.
type DescribeTagsInput struct {
	Filters []Filter `wire:"Filter"`
	Page
}

// DescribeTagsOutput is DescribeTags's.
type DescribeTagsOutput struct {
	Tags []TagDescription `wire:"tagSet"`
}

var tagDescriptions = &kind[TagDescription]{filters: map[string]func(*API, *TagDescription) []string{
	"key":           of(func(t *TagDescription) string { return t.Key }),
	"value":         of(func(t *TagDescription) string { return t.Value }),
	"resource-id":   of(func(t *TagDescription) string { return t.ResourceId }),
	"resource-type": of(func(t *TagDescription) string { return t.ResourceType }),
}}

// DescribeTags lists tags of all resources of the region, in one page.
func (a *API) DescribeTags(_ context.Context, in *DescribeTagsInput) (*DescribeTagsOutput, error) {
	out := &DescribeTagsOutput{}
	if err := checkTagFilters(in.Filters); err != nil {
		return nil, err
	}
	for _, k := range taggable {
		for _, t := range k.describeTags(a) {
			ok, err := passes(a, tagDescriptions, &t, plainFilters(in.Filters))
			if err != nil {
				return nil, err
			}
			if ok && tagFits(t, in.Filters) {
				out.Tags = append(out.Tags, t)
			}
		}
	}
	return out, nil
}

// DescribeTags has filters of the form tag:key beside those by field.
func plainFilters(filters []Filter) []Filter {
	return slices.DeleteFunc(slices.Clone(filters), func(f Filter) bool { return strings.HasPrefix(f.Name, "tag:") })
}

func checkTagFilters(filters []Filter) error {
	return checkFilters(tagDescriptions, plainFilters(filters))
}

func tagFits(t TagDescription, filters []Filter) bool {
	for _, f := range filters {
		if key, ok := strings.CutPrefix(f.Name, "tag:"); ok &&
			(key != t.Key || !slices.ContainsFunc(f.Values, func(p string) bool { return glob(p, t.Value) })) {
			return false
		}
	}
	return true
}
