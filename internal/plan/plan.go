package plan

import (
	"fmt"
	"slices"
	"strings"
)

// Verb is a kind of step, in words that people read ("apply", "start").
type Verb string

// Step is one thing to do. Planners embed it beside what carrying it out needs.
type Step struct {
	Verb   Verb
	Target string
	Why    string
}

// String is the step as people read it.
func (s Step) String() string { return fmt.Sprintf("%s %s: %s", s.Verb, s.Target, s.Why) }

// Notes are what a plan says beside its steps.
type Notes struct {
	Waits   []string // what is waited for, and on whom: "node rack2-0 to join the ring"
	Trouble []string // what a person should know, in the words of who has it
}

// Wait notes what is waited for. Saying it twice is saying it once.
func (n *Notes) Wait(format string, args ...any) { note(&n.Waits, format, args) }

// Warn notes trouble.
func (n *Notes) Warn(format string, args ...any) { note(&n.Trouble, format, args) }

func note(list *[]string, format string, args []any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(*list, text) {
		*list = append(*list, text)
	}
}

// Quiet tells whether nothing is noted.
func (n *Notes) Quiet() bool { return len(n.Waits) == 0 && len(n.Trouble) == 0 }

// Text lists steps and notes, one a line; empty when there are none.
func Text[S fmt.Stringer](steps []S, n Notes) string {
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintln(&b, s)
	}
	for _, w := range n.Waits {
		fmt.Fprintln(&b, "waiting for", w)
	}
	for _, t := range n.Trouble {
		fmt.Fprintln(&b, "trouble:", t)
	}
	return b.String()
}
