package cloud

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Event is one line of what the lab does.
type Event struct {
	Seconds float64 `json:"seconds"` // since the lab's start
	Phase   string  `json:"phase"`
	Region  string  `json:"region,omitempty"`
	Message string  `json:"message"`
	Error   string  `json:"error,omitempty"`
	Done    bool    `json:"done,omitempty"` // the lab is ready
}

// journal keeps the newest events for those who watch the lab come up.
type journal struct {
	begin time.Time
	print io.Writer // gets every event as a line, too

	mu     sync.Mutex
	first  int // number of the first event that is kept
	events []Event
	failed error
	done   bool
}

const journalLength = 1000

func newJournal(print io.Writer) *journal { return &journal{begin: time.Now(), print: print} }

func (j *journal) add(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.Seconds = time.Since(j.begin).Seconds()
	j.events = append(j.events, e)
	if extra := len(j.events) - journalLength; extra > 0 {
		j.events, j.first = j.events[extra:], j.first+extra
	}
	where := e.Region
	if where != "" {
		where += ": "
	}
	fmt.Fprintf(j.print, "%7.2fs  %s%s%s\n", e.Seconds, where, e.Message, e.Error)
}

func (j *journal) say(phase, region, format string, args ...any) {
	j.add(Event{Phase: phase, Region: region, Message: fmt.Sprintf(format, args...)})
}

func (j *journal) fail(phase, region string, err error) {
	j.mu.Lock()
	if j.failed == nil {
		j.failed = err
	}
	j.mu.Unlock()
	j.add(Event{Phase: phase, Region: region, Error: err.Error()})
}

// ready says that all is well, even if it was said before that it isn't.
func (j *journal) ready(message string) {
	j.mu.Lock()
	j.done, j.failed = true, nil
	j.mu.Unlock()
	j.add(Event{Phase: "ready", Message: message, Done: true})
}

func (j *journal) failure() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failed
}

func (j *journal) isReady() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.done
}

// since returns the events from a number on, and the number after the last.
func (j *journal) since(n int) ([]Event, int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	from := max(n-j.first, 0)
	if from > len(j.events) {
		from = len(j.events)
	}
	return append([]Event{}, j.events[from:]...), j.first + len(j.events)
}
