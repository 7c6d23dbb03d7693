package e2e

import (
	"fmt"
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
	cmd := kubectlCommand(west, "port-forward", "-n", namespace, "pod/"+pod, ":9042")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	buffer := make([]byte, 4096)
	n, err := out.Read(buffer)
	m := forwarding.FindSubmatch(buffer[:n])
	if err != nil || m == nil {
		t.Fatalf("port-forward: %v %s", err, buffer[:n])
	}
	var port int
	if _, err := fmt.Sscan(string(m[1]), &port); err != nil {
		t.Fatal(err)
	}
	config := gocql.NewCluster(net.IPv4(127, 0, 0, 1).String())
	config.Port, config.DisableInitialHostLookup, config.NumConns = port, true, 1
	config.ConnectTimeout, config.Timeout = 10*time.Second, 10*time.Second
	config.Authenticator = gocql.PasswordAuthenticator{Username: username, Password: password}
	session, err := config.CreateSession()
	if err == nil {
		session.Close()
	}
	return err
}
