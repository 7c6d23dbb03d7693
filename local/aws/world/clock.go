package world

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Clock is the machine's time and whatever it was advanced by.
type Clock struct {
	mu     sync.Mutex
	now    func() time.Time
	offset time.Duration
}

// NewClock is a clock over a source of time, such as time.Now.
func NewClock(now func() time.Time) *Clock { return &Clock{now: now} }

// Now is the time in this cloud, in UTC and whole milliseconds.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Add(c.offset).UTC().Truncate(time.Millisecond)
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// Waits say how long things take compared with AWS: 1 is as long, 10 ten times
// as fast, 0 not at all.
type Waits float64

// ParseWaits reads "real", "none" or a factor such as "60x".
func ParseWaits(s string) (Waits, error) {
	switch s {
	case "real":
		return 1, nil
	case "none":
		return 0, nil
	}
	factor, ok := strings.CutSuffix(s, "x")
	f, err := strconv.ParseFloat(factor, 64)
	if !ok || err != nil || !(f > 0 && f < 1e9) {
		return 0, fmt.Errorf("waits %q: use real, none, or a factor such as 60x for sixty times as fast as AWS", s)
	}
	return Waits(f), nil
}

// String is the form that ParseWaits reads.
func (w Waits) String() string {
	switch w {
	case 0:
		return "none"
	case 1:
		return "real"
	default:
		return strconv.FormatFloat(float64(w), 'g', -1, 64) + "x"
	}
}

// Of is how long something takes here that takes d on AWS.
func (w Waits) Of(d time.Duration) time.Duration {
	if w == 0 {
		return 0
	}
	return time.Duration(float64(d) / float64(w))
}
