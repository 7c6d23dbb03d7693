package cloud

import (
	"io"
	"net"
	"testing"
)

func TestHostPortsOpenOnTheHost(t *testing.T) {
	outside, inside, err := portSockets()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); serveHostPorts(outside) }()
	d, err := newHostPorts(inside)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := d.listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			_, _ = conn.Write([]byte("in"))
			conn.Close()
		}
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if said, err := io.ReadAll(conn); err != nil || string(said) != "in" {
		t.Errorf("got %q, %v", said, err)
	}
	if l, err := d.listen(listener.Addr().String()); err == nil {
		l.Close()
		t.Error("a port that is taken was given")
	}
	if l, err := d.listen("127.0.0.1:0"); err != nil { // a refusal isn't the end
		t.Error(err)
	} else {
		l.Close()
	}
	d.conn.Close()
	<-ended
}

func TestHostPortsOfTheLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", "192.0.2.1:80", "nowhere"} {
		if file, err := openPort(address); err == nil {
			file.Close()
			t.Errorf("%s was opened", address)
		}
	}
}
