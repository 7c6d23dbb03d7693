package agent

import (
	"context"
	"net"
	"sync"
)

// maxConnections is how many connections a port of the agent holds at a time; more wait until one ends. Operator, kubelet and
// people need a few. What never ends, a port would collect until the agent, which is the container's first process, has no
// memory or files left.
const maxConnections = 256

// listen opens a port of the agent, on all addresses.
func listen(port string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort("", port))
	if err != nil {
		return nil, err
	}
	return &bounded{Listener: l, slots: make(chan struct{}, maxConnections), done: make(chan struct{})}, nil
}

// bounded is a listener that accepts only as many connections as it has slots.
type bounded struct {
	net.Listener

	slots chan struct{}
	done  chan struct{} // closed with the listener
	once  sync.Once
}

func (b *bounded) Accept() (net.Conn, error) {
	select {
	case b.slots <- struct{}{}:
	case <-b.done:
		return nil, net.ErrClosed
	}
	c, err := b.Listener.Accept()
	if err != nil {
		<-b.slots
		return nil, err
	}
	return &connection{Conn: c, free: sync.OnceFunc(func() { <-b.slots })}, nil
}

func (b *bounded) Close() error {
	b.once.Do(func() { close(b.done) })
	return b.Listener.Close()
}

// connection gives its slot back when it is closed.
type connection struct {
	net.Conn

	free func()
}

func (c *connection) Close() error {
	defer c.free()
	return c.Conn.Close()
}
