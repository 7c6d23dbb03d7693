package schedule_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringspan/ringspan/internal/schedule"
)

var zones = []string{"", "TZ=UTC ", "CRON_TZ=Europe/Berlin ", "CRON_TZ=Africa/Cairo ", "CRON_TZ=Australia/Lord_Howe ", "CRON_TZ=America/New_York ", "CRON_TZ=Asia/Kolkata "}

// anyTimes draws a schedule that has times every month.
func anyTimes(t *rapid.T) *schedule.Times {
	field := func(name string, all ...string) string { return rapid.SampledFrom(all).Draw(t, name) }
	text := field("zone", zones...) + field("descriptor", "", "", "", "@daily", "@hourly", "@weekly", "@every 7h30m", "@every 1m")
	if !strings.Contains(text, "@") {
		text += strings.Join([]string{
			field("minute", "*", "0", "30", "*/7", "1-5,59", "?"), field("hour", "*", "0", "2", "1,2,3", "*/6", "23", "2-3"),
			field("day", "*", "*", "1", "28", "*/2"), field("month", "*", "*", "1-12", "JAN,apr-OCT,12"), field("weekday", "*", "*", "0", "FRI", "MON-FRI"),
		}, " ")
	}
	times, err := schedule.Parse(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return times
}

func anyTime(name string, t *rapid.T) time.Time {
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 2*366*24*60*60).Draw(t, name)) * time.Second)
}

// Times come one after another, and the last of them before a moment is the one that following them ends at.
func TestTimesFollowEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times, from := anyTimes(t), anyTime("from", t)
		until := from.Add(time.Duration(rapid.IntRange(0, 60*60).Draw(t, "minutes")) * time.Minute)
		var last time.Time
		for at := times.Next(from); !at.After(until); {
			next := times.Next(at)
			switch {
			case !at.After(from):
				t.Fatalf("after %s comes %s", from, at)
			case !next.After(at):
				t.Fatalf("after %s comes %s", at, next)
			}
			last, at = at, next
		}
		if is := times.Last(from, until); !is.Equal(last) {
			t.Fatalf("the last one after %s until %s is %s, and following them leads to %s", from, until, is, last)
		}
	})
}

// Where clocks leave out the midnight of a day, its other hours are there: Cairo's go on an hour as a Friday begins.
func TestADayWithoutItsMidnight(t *testing.T) {
	times, err := schedule.Parse("CRON_TZ=Africa/Cairo 0 * * * FRI")
	if err != nil {
		t.Fatal(err)
	}
	at, end := time.Date(2026, 4, 23, 12, 0, 0, 0, time.UTC), time.Date(2026, 4, 24, 21, 0, 0, 0, time.UTC)
	count := 0
	for at = times.Next(at); at.Before(end); at = times.Next(at) {
		count++
	}
	if count != 23 {
		t.Errorf("the day has %d hours", count)
	}
}

// A rule that names hours has as many times a day in a zone that changes its clocks as it has in UTC, but for times that are
// left out together.
func TestEveryDayHasItsTime(t *testing.T) {
	for _, zone := range zones {
		for _, rule := range []string{"30 2 * * *", "0 0 * * *", "45 1 * * *", "59 23 * * *", "0 3 * * *"} {
			times, err := schedule.Parse(zone + rule)
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
			count := 0
			for at := times.Next(begin); at.Before(begin.AddDate(3, 0, 0)); at = times.Next(at) {
				count++
			}
			if count < 3*365 || count > 3*365+1 { // 2028 has a day more
				t.Errorf("%s%s has %d times in three years", zone, rule, count)
			}
		}
	}
}

// No text makes the parser fail in another way than with an error.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"0 2 * * *", "@every 1h", "CRON_TZ=", "TZ=UTC", "CRON_TZ=UTC TZ=UTC", "TZ=\t* * * * *", "@every -1h", "*/0 * * * *", "60-1 * * * *", ",,, * * * *"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if times, err := schedule.Parse(text); err == nil {
			at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			if next := times.Next(at); !next.IsZero() && !next.After(at) {
				t.Errorf("%q: after %s comes %s", text, at, next)
			}
		}
	})
}
