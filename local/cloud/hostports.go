package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// The outer process opens listeners on the host for the supervisor, which lives in a
// network namespace of its own, while the lab runs: a socket belongs to the
// namespace in which it was made. Both talk over a pair of sockets that the
// supervisor inherits.

// portRequest asks for a listener; addresses of the host's loopback only.
type portRequest struct {
	Address string `json:"address"`
}

type portAnswer struct {
	Error string `json:"error,omitempty"`
}

// portSockets makes the two ends: the host's and the supervisor's.
func portSockets() (outside *net.UnixConn, inside *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("sockets between the lab and its host: %w", err)
	}
	inside = os.NewFile(uintptr(fds[1]), "host-ports")
	outside, err = unixConn(os.NewFile(uintptr(fds[0]), "host-ports"))
	return outside, inside, err
}

func unixConn(file *os.File) (*net.UnixConn, error) {
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}

// serveHostPorts answers until the other end is closed.
func serveHostPorts(conn *net.UnixConn) {
	defer conn.Close()
	buffer := make([]byte, 1024)
	for {
		n, err := conn.Read(buffer)
		if err != nil || n == 0 {
			return
		}
		var q portRequest
		_ = json.Unmarshal(buffer[:n], &q) // the supervisor wrote it
		file, err := openPort(q.Address)
		var answer portAnswer
		var rights []byte
		if err != nil {
			answer.Error = err.Error()
		} else {
			rights = unix.UnixRights(int(file.Fd()))
		}
		data, _ := json.Marshal(answer) // plain data: cannot fail
		_, _, err = conn.WriteMsgUnix(data, rights, nil)
		if file != nil {
			file.Close()
		}
		if err != nil {
			return
		}
	}
}

func openPort(address string) (*os.File, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("%s is not an address of the loopback", address)
	}
	listener, err := listenSoon(address)
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	return listener.(*net.TCPListener).File()
}

// hostPorts is the supervisor's end.
type hostPorts struct {
	conn *net.UnixConn
	turn chan struct{} // holds the right to ask
}

func newHostPorts(file *os.File) (*hostPorts, error) {
	conn, err := unixConn(file)
	if err != nil {
		return nil, fmt.Errorf("inherited socket to the host: %w", err)
	}
	return &hostPorts{conn: conn, turn: make(chan struct{}, 1)}, nil
}

// listen opens a listener on an address of the host's loopback; port 0 takes a
// free one.
func (d *hostPorts) listen(address string) (net.Listener, error) {
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	question, _ := json.Marshal(portRequest{address}) // plain data: cannot fail
	if _, err := d.conn.Write(question); err != nil {
		return nil, fmt.Errorf("asking the host for a port: %w", err)
	}
	data, rights := make([]byte, 1024), make([]byte, unix.CmsgSpace(4))
	n, m, _, _, err := d.conn.ReadMsgUnix(data, rights)
	if err != nil {
		return nil, fmt.Errorf("asking the host for a port: %w", err)
	}
	var answer portAnswer
	if err := json.Unmarshal(data[:n], &answer); err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, errors.New(answer.Error)
	}
	return received(rights[:m])
}

// listenAgain takes the port that was had before, or a free one.
func (d *hostPorts) listenAgain(host string, before int) (net.Listener, error) {
	if before != 0 {
		if l, err := d.listen(net.JoinHostPort(host, strconv.Itoa(before))); err == nil {
			return l, nil
		}
	}
	return d.listen(net.JoinHostPort(host, "0"))
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

func received(rights []byte) (net.Listener, error) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil || len(messages) == 0 {
		return nil, fmt.Errorf("the host sent no listener: %w", errors.Join(err, os.ErrInvalid))
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fds[0]), "listener")
	defer file.Close()
	return net.FileListener(file)
}
