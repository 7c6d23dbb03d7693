//go:build !(linux && amd64)

package clock

import (
	"context"
	"io"
	"time"
)

func shift(int, time.Duration) (bool, error) { return false, ErrUnsupported }

func offsetOf(int) (time.Duration, error) { return 0, ErrUnsupported }

// Serve answers ErrUnsupported.
func Serve(io.Reader, io.Writer) error { return ErrUnsupported }

// Keep tells of ErrUnsupported and waits for the context's end.
func (k Keeper) Keep(ctx context.Context, _ func() []int, _ time.Duration, complain func(error)) {
	complain(ErrUnsupported)
	<-ctx.Done()
}
