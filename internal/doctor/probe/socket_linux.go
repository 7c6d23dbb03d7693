package probe

import (
	"net"

	"golang.org/x/sys/unix"
)

// setSize makes the kernel set DF on a socket's packets and, unless it is 0,
// keep its segments to a number of bytes (tcp(7): TCP_MAXSEG; ip(7):
// IP_MTU_DISCOVER).
func setSize(fd, segment int) error {
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO); err != nil {
		return err
	}
	if segment == 0 {
		return nil
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_MAXSEG, segment)
}

const (
	timestamps     = 1  // TCPI_OPT_TIMESTAMPS
	timestampBytes = 12 // the option with its padding
)

// packetSize is the size of a connection's full packets as they are now, in
// bytes with headers.
func packetSize(conn *net.TCPConn) (size int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		var info *unix.TCPInfo
		if info, failed = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); failed != nil {
			return
		}
		size = int(info.Snd_mss) + headers
		if info.Options&timestamps != 0 {
			size += timestampBytes
		}
	})
	if err == nil {
		err = failed
	}
	return size, err
}
