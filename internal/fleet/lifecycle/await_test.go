package lifecycle

import (
	"testing"

	"github.com/ringspan/ringspan/internal/ringview"
)

// A wait isn't only up's, which has a file: what a datacenter is, its spec says.
func TestWhatADatacenterIsThatWaitsForNothing(t *testing.T) {
	for want, d := range map[string]ringview.DatacenterVerdict{
		"stopped, as its spec says": {Stopped: true, Size: 3},
		"its node serves":           {Size: 1},
		"all 3 nodes serve":         {Size: 3},
	} {
		if got := serves(d); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
