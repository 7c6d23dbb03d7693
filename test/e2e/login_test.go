package e2e

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"testing"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

var forwarding = regexp.MustCompile(`Forwarding from 127\.0\.0\.1:(\d+)`)

// login tries a user and password at a pod of the west, through a forwarded port.
func login(t *testing.T, namespace, pod, username, password string) error {
	t.Helper()
	port, end := forward(t, west, namespace, pod)
	defer end()
	return tryLogin(port, username, password)
}

// forward makes the port for clients of a pod one of this machine, until end is called.
func forward(t *testing.T, region, namespace, pod string) (port int, end func()) {
	t.Helper()
	cmd := kubectlCommand(region, "port-forward", "-n", namespace, "pod/"+pod, ":9042")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end = func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	buffer := make([]byte, 4096)
	n, err := out.Read(buffer)
	m := forwarding.FindSubmatch(buffer[:n])
	if err != nil || m == nil {
		end()
		t.Fatalf("port-forward: %v %s", err, buffer[:n])
	}
	_, _ = fmt.Sscan(string(m[1]), &port)           // digits
	go func() { _, _ = io.Copy(io.Discard, out) }() // kubectl tells of each connection
	return port, end
}

// tryLogin opens a session through a port of this machine.
func tryLogin(port int, username, password string) error {
	config := gocql.NewCluster(net.IPv4(127, 0, 0, 1).String())
	config.Port, config.DisableInitialHostLookup, config.NumConns = port, true, 1
	config.ConnectTimeout, config.Timeout = 30*time.Second, 30*time.Second
	config.Authenticator = gocql.PasswordAuthenticator{Username: username, Password: password}
	session, err := config.CreateSession()
	if err == nil {
		session.Close()
	}
	return err
}
