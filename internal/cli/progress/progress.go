package progress

import (
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/ringspan/ringspan/internal/report"
)

// Phase is a part of the command and how long it took.
type Phase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// Subject is who a report is about.
type Subject = report.Subject

// view shows reports somewhere.
type view interface {
	phase(at time.Duration, name string)
	line(at time.Duration, s Subject, text string)
	wait(at time.Duration, s Subject, text string)
	close()
}

// Reporter takes reports. Its methods may be called from several goroutines.
type Reporter struct {
	now   func() time.Time
	begin time.Time
	shown Options

	mu      sync.Mutex
	view    view
	phases  []Phase
	started time.Time // of the phase that runs
	running string
}

// Options say what is shown and where.
type Options struct {
	Out     io.Writer
	Title   string
	Regions []string         // in the order of their columns
	Now     func() time.Time // nil means time.Now
}

// New begins a report. It is live when out is a terminal that can be redrawn.
func New(o Options) *Reporter {
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Reporter{now: o.Now, begin: o.Now(), shown: o}
	r.view = r.open()
	return r
}

func (r *Reporter) open() view {
	if file, ok := r.shown.Out.(*os.File); ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb" {
		return startLive(file, r.shown.Title, r.shown.Regions, r.elapsed)
	}
	return &plain{out: r.shown.Out, shown: map[Subject]shown{}}
}

// Aside gives the terminal to somebody else for as long as do runs. What is reported
// meanwhile is not shown.
func (r *Reporter) Aside(do func()) {
	r.mu.Lock()
	r.view.close()
	r.view = silent{}
	r.mu.Unlock()
	do()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.view = r.open()
	if r.running != "" {
		r.view.phase(r.elapsed(), r.running)
	}
}

func (r *Reporter) elapsed() time.Duration { return r.now().Sub(r.begin) }

// Phase ends the phase that runs and begins the next one.
func (r *Reporter) Phase(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endPhase()
	r.running, r.started = name, r.now()
	r.view.phase(r.elapsed(), name)
}

func (r *Reporter) endPhase() {
	if r.running != "" {
		r.phases = append(r.phases, Phase{r.running, r.now().Sub(r.started).Seconds()})
	}
	r.running = ""
}

// Line tells of something that has happened.
func (r *Reporter) Line(s Subject, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.view.line(r.elapsed(), s, text)
}

// Wait says what a subject waits for, and on whom. Saying the same again costs
// nothing; an empty text ends the wait.
func (r *Reporter) Wait(s Subject, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.view.wait(r.elapsed(), s, text)
}

// Close ends the report and returns the phases, the last one included.
func (r *Reporter) Close() []Phase {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endPhase()
	if r.view != nil {
		r.view.close()
	}
	r.view = silent{}
	return r.phases
}

// silent is the view of a report that has ended.
type silent struct{}

func (silent) phase(time.Duration, string)         {}
func (silent) line(time.Duration, Subject, string) {}
func (silent) wait(time.Duration, Subject, string) {}
func (silent) close()                              {}
