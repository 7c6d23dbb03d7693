package shell

import (
	"context"
	"io"
)

// keyboard reads what is typed. It gives up when its context ends, which a read
// of a terminal doesn't, and makes Ctrl-C the end of a line: x/term's terminal
// would take it for the end of the input.
type keyboard struct {
	in      io.Reader
	arrived chan chunk
	asked   bool   // a read of in is under way; a later call takes its bytes
	raw     []byte // arrived and not looked at yet
	ready   []byte // to hand out

	ctx         context.Context //nolint:containedctx // io.Reader has no parameter for it
	interrupted bool            // the line that was read last ended with Ctrl-C
}

// chunk is what one read gave.
type chunk struct {
	bytes []byte
	err   error
}

const (
	keyInterrupt = 3
	keyEnd       = 5 // Ctrl-E: to the end of the line
)

func newKeyboard(ctx context.Context, in io.Reader) *keyboard {
	return &keyboard{ctx: ctx, in: in, arrived: make(chan chunk, 1)}
}

// Read implements io.Reader.
func (k *keyboard) Read(p []byte) (int, error) {
	if len(k.ready) == 0 {
		if err := k.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, k.ready)
	k.ready = k.ready[n:]
	return n, nil
}

// fill waits for keys and makes at least one ready.
func (k *keyboard) fill() error {
	if len(k.raw) == 0 {
		if err := k.wait(); err != nil {
			return err
		}
	}
	n := 0
	for n < len(k.raw) && k.raw[n] != keyInterrupt {
		n++
	}
	if n == 0 { // what was typed stays on the screen, marked as the user knows it
		k.interrupted = true
		k.ready, k.raw = []byte{keyEnd, '^', 'C', '\r'}, k.raw[1:]
		return nil
	}
	k.ready, k.raw = k.raw[:n], k.raw[n:]
	return nil
}

// wait gets the next bytes that are typed.
func (k *keyboard) wait() error {
	if !k.asked {
		k.asked = true
		go func() { // ends with its read; there is one at most
			b := make([]byte, 256)
			n, err := k.in.Read(b)
			k.arrived <- chunk{b[:n], err}
		}()
	}
	select {
	case t := <-k.arrived:
		k.asked = false
		k.raw = t.bytes
		if len(t.bytes) > 0 {
			return nil
		}
		return t.err
	case <-k.ctx.Done():
		return io.EOF
	}
}

// key waits for one key; Ctrl-C is one like others.
func (k *keyboard) key() (byte, error) {
	if len(k.ready) > 0 {
		b := k.ready[0]
		k.ready = k.ready[1:]
		return b, nil
	}
	if len(k.raw) == 0 {
		if err := k.wait(); err != nil {
			return 0, err
		}
	}
	b := k.raw[0]
	k.raw = k.raw[1:]
	return b, nil
}
