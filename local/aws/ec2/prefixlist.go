package ec2

import (
	"context"

	"github.com/ringspan/ringspan/local/aws/wire"
)

// PrefixList is a list of ranges that AWS keeps; this cloud has none but the
// names, since it has no gateway endpoints.
type PrefixList struct {
	PrefixListId, PrefixListName string
	Cidrs                        []string `wire:"cidrSet"`
}

func (a *API) prefixLists() []PrefixList {
	return []PrefixList{{"pl-0000000000000s3", "com.amazonaws." + a.region.Name + ".s3", nil}}
}

func (a *API) prefixList(id string) *PrefixList {
	for _, p := range a.prefixLists() {
		if p.PrefixListId == id {
			return &p
		}
	}
	return nil
}

var prefixListKind = &kind[PrefixList]{filters: map[string]func(*API, *PrefixList) []string{
	"prefix-list-id":   of(func(p *PrefixList) string { return p.PrefixListId }),
	"prefix-list-name": of(func(p *PrefixList) string { return p.PrefixListName }),
}}

// DescribePrefixListsInput is DescribePrefixLists's.
type DescribePrefixListsInput struct {
	PrefixListIds []string `wire:"PrefixListId"`
	Filters       []Filter `wire:"Filter"`
	Page
}

// DescribePrefixListsOutput is DescribePrefixLists's.
type DescribePrefixListsOutput struct {
	PrefixLists []PrefixList `wire:"prefixListSet"`
	NextToken   string
}

// DescribePrefixLists lists AWS's own prefix lists, in one page.
func (a *API) DescribePrefixLists(_ context.Context, in *DescribePrefixListsInput) (*DescribePrefixListsOutput, error) {
	for _, id := range in.PrefixListIds {
		if a.prefixList(id) == nil {
			return nil, wire.Errorf("InvalidPrefixListID.NotFound", "The prefix list ID '%s' does not exist", id)
		}
	}
	filters := in.Filters
	if len(in.PrefixListIds) > 0 {
		filters = append(filters, Filter{"prefix-list-id", in.PrefixListIds})
	}
	out := &DescribePrefixListsOutput{}
	for _, p := range a.prefixLists() {
		ok, err := passes(a, prefixListKind, &p, filters)
		if err != nil {
			return nil, err
		}
		if ok {
			out.PrefixLists = append(out.PrefixLists, p)
		}
	}
	return out, nil
}
