package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // an image need not have the zones
	"unicode"

	"github.com/robfig/cron/v3"
)

// Times are those of a schedule.
type Times struct {
	// rule is about what clocks show: it counts as if they were in UTC, and zone says when they show it. It is nil of a
	// schedule that has a time every so often.
	rule *cron.SpecSchedule
	// every is how often.
	every time.Duration
	zone  *time.Location
	// wall: the rule names hours, so that it has its time on each day. One that is for every hour goes by the time that
	// passes.
	wall bool
}

// everyHour is the bit of a field that is a star.
const everyHour = 1 << 63

// Parse understands cron's five fields and its descriptors, with CRON_TZ=ZONE or TZ=ZONE before them or in UTC.
func Parse(text string) (*Times, error) {
	rest, zone := strings.TrimSpace(text), time.UTC
	for _, prefix := range []string{"CRON_TZ=", "TZ="} {
		named, found := strings.CutPrefix(rest, prefix)
		if !found {
			continue
		}
		name := named
		if end := strings.IndexFunc(named, unicode.IsSpace); end >= 0 {
			name = named[:end]
		}
		var err error
		if zone, err = zoneNamed(name); err != nil {
			return nil, err
		}
		rest = strings.TrimSpace(named[len(name):])
		break
	}
	switch {
	case rest == "":
		return nil, errors.New("it names no times")
	case strings.Contains(rest, "TZ="):
		return nil, errors.New("it names a second time zone")
	}
	rule, err := cron.ParseStandard(rest)
	if err != nil {
		return nil, err
	}
	if fields, is := rule.(*cron.SpecSchedule); is {
		return newRule(rest, fields, zone)
	}
	every, _ := rule.(cron.ConstantDelaySchedule) // there are these two
	if every.Delay < time.Minute {
		return nil, fmt.Errorf("%q: a minute is the least", rest)
	}
	return &Times{every: every.Delay}, nil
}

func newRule(text string, rule *cron.SpecSchedule, zone *time.Location) (*Times, error) {
	if slices.Contains([]uint64{rule.Minute, rule.Hour, rule.Dom, rule.Month, rule.Dow}, 0) {
		return nil, fmt.Errorf("%q has a field that is empty", text)
	}
	rule.Location = time.UTC
	return &Times{rule: rule, zone: zone, wall: rule.Hour&everyHour == 0}, nil
}

// zoneNamed doesn't take the machine's own zone: every operator must come to the same times.
func zoneNamed(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("time zone %q: it must be the name of one, such as Europe/Berlin", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q is not known", name)
	}
	return zone, nil
}

// Next is the first time after another one; zero when there is none in the next five years.
func (t *Times) Next(after time.Time) time.Time {
	switch {
	case t.every > 0:
		return utc(after.Add(t.every))
	case t.wall:
		return t.nextShown(after)
	}
	return t.nextPassing(after)
}

// nextShown is the next time of a rule that names hours.
func (t *Times) nextShown(after time.Time) time.Time {
	shown := asUTC(after.In(t.zone))
	for {
		if shown = t.rule.Next(shown); shown.IsZero() {
			return time.Time{}
		}
		if at := t.firstShown(shown); at.After(after) {
			return at
		}
	}
}

// nextPassing is the next time of a rule for every hour. It is looked for from one change of the zone's clocks to the next: where
// they leave out a midnight, cron would leave out that day.
func (t *Times) nextPassing(after time.Time) time.Time {
	from := after.In(t.zone)
	for next := t.rule.Next(asUTC(from)); !next.IsZero(); next = t.rule.Next(asUTC(from).Add(-time.Second)) {
		at := from.Add(next.Sub(asUTC(from)))
		_, end := from.ZoneBounds()
		if end.IsZero() || at.Before(end) {
			return utc(at)
		}
		from = end
	}
	return time.Time{}
}

// Last is the last time after one and not after another; zero when there is none between them.
func (t *Times) Last(after, until time.Time) (last time.Time) {
	if t.every > 0 {
		if passed := until.Sub(after); passed >= t.every {
			return utc(until.Add(-(passed % t.every)))
		}
		return last
	}
	from := after
	for back := time.Minute; until.Add(-back).After(after); back *= 2 { // years of every minute aren't gone through
		if next := t.Next(until.Add(-back)); !next.IsZero() && !next.After(until) {
			from = until.Add(-back)
			break
		}
	}
	for next := t.Next(from); !next.IsZero() && !next.After(until); next = t.Next(next) {
		last = next
	}
	return last
}

// firstShown is when the zone's clocks first show a time; of one that they leave out, when they go on after it.
func (t *Times) firstShown(shown time.Time) time.Time {
	at := time.Date(shown.Year(), shown.Month(), shown.Day(), shown.Hour(), shown.Minute(), shown.Second(), 0, t.zone)
	begin, end := at.ZoneBounds()
	switch is := asUTC(at); {
	case is.After(shown): // left out: at is as long after the change as shown is
		return utc(begin)
	case is.Before(shown):
		return utc(end)
	case begin.IsZero():
		return utc(at)
	}
	_, offset := begin.Add(-time.Second).Zone() // of the time before the last change
	if earlier := shown.Add(-time.Duration(offset) * time.Second); earlier.Before(begin) {
		return earlier
	}
	return utc(at)
}

// asUTC is the time at which clocks in UTC show what the zone's show.
func asUTC(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}
