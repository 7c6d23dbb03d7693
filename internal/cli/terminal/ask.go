package terminal

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

// ErrOtherName is of somebody who was asked for a fleet's name and said something else.
var ErrOtherName = errors.New("that is not the fleet's name")

// Ask asks a person for a fleet's name.
func Ask(ctx context.Context, in io.Reader, out io.Writer, text, name string) error {
	fmt.Fprint(out, text)
	said := make(chan string, 1)
	go func() { // it ends with the program when nobody answers
		line, _ := bufio.NewReader(in).ReadString('\n')
		said <- line
	}()
	select {
	case line := <-said:
		if strings.TrimSpace(line) != name {
			return ErrOtherName
		}
		return nil
	case <-ctx.Done():
		fmt.Fprintln(out)
		return context.Cause(ctx)
	}
}

// Is tells whether a person is at the other end.
func Is(of any) bool {
	file, ok := of.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
