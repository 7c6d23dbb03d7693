package aws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// That a region doesn't answer is told from all that AWS or this program says, alone
// and among others: of the one, `up` goes on without the region.
func TestWhatIsAwayIsToldFromWhatIsRefused(t *testing.T) {
	c := &Cloud{}
	away := func(region string) error {
		return c.explain(&net.OpError{Op: "dial", Err: errors.New("connection timed out")}, region)
	}
	for name, e := range map[string]struct {
		err  error
		want []string
	}{
		"nothing":              {nil, nil},
		"one":                  {away("eu-west-1"), []string{"eu-west-1"}},
		"a step":               {fmt.Errorf("create VPC: %w", away("eu-west-1")), []string{"eu-west-1"}},
		"two, one twice":       {errors.Join(away("eu-west-1"), away("eu-central-1"), away("eu-west-1")), []string{"eu-central-1", "eu-west-1"}},
		"beside another error": {errors.Join(away("eu-west-1"), errors.New("no permission")), nil},
		"another error":        {errors.New("no permission"), nil},
		"no region":            {away(""), nil},
		"interrupted":          {c.explain(&net.OpError{Op: "dial", Err: context.Canceled}, "eu-west-1"), nil},
	} {
		if got := provision.OnlyUnreachable(e.err); !slices.Equal(got, e.want) {
			t.Errorf("%s: %v, wanted %v", name, got, e.want)
		}
	}
}
