package probe

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// serve answers on the loopback address, with a clock that is off, and returns
// the port.
func serve(t *testing.T, off time.Duration) int {
	t.Helper()
	s := &Server{Now: func() time.Time { return time.Now().Add(off) }}
	if _, err := s.Listen("127.0.0.1", []int{0}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		s.Serve(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return s.Addresses()[0].(*net.TCPAddr).Port
}

// closedPort is one on which nobody listens.
func closedPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestRunOverLoopback(t *testing.T) {
	port, closed := serve(t, 0), closedPort(t)
	got := Runner{}.Run(t.Context(), Task{Self: "me", Targets: []Target{
		{Name: "it", Host: "127.0.0.1", Ports: []int{closed, port}, Kind: Prober},
		{Name: "bare", Host: "127.0.0.1", Ports: []int{port}, Kind: Other},
		{Name: "nameless", Host: "no-such-name.invalid", Ports: []int{port}, Kind: Other},
	}, Names: []string{"localhost"}})
	it := got.Targets[0]
	if it.Ports[0].Outcome != Refused || it.Ports[1].Outcome != Open {
		t.Errorf("ports: %+v", it.Ports)
	}
	here := netip.MustParseAddr("127.0.0.1")
	if l := it.Link; l == nil || l.Port != port || l.Seen != here || l.Local != here || l.RTT <= 0 || l.Failures != "" || l.Vanish || l.Largest < 1500 {
		t.Errorf("link: %+v", l)
	} else if bound := l.RTT + time.Millisecond; l.Offset.Abs() > bound {
		t.Errorf("one clock is %s from itself, with a round trip of %s", l.Offset, l.RTT)
	}
	if bare := got.Targets[1]; bare.Link != nil || bare.Ports[0].Outcome != Open {
		t.Errorf("something else than a probe: %+v", bare)
	}
	if o := got.Targets[2].Ports[0].Outcome; o != Unresolved {
		t.Errorf("a name that leads nowhere: %s", o)
	}
	if n := got.Names[0]; !slices.Contains(n.Addresses, here) {
		t.Errorf("localhost: %+v", n)
	}
}

func TestClockOffset(t *testing.T) {
	for _, off := range []time.Duration{2 * time.Second, -time.Hour} {
		port := serve(t, off)
		got := Runner{}.Run(t.Context(), Task{Targets: []Target{{Host: "127.0.0.1", Ports: []int{port}, Kind: Prober, Brief: true}}})
		link := got.Targets[0].Link
		if link == nil || (link.Offset-off).Abs() > link.RTT+time.Millisecond {
			t.Errorf("a clock %s off: %+v", off, link)
		}
	}
}

// A server that isn't a probe is recognized, and a probe survives clients that aren't probes.
func TestStrangers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("220 I speak first, and I say enough to fill an answer of a probe\n"))
			conn.Close()
		}
	}()
	got := Runner{}.Run(t.Context(), Task{Targets: []Target{{Host: "127.0.0.1", Ports: []int{l.Addr().(*net.TCPAddr).Port}, Kind: Prober}}})
	if seen := got.Targets[0]; seen.Ports[0].Outcome != Open || seen.Link == nil || seen.Link.Seen.IsValid() || seen.Link.Failures == "" {
		t.Errorf("%+v", seen)
	}
	for _, request := range []string{"GET / HTTP/1.1\r\n\r\n", magic + "\xff\xff\xff\xff"} {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", serve(t, 0)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if n, err := conn.Read(make([]byte, 64)); n != 0 || err == nil {
			t.Errorf("%q was answered with %d bytes", request, n)
		}
		conn.Close()
	}
}

// A port that somebody else holds is told, and the others are served.
func TestHeldPorts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	s := &Server{}
	held, err := s.Listen("127.0.0.1", []int{port, 0})
	if err != nil || !slices.Equal(held, []int{port}) || len(s.Addresses()) != 1 {
		t.Errorf("held %v, listening on %v: %v", held, s.Addresses(), err)
	}
	s.Close()
}

// A target that is still starting refuses first.
func TestPatience(t *testing.T) {
	port := closedPort(t)
	s := &Server{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for connect(ctx, "127.0.0.1", port).Outcome != Refused {
		}
		if _, err := s.Listen("127.0.0.1", []int{port}); err != nil {
			t.Error(err)
		}
		s.Serve(ctx)
	}()
	got := Runner{}.Run(t.Context(), Task{Targets: []Target{{Host: "127.0.0.1", Ports: []int{port}, Kind: Prober, Brief: true, Patient: true}}})
	if got.Targets[0].Ports[0].Outcome != Open || got.Targets[0].Link == nil {
		t.Errorf("%+v", got.Targets[0])
	}
	cancel()
	<-done
}

func TestBetween(t *testing.T) {
	for _, c := range []struct{ low, high int }{{575, 1500}, {575, 9001}, {10, 12}, {10, 15}} {
		all := between(c.low, c.high)
		if len(all) == 0 || len(all) > fanOut || all[0] <= c.low || all[len(all)-1] >= c.high || !slices.IsSorted(all) {
			t.Errorf("between %d and %d: %v", c.low, c.high, all)
		}
	}
}
