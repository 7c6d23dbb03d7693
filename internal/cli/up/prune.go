package up

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ringspan/ringspan/internal/cli/terminal"
)

// agree asks whether what holds data may be deleted, by the fleet's name.
func (u *run) agree(ctx context.Context, removals []string) error {
	if len(removals) == 0 || u.yes {
		return nil
	}
	list := "\n  " + strings.Join(removals, "\n  ")
	if !terminal.Is(u.in) || !terminal.Is(u.errOut) {
		return fmt.Errorf("nothing was made: --prune deletes, with everything in it:%s\nThere is no terminal to ask on: say --yes if that is meant", list)
	}
	var err error
	u.report.Aside(func() { err = u.ask(ctx, list) })
	return err
}

func (u *run) ask(ctx context.Context, list string) error {
	name := u.file.Fleet.Name
	err := terminal.Ask(ctx, u.in, u.errOut, fmt.Sprintf("--prune deletes, with everything in it:%s\nType the fleet's name, %s, to delete that: ", list, name), name)
	if errors.Is(err, terminal.ErrOtherName) {
		return fmt.Errorf("nothing was made: %w", err)
	}
	return err
}
