package cloud

import (
	"context"
	"io"
	"net"
	"time"

	"github.com/ringspan/ringspan/local/netlab"
)

// forward copies a connection both ways and passes on each side's end.
func forward(outside net.Conn, into *netlab.Namespace, address string) {
	defer outside.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	inside, err := into.Dial(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer inside.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(inside, outside)
		closeWrite(inside)
	}()
	_, _ = io.Copy(outside, inside)
	closeWrite(outside)
	<-done
}

func closeWrite(c net.Conn) {
	if half, ok := c.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
}
