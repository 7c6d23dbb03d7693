package cri

import (
	"io"
	"net"
	"testing"
)

// both is a client's stream: what it says, and what is said to it.
type both struct {
	io.Reader
	io.Writer
}

// A client that still speaks when the server has hung up is heard to the end: streams of one
// connection come one behind the other, and an unread one holds the others up.
func TestWhatTheServerDoesNotReadIsReadAllTheSame(t *testing.T) {
	server, far := net.Pipe()
	said, say := io.Pipe()
	pumped := make(chan struct{})
	go func() {
		defer close(pumped)
		pump(server, both{said, io.Discard})
		_ = server.Close()
	}()
	if err := far.Close(); err != nil {
		t.Fatal(err)
	}
	<-pumped
	ended := make(chan error, 1)
	go func() {
		for range 3 {
			if _, err := say.Write([]byte("an alert")); err != nil {
				ended <- err
				return
			}
		}
		ended <- say.Close()
	}()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
