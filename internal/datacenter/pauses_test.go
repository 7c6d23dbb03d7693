package datacenter

import (
	"testing"
	"time"
)

func TestPausesOfRepairs(t *testing.T) {
	for failures, want := range map[int32]time.Duration{0: time.Minute, 1: time.Minute, 2: 2 * time.Minute, 5: 16 * time.Minute, 6: 30 * time.Minute, 1000: 30 * time.Minute} {
		if got := pauseAfter(failures); got != want {
			t.Errorf("%s after %d failures instead of %s", got, failures, want)
		}
	}
}
