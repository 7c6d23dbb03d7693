package probe

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"
)

// An exchange is one request and its answer, any number of them on a
// connection:
//
//	request  magic (8 bytes), length of the payload (4), payload
//	answer   magic (8), time at which the request began to arrive (8), time at
//	         which the answer left (8), the client's address as seen (16)
//
// Numbers are big-endian, times nanoseconds since 1970, addresses IPv6 or
// mapped IPv4. A payload makes the packets as large as they get.
const (
	magic      = "RSPROBE1"
	answerSize = 8 + 8 + 8 + 16
	maxPayload = 1 << 20
)

// answer is the server's part of an exchange.
type answer struct {
	arrived, left time.Time
	seen          netip.Addr
}

var errForeign = errors.New("something else than a probe answers")

// exchange runs the client's side.
func exchange(conn net.Conn, payload int) (a answer, err error) {
	request := make([]byte, len(magic)+4+payload)
	copy(request, magic)
	binary.BigEndian.PutUint32(request[len(magic):], uint32(payload))
	if _, err := conn.Write(request); err != nil {
		return a, err
	}
	var raw [answerSize]byte
	if _, err := io.ReadFull(conn, raw[:]); err != nil {
		return a, err
	}
	if string(raw[:8]) != magic {
		return a, errForeign
	}
	a.arrived = time.Unix(0, int64(binary.BigEndian.Uint64(raw[8:])))
	a.left = time.Unix(0, int64(binary.BigEndian.Uint64(raw[16:])))
	a.seen = netip.AddrFrom16([16]byte(raw[24:])).Unmap()
	return a, nil
}

// reply runs the server's side of one exchange.
func reply(conn net.Conn, now func() time.Time) error {
	var head [len(magic) + 4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return err
	}
	arrived := now()
	if !bytes.HasPrefix(head[:], []byte(magic)) {
		return errForeign
	}
	length := binary.BigEndian.Uint32(head[len(magic):])
	if length > maxPayload {
		return fmt.Errorf("a payload of %d bytes: at most %d", length, maxPayload)
	}
	if _, err := io.CopyN(io.Discard, conn, int64(length)); err != nil {
		return err
	}
	var raw [answerSize]byte
	copy(raw[:], magic)
	from := addressOf(conn.RemoteAddr()).As16()
	copy(raw[24:], from[:])
	binary.BigEndian.PutUint64(raw[8:], uint64(arrived.UnixNano()))
	binary.BigEndian.PutUint64(raw[16:], uint64(now().UnixNano()))
	_, err := conn.Write(raw[:])
	return err
}

// addressOf is the address of one end of a connection.
func addressOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
