package aws

import (
	"context"
	"slices"
	"testing"

	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// Of two runs that make the same thing at once, one keeps its own and one takes it
// away, whatever each of them is shown first.
func TestClaimLeavesOneOfTwo(t *testing.T) {
	for name, test := range map[string]struct {
		lists   [][]string // one a listing; the last one stays
		keeps   string
		removes bool
	}{
		"alone":                             {lists: [][]string{{"b"}}, keeps: "b"},
		"alone, once it is listed":          {lists: [][]string{{}, {}, {"b"}}, keeps: "b"},
		"the other's id is smaller":         {lists: [][]string{{"a", "b"}}, keeps: "a", removes: true},
		"the other takes its own away":      {lists: [][]string{{"b", "c"}, {"b", "c"}, {"b"}}, keeps: "b"},
		"the other goes on with its own":    {lists: [][]string{{"b", "c"}}, keeps: "c", removes: true},
		"the other is seen before our own":  {lists: [][]string{{"a"}}, keeps: "a", removes: true},
		"the smallest of three stays":       {lists: [][]string{{"a", "b", "c"}}, keeps: "a", removes: true},
		"ours is the smallest, two others":  {lists: [][]string{{"b", "c", "d"}, {"b", "d"}, {"b"}}, keeps: "b"},
		"a smaller one that shows up later": {lists: [][]string{{"b", "c"}, {"a", "b"}}, keeps: "a", removes: true},
	} {
		c := &Cloud{pause: func(context.Context, int, bool) error { return nil }}
		j := &job{cloud: c, physical: "b", step: &infra.Step{}, task: provision.Task{Waits: func(string) {}}}
		removed, n := []string(nil), 0
		err := j.claim(t.Context(), func(context.Context) ([]string, error) {
			n++
			return test.lists[min(n, len(test.lists))-1], nil
		}, func(_ context.Context, id string) error {
			removed = append(removed, id)
			return nil
		})
		var want []string
		if test.removes {
			want = []string{"b"}
		}
		if err != nil || j.physical != test.keeps || !slices.Equal(removed, want) {
			t.Errorf("%s: keeps %s, removes %v, %v; wanted %s, %v", name, j.physical, removed, err, test.keeps, want)
		}
	}
}
