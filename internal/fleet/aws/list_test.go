package aws

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// pagesOf is a listing of which one page may fail.
type pagesOf struct {
	pages [][]string
	fails int // this page, counted from 1; 0 is none
	read  int
}

func (p *pagesOf) HasMorePages() bool { return p.read < len(p.pages) }

func (p *pagesOf) NextPage(context.Context, ...func(*struct{})) (*[]string, error) {
	p.read++
	if p.read == p.fails {
		return nil, errors.New("throttled")
	}
	return &p.pages[p.read-1], nil
}

func TestCollectReadsAllPagesOrNone(t *testing.T) {
	for name, test := range map[string]struct {
		pages [][]string
		fails int
		want  []string
	}{
		"no page":                            {},
		"one page":                           {pages: [][]string{{"a", "b"}}, want: []string{"a", "b"}},
		"an empty page in the middle":        {pages: [][]string{{"a"}, {}, {"b"}}, want: []string{"a", "b"}},
		"a page that fails leaves no others": {pages: [][]string{{"a"}, {"b"}}, fails: 2},
	} {
		got, err := collect(t.Context(), &pagesOf{pages: test.pages, fails: test.fails}, func(p *[]string) []string { return *p })
		if !slices.Equal(got, test.want) || (err != nil) != (test.fails > 0) {
			t.Errorf("%s: %v, %v; wanted %v", name, got, err, test.want)
		}
	}
}
