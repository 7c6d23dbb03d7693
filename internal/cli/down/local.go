package down

import (
	"context"
	"fmt"
	"io"

	"github.com/ringspan/ringspan/internal/cli/takedown"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/fleet/local"
)

// inLocal ends a fleet on this machine.
func inLocal(ctx context.Context, c *local.Cloud, keep bool, out io.Writer) error {
	d := lifecycle.LocalDown{Cloud: c, Keep: keep}
	if !keep {
		d.Begin = func(ctx context.Context) { takedown.TellProtected(ctx, out, c.Name()) }
	}
	processes, err := d.Run(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Fleet %s is down.\n  processes  0 (%d before)\n  mounts     0\n  networks   0: they lived in the processes' own namespaces\n", c.Name(), processes)
	if keep {
		_, err = fmt.Fprintf(out, "  data       kept in %s\n", c.State)
		return err
	}
	_, err = fmt.Fprintf(out, "  data       gone: %s\n", c.State)
	return err
}
