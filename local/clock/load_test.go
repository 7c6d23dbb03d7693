//go:build linux && amd64

package clock

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// load reads the clock without pause and judges every reading.
type load struct {
	offsets []time.Duration
	seen    [3]atomic.Int64 // readings with each offset
	bad     atomic.Pointer[string]
	ended   atomic.Bool
	group   sync.WaitGroup
}

func (l *load) start(goroutines int) {
	for range goroutines {
		l.group.Go(func() {
			for !l.ended.Load() {
				l.read()
			}
		})
	}
}

// read takes many readings between two of the kernel.
func (l *load) read() {
	var taken [200]time.Time
	before := kernelClock(unix.CLOCK_REALTIME)
	for i := range taken {
		taken[i] = time.Now()
	}
	after := kernelClock(unix.CLOCK_REALTIME)
	for i, at := range taken {
		if !l.right(before, at.UnixNano(), after) {
			bad := fmt.Sprintf("reading %d, %d ns after the kernel's, is none of %v", i, at.UnixNano()-before, l.offsets)
			l.bad.Store(&bad)
		}
		if i > 0 && at.Sub(taken[i-1]) < 0 { // the monotonic readings in them
			bad := fmt.Sprintf("the monotonic clock went back by %s", taken[i-1].Sub(at))
			l.bad.Store(&bad)
		}
	}
}

func (l *load) right(before, got, after int64) bool {
	for i, offset := range l.offsets {
		if around(before, got-int64(offset), after) {
			l.seen[i].Add(1)
			return true
		}
	}
	return false
}

func (l *load) stop() string {
	l.ended.Store(true)
	l.group.Wait()
	if bad := l.bad.Load(); bad != nil {
		return *bad
	}
	return "right"
}

// slack is for the clocks' own grain: coarse ones advance with the tick.
const slack = 20 * time.Millisecond

func around(before, got, after int64) bool {
	return before-int64(slack) <= got && got <= after+int64(slack)
}
