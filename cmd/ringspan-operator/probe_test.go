package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/ringspan/ringspan/internal/doctor/probe"
)

// A probe that listens prints its result, and goes on answering until its input
// ends.
func TestProbeRun(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close() // free for the probe
	in, feed := io.Pipe()
	out, results := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- runProbe(t.Context(), in, results)
		results.Close()
	}()
	target := probe.Target{Name: "itself", Host: "127.0.0.1", Ports: []int{port}, Kind: probe.Prober, Brief: true, Patient: true}
	if err := json.NewEncoder(feed).Encode(probe.Task{Self: "me", Listen: []int{port}, Targets: []probe.Target{target}}); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var result probe.Result
	if err := json.Unmarshal(line, &result); err != nil || result.Self != "me" || result.Targets[0].Ports[0].Outcome != probe.Open || result.Targets[0].Link == nil {
		t.Errorf("%v %s", err, line)
	}
	again := probe.Runner{}.Run(t.Context(), probe.Task{Targets: []probe.Target{target}})
	if again.Targets[0].Link == nil {
		t.Errorf("it doesn't answer any more: %+v", again.Targets[0])
	}
	feed.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
		conn.Close()
		t.Error("it still listens")
	}
}

func TestProbeRunRefusesNonsense(t *testing.T) {
	in, feed := io.Pipe()
	go func() {
		_, _ = feed.Write([]byte("nonsense"))
		feed.Close()
	}()
	if err := runProbe(t.Context(), in, io.Discard); err == nil {
		t.Error("nonsense is a task")
	}
}
