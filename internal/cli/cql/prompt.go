package cql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Prompt asks for statements on a terminal until the user leaves. A statement
// that fails is told, and the next one asked for. historyFile keeps what was
// typed; "" means nowhere.
func (s *Shell) Prompt(ctx context.Context, in, out *os.File, historyFile string) error {
	terminal := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, out}, "")
	terminal.History = openHistory(historyFile)
	fmt.Fprintln(out, "HELP shows the commands, EXIT leaves. Statements end with a semicolon.")
	pending := ""
	for ctx.Err() == nil {
		terminal.SetPrompt(s.sign(pending))
		line, err := readLine(terminal, in, out)
		switch {
		case errors.Is(err, io.EOF) && pending != "": // Ctrl-C: not this one
			fmt.Fprintln(out)
			pending = ""
			continue
		case errors.Is(err, io.EOF):
			fmt.Fprintln(out)
			return nil
		case err != nil && !errors.Is(err, term.ErrPasteIndicator):
			return err
		}
		statements, rest := Split(pending + line + "\n")
		pending = rest.Text
		if pending != "" {
			pending += "\n"
		}
		for _, one := range statements {
			if err := s.Statement(ctx, one.Text); errors.Is(err, errExit) {
				return nil
			} else if err != nil {
				fmt.Fprintln(out, err)
			}
		}
	}
	return ctx.Err()
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

// readLine has the terminal in raw mode only while a line is typed: Ctrl-C ends
// a query, and a killed shell leaves a sane terminal more often than not.
func readLine(t *term.Terminal, in, out *os.File) (string, error) {
	state, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return "", err
	}
	defer func() { _ = term.Restore(int(in.Fd()), state) }() // it was just set: works
	if width, height, err := term.GetSize(int(out.Fd())); err == nil {
		_ = t.SetSize(width, height) // only for the layout
	}
	return t.ReadLine()
}
