package status

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/ringspan/ringspan/internal/cli/terminal"
)

// watch shows the status again and again, on a terminal in the same place; what
// can't be asked now is told and tried again.
func (s *run) watch(ctx context.Context) error {
	var redraw *terminal.Screen
	if s.output.Format == "table" {
		redraw = terminal.NewScreen(s.out)
	}
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		var text bytes.Buffer
		if err := s.show(ctx, &text); err != nil && ctx.Err() == nil {
			fmt.Fprintln(&text, err)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err := s.display(redraw, text.String()); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (s *run) display(redraw *terminal.Screen, text string) error {
	if redraw == nil {
		_, err := io.WriteString(s.out, text)
		return err
	}
	return redraw.Show(time.Now().Format("15:04:05") + "  every 2 s; Ctrl-C ends\n\n" + text)
}
