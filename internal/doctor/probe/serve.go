package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Limits of the passive side: it listens where all regions can reach it.
const (
	maxConnections = 256
	idleLimit      = 10 * time.Second // for one exchange
)

// Server answers exchanges.
type Server struct {
	Now func() time.Time // nil means time.Now

	listeners []net.Listener
	conns     sync.WaitGroup
	slots     chan struct{}
}

// Listen opens the ports that are free, on an address ("" means all), and tells
// which ones somebody else holds. Serve must follow, or Close.
func (s *Server) Listen(address string, ports []int) (held []int, err error) {
	s.slots = make(chan struct{}, maxConnections)
	for _, port := range ports {
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort(address, strconv.Itoa(port)))
		if errors.Is(err, syscall.EADDRINUSE) {
			held = append(held, port)
			continue
		}
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("listening on port %d: %w", port, err)
		}
		s.listeners = append(s.listeners, l)
	}
	return held, nil
}

// Addresses are where it listens.
func (s *Server) Addresses() (all []net.Addr) {
	for _, l := range s.listeners {
		all = append(all, l.Addr())
	}
	return all
}

// Close stops listening.
func (s *Server) Close() {
	for _, l := range s.listeners {
		_ = l.Close() // nobody listens any more, either way
	}
}

// Serve answers until the context ends, and returns when the last connection
// has ended.
func (s *Server) Serve(ctx context.Context) {
	if s.Now == nil {
		s.Now = time.Now
	}
	stop := context.AfterFunc(ctx, s.Close)
	defer stop()
	var group sync.WaitGroup
	for _, l := range s.listeners {
		group.Go(func() { s.accept(ctx, l) })
	}
	group.Wait()
	s.conns.Wait()
}

func (s *Server) accept(ctx context.Context, l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return // closed
		}
		select {
		case s.slots <- struct{}{}:
			s.conns.Go(func() {
				defer func() { <-s.slots }()
				s.answer(ctx, conn)
			})
		default: // too many at once
			_ = conn.Close()
		}
	}
}

func (s *Server) answer(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	for {
		if err := conn.SetDeadline(time.Now().Add(idleLimit)); err != nil {
			return
		}
		if err := reply(conn, s.Now); err != nil {
			return // the other side has gone, or isn't a probe
		}
	}
}
