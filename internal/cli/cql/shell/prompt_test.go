package shell

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/term"
)

// terminal is a term.Terminal over what is typed, without a real one.
func terminal(ctx context.Context, in io.Reader, out io.Writer) (*term.Terminal, *keyboard, *history) {
	k, h := newKeyboard(ctx, in), &history{}
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{k, out}, "> ")
	t.History = lines{h, k}
	return t, k, h
}

// Ctrl-C gives up the line, Ctrl-D ends the input.
func TestControlKeys(t *testing.T) {
	var out strings.Builder
	tty, k, h := terminal(t.Context(), strings.NewReader("SELECT 1;\rSELEC\x03\x03USE x;\r\x04"), &out)
	read := func() (string, bool, error) {
		k.interrupted = false
		line, err := tty.ReadLine()
		return line, k.interrupted, err
	}
	for _, want := range []struct {
		line        string
		interrupted bool
		err         error
	}{{"SELECT 1;", false, nil}, {"SELEC^C", true, nil}, {"^C", true, nil}, {"USE x;", false, nil}, {"", false, io.EOF}} {
		line, interrupted, err := read()
		if line != want.line || interrupted != want.interrupted || !errors.Is(err, want.err) {
			t.Errorf("%q, interrupted %v, %v; want %+v", line, interrupted, err, want)
		}
	}
	if got := strings.Join(h.lines, "|"); got != "SELECT 1;|USE x;" {
		t.Errorf("history: %s", got)
	}
}

// A terminal that nobody types on doesn't hold the program up.
func TestAKeyboardEndsWithItsContext(t *testing.T) {
	in, typing := io.Pipe()
	defer typing.Close()
	ctx, cancel := context.WithCancel(t.Context())
	k := newKeyboard(ctx, in)
	cancel()
	if _, err := k.Read(make([]byte, 8)); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}

func TestPagesAreAskedFor(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer bool
		paging bool
		asked  int
		says   string
	}{
		{"all of it", true, true, 2, "(3 rows)"},
		{"enough", false, true, 1, "(1 rows, and there are more)"},
		{"without paging", false, false, 0, "(3 rows)"},
	} {
		s, f, out := newShell(t)
		one := Page{Columns: []string{"id"}, Rows: [][]cell{{value(t, "int", 1)}}}
		f.answers["SELECT 1"] = []Page{one, one, one}
		asked := 0
		s.more, s.paging = func() bool { asked++; return c.answer }, c.paging
		if err := s.Statement(t.Context(), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
		if asked != c.asked || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s: asked %d times, and said\n%s", c.name, asked, out)
		}
	}
}

// At the prompt a row that is wider than the screen is shown line by line, until
// the user says otherwise.
func TestWideRowsAreExpanded(t *testing.T) {
	s, f, out := newShell(t)
	f.answers["SELECT 1"] = []Page{{Columns: []string{"identifier", "n"}, Rows: [][]cell{{value(t, "int", 1), value(t, "int", 2)}}}}
	run := func(width int, statement string) string {
		out.Reset()
		if width > 0 {
			s.width = func() int { return width }
		}
		if err := s.Statement(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if got := run(16, "SELECT 1"); strings.Contains(got, "@ Row") { // the rule is ------------+---
		t.Errorf("it fits: %s", got)
	}
	if got := run(15, "SELECT 1"); !strings.Contains(got, "@ Row 1\n") {
		t.Errorf("it doesn't fit: %s", got)
	}
	run(0, "EXPAND OFF")
	if got := run(0, "SELECT 1"); strings.Contains(got, "@ Row") {
		t.Errorf("the user wants a table: %s", got)
	}
}

func TestPagingIsSaid(t *testing.T) {
	s, _, out := newShell(t)
	for _, statement := range []string{"PAGING", "PAGING OFF", "PAGING"} {
		if err := s.Statement(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	want := "Query paging is currently enabled. Use PAGING ON/OFF\nNow query paging is disabled\nQuery paging is currently disabled. Use PAGING ON/OFF\n"
	if out.String() != want || s.Statement(t.Context(), "PAGING 7") == nil {
		t.Errorf("%s", out)
	}
}
