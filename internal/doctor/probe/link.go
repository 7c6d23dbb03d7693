package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	exchanges = 6         // for the shortest round trip
	upload    = 128 << 10 // bytes: many packets of the largest size
	stalled   = 2 * time.Second
	headers   = 40  // bytes of IPv4 and TCP without options
	smallest  = 576 // bytes that every IPv4 network carries (RFC 791)
	fanOut    = 8   // sizes tried at once
)

// link measures the path to another probe.
func (r Runner) link(ctx context.Context, t Target, port int) (*Link, error) {
	address := net.JoinHostPort(t.Host, strconv.Itoa(port))
	conn, err := dial(ctx, address, 0)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	link := &Link{Port: port, Local: addressOf(conn.LocalAddr())}
	if err := r.clock(conn, link); err != nil {
		return nil, fmt.Errorf("exchange with %s: %w", address, err)
	}
	if t.Brief {
		return link, nil
	}
	if link.MTU, err = interfaceMTU(link.Local); err == nil {
		err = measureSize(ctx, address, link)
	}
	if err != nil {
		link.Failures = err.Error()
	}
	return link, nil
}

// clock compares clocks as NTP does (RFC 5905, section 8): of several exchanges
// the one with the shortest round trip is the best, and half of that bounds the
// error.
func (r Runner) clock(conn net.Conn, link *Link) error {
	for range exchanges {
		if err := conn.SetDeadline(time.Now().Add(stalled)); err != nil {
			return err
		}
		before, sent := time.Now(), r.Now()
		a, err := exchange(conn, 0)
		if err != nil {
			return err
		}
		took := time.Since(before)
		there := took - a.left.Sub(a.arrived) // without the other's pause
		if link.RTT == 0 || there < link.RTT {
			link.RTT, link.Seen = max(there, 1), a.seen
			link.Offset = (a.arrived.Sub(sent) + a.left.Sub(sent.Add(took))) / 2
		}
	}
	return nil
}

// measureSize finds the largest packet. An upload sends full packets with DF
// set; if it ends, the kernel knows what passed, with the help of path-MTU
// discovery or without. If it stalls, while small exchanges pass, large packets
// vanish: the largest that passes is then searched for.
func measureSize(ctx context.Context, address string, link *Link) error {
	limit := max(stalled, 10*link.RTT)
	var err error
	for range attempts {
		var packet int
		if packet, err = uploads(ctx, address, 0, limit); err == nil {
			link.Largest = packet
			return nil
		}
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, syscall.ETIMEDOUT) {
		return err
	}
	link.Vanish = true
	link.Largest, err = search(ctx, address, link.MTU, limit)
	return err
}

// search finds the largest packet up to a size that passes, by trying several
// sizes at once and going on between the largest that passed and the next.
func search(ctx context.Context, address string, size int, limit time.Duration) (int, error) {
	low, high := smallest-1, size // low passes (or nothing does), high doesn't
	for high-low > 1 && ctx.Err() == nil {
		sizes := between(low, high)
		passed := make([]bool, len(sizes))
		var group sync.WaitGroup
		for i, n := range sizes {
			group.Go(func() {
				_, err := uploads(ctx, address, n-headers, limit)
				passed[i] = err == nil
			})
		}
		group.Wait()
		if i := slices.Index(passed, false); i >= 0 {
			high = sizes[i]
			sizes = sizes[:i]
		}
		if len(sizes) > 0 {
			low = sizes[len(sizes)-1]
		}
	}
	if low < smallest {
		return 0, fmt.Errorf("not even packets of %d bytes pass", smallest)
	}
	return low, ctx.Err()
}

// between are up to fanOut numbers above low and below high.
func between(low, high int) (all []int) {
	step := max(1, (high-low)/(fanOut+1))
	for n := low + step; n < high && len(all) < fanOut; n += step {
		all = append(all, n)
	}
	return all
}

// uploads sends data over a connection of its own, in segments of at most a
// size (0: as large as they get), and returns the size of the packets.
func uploads(ctx context.Context, address string, segment int, limit time.Duration) (packet int, err error) {
	conn, err := dial(ctx, address, segment)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(limit)); err != nil {
		return 0, err
	}
	if _, err := exchange(conn, upload); err != nil {
		return 0, err
	}
	return packetSize(conn.(*net.TCPConn))
}

// dial connects with path-MTU discovery on, which sets DF on every packet.
func dial(ctx context.Context, address string, segment int) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		if err := c.Control(func(fd uintptr) { failed = setSize(int(fd), segment) }); err != nil {
			return err
		}
		return failed
	}}
	return d.DialContext(ctx, "tcp4", address)
}
