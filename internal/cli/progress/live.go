package progress

import (
	"os"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// live redraws a part of the terminal. Lines that stay are printed above it.
type live struct {
	program *tea.Program
	ended   chan struct{}
}

func startLive(out *os.File, title string, regions []string, elapsed func() time.Duration) view {
	m := model{title: title, regions: regions, elapsed: elapsed, news: map[Subject]item{}}
	// No input: the terminal stays as it is, Ctrl-C reaches the command, and a
	// killed command leaves nothing to be mended. Nothing is asked of the
	// terminal either, because nobody would read its answers.
	l := &live{ended: make(chan struct{}), program: tea.NewProgram(m, tea.WithOutput(out), tea.WithInput(nil), tea.WithoutSignalHandler(), tea.WithFPS(20), tea.WithEnvironment(quietEnvironment(os.Environ())))}
	go func() {
		defer close(l.ended)
		_, _ = l.program.Run() // without a view there is nothing to say it on
	}()
	return l
}

// quietEnvironment is that of a remote terminal, which the library doesn't query for its
// capabilities.
func quietEnvironment(environ []string) []string {
	environ = slices.DeleteFunc(slices.Clone(environ), func(v string) bool {
		return strings.HasPrefix(v, "TERM_PROGRAM=") || strings.HasPrefix(v, "WT_SESSION=") || strings.HasPrefix(v, "TERM=")
	})
	return append(environ, "TERM=xterm-256color", "SSH_TTY=none")
}

func (l *live) phase(_ time.Duration, name string) { l.program.Send(phaseMsg(name)) }

func (l *live) line(at time.Duration, s Subject, text string) {
	l.program.Send(itemMsg{s, item{text: text, at: at, happened: true}})
}

func (l *live) wait(at time.Duration, s Subject, text string) {
	l.program.Send(itemMsg{s, item{text: text, at: at}})
}

func (l *live) close() {
	l.program.Send(doneMsg{})
	<-l.ended
}
