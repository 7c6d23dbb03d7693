package progress

import (
	"fmt"
	"io"
	"time"
)

// quiet is how long a subject's next wait is held back: what lasts shorter is
// not worth a line.
const quiet = time.Second

// plain prints a line for everything that is new.
type plain struct {
	out   io.Writer
	shown map[Subject]shown
}

// shown is a subject's last wait, and since when it has been waiting for that.
type shown struct {
	text, printed string
	since         time.Duration
}

func (p *plain) print(at time.Duration, format string, args ...any) {
	fmt.Fprintf(p.out, "%7.1fs  %s\n", at.Seconds(), fmt.Sprintf(format, args...))
}

func (p *plain) phase(at time.Duration, name string) { p.print(at, "== %s", name) }

func (p *plain) line(at time.Duration, s Subject, text string) {
	delete(p.shown, s)
	if who := s.String(); who != "" {
		p.print(at, "%s: %s", who, text)
		return
	}
	p.print(at, "%s", text)
}

func (p *plain) wait(at time.Duration, s Subject, text string) {
	w, before := p.shown[s]
	if w.text != text {
		w.text, w.since = text, at
	}
	if w.text != "" && w.text != w.printed && (!before || at-w.since >= quiet) {
		w.printed = text
		p.print(at, "%s: %s", s, text)
	}
	p.shown[s] = w
}

func (p *plain) close() {}
