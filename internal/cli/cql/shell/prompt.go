package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"
)

// console is a terminal that a user types statements on.
type console struct {
	*term.Terminal

	in, out *os.File
	keys    *keyboard
}

// Prompt asks for statements on a terminal until the user leaves with Ctrl-D or
// EXIT. A statement that fails is told, and the next one asked for; Ctrl-C ends
// the statement that is typed, or that runs. historyFile keeps what was typed;
// "" means nowhere.
func (s *Shell) Prompt(ctx context.Context, in, out *os.File, historyFile string) error {
	// Ctrl-C is for statements, and must not end the program as it does elsewhere.
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	keys := newKeyboard(ctx, in)
	c := &console{in: in, out: out, keys: keys, Terminal: term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{keys, out}, "")}
	c.History = lines{openHistory(historyFile), keys}
	s.more, s.width = c.more, c.width
	fmt.Fprintln(out, "HELP shows the commands, EXIT leaves. Statements end with a semicolon.")
	pending := ""
	for {
		c.SetPrompt(s.sign(pending))
		line, err := c.readLine()
		switch {
		case errors.Is(err, io.EOF):
			fmt.Fprintln(out)
			return ctx.Err()
		case err != nil && !errors.Is(err, term.ErrPasteIndicator):
			return err
		case keys.interrupted:
			pending = ""
			continue
		}
		statements, rest := Split(pending + line + "\n")
		pending = rest.Text
		if pending != "" {
			pending += "\n"
		}
		if s.runAll(ctx, statements, out) {
			return nil
		}
	}
}

// runAll runs statements until one is interrupted; what fails is told. It says
// whether the user wishes to leave.
func (s *Shell) runAll(ctx context.Context, statements []Statement, out io.Writer) (leave bool) {
	for _, one := range statements {
		each, stop := signal.NotifyContext(ctx, os.Interrupt)
		err := s.Statement(each, one.Text)
		interrupted := each.Err() != nil
		stop()
		switch {
		case errors.Is(err, errExit):
			return true
		case interrupted && err != nil:
			fmt.Fprintln(out, "\nInterrupted. A statement that writes may have been carried out all the same.")
		case err != nil:
			fmt.Fprintln(out, err)
		}
		if interrupted {
			return false // and the statements behind it are not begun
		}
	}
	return false
}

// lines is the history without what ended with Ctrl-C.
type lines struct {
	*history

	keys *keyboard
}

// Add implements term.History.
func (l lines) Add(line string) {
	if !l.keys.interrupted {
		l.history.Add(line)
	}
}

// sign is the prompt: of a new statement with the keyspace, or of one that goes
// on.
func (s *Shell) sign(pending string) string {
	sign := "cql> "
	if s.keyspace != "" {
		sign = "cql:" + s.keyspace + "> "
	}
	if pending != "" {
		return strings.Repeat(" ", len(sign)-4) + "... "
	}
	return sign
}

// raw puts the terminal into raw mode, only while something is typed: otherwise
// Ctrl-C is a signal, which ends a statement, and a killed shell leaves a sane
// terminal more often than not.
func (c *console) raw() (restore func(), err error) {
	state, err := term.MakeRaw(int(c.in.Fd()))
	if err != nil {
		return nil, err
	}
	return func() { _ = term.Restore(int(c.in.Fd()), state) }, nil // it was just set: works
}

// width of the screen; that of paper where it isn't known.
func (c *console) width() int {
	if width, _, err := term.GetSize(int(c.out.Fd())); err == nil {
		return width
	}
	return 80
}

func (c *console) readLine() (string, error) {
	restore, err := c.raw()
	if err != nil {
		return "", err
	}
	defer restore()
	if width, height, err := term.GetSize(int(c.out.Fd())); err == nil {
		_ = c.SetSize(width, height) // only for the layout
	}
	c.keys.interrupted = false
	return c.ReadLine()
}

// more asks whether to go on with the next page of rows.
func (c *console) more() bool {
	restore, err := c.raw()
	if err != nil {
		return true
	}
	defer restore()
	const question = "---MORE--- (any key goes on, q ends)"
	fmt.Fprint(c.out, question)
	key, err := c.keys.key()
	fmt.Fprint(c.out, "\r\x1b[K")
	return err == nil && key != 'q' && key != 'Q' && key != keyInterrupt && key != 4 // Ctrl-D
}
