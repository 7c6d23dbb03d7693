package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// agree asks whether what holds data may be deleted, by the fleet's name.
func (u *upRun) agree(ctx context.Context, removals []string) error {
	if len(removals) == 0 || u.yes {
		return nil
	}
	list := "\n  " + strings.Join(removals, "\n  ")
	if !isTerminal(u.in) || !isTerminal(u.errOut) {
		return fmt.Errorf("nothing was made: --prune deletes, with everything in it:%s\nThere is no terminal to ask on: say --yes if that is meant", list)
	}
	var err error
	u.report.Aside(func() { err = u.ask(ctx, list) })
	return err
}

func (u *upRun) ask(ctx context.Context, list string) error {
	name := u.file.Fleet.Name
	err := askForName(ctx, u.in, u.errOut, fmt.Sprintf("--prune deletes, with everything in it:%s\nType the fleet's name, %s, to delete that: ", list, name), name)
	if errors.Is(err, errOtherName) {
		return fmt.Errorf("nothing was made: %w", err)
	}
	return err
}

// errOtherName is of somebody who was asked for a fleet's name and said something else.
var errOtherName = errors.New("that is not the fleet's name")

// askForName asks a person for a fleet's name.
func askForName(ctx context.Context, in io.Reader, out io.Writer, text, name string) error {
	fmt.Fprint(out, text)
	said := make(chan string, 1)
	go func() { // it ends with the program when nobody answers
		line, _ := bufio.NewReader(in).ReadString('\n')
		said <- line
	}()
	select {
	case line := <-said:
		if strings.TrimSpace(line) != name {
			return errOtherName
		}
		return nil
	case <-ctx.Done():
		fmt.Fprintln(out)
		return context.Cause(ctx)
	}
}

// isTerminal tells whether a person is at the other end.
func isTerminal(of any) bool {
	file, ok := of.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
