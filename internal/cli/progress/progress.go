// Package progress shows people what a long command does: lines that stay, and
// on a terminal one more line, redrawn, that says what is being waited for.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// Printer prints progress. Its methods may be called from several goroutines.
type Printer struct {
	out   io.Writer
	begin time.Time
	width int // of the terminal; 0 = none

	mu   sync.Mutex
	wait string // the live line
	last map[string]string
}

// New looks whether out is a terminal.
func New(out io.Writer, begin time.Time) *Printer {
	p := &Printer{out: out, begin: begin, last: map[string]string{}}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			p.width = w
		}
	}
	return p
}

// Line prints a line that stays.
func (p *Printer) Line(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintf(p.out, "%7.1fs  %s\n", time.Since(p.begin).Seconds(), fmt.Sprintf(format, args...))
	p.draw()
}

// Wait says what is being waited for, and on whom, by subject. Without a
// terminal each subject's news is a line.
func (p *Printer) Wait(subject, what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last[subject] == what {
		if p.width > 0 {
			p.clear()
			p.draw()
		}
		return
	}
	p.last[subject] = what
	if p.width == 0 {
		if what != "" {
			fmt.Fprintf(p.out, "%7.1fs  %s: %s\n", time.Since(p.begin).Seconds(), subject, what)
		}
		return
	}
	p.clear()
	p.wait = subject + ": " + what
	p.draw()
}

// Done takes the live line away.
func (p *Printer) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.wait = ""
}

func (p *Printer) clear() {
	if p.width > 0 && p.wait != "" {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

func (p *Printer) draw() {
	if p.width == 0 || p.wait == "" {
		return
	}
	text := fmt.Sprintf("%7.1fs  … %s", time.Since(p.begin).Seconds(), strings.ReplaceAll(p.wait, "\n", " "))
	if r := []rune(text); len(r) >= p.width {
		text = string(r[:p.width-1])
	}
	fmt.Fprint(p.out, text)
}
