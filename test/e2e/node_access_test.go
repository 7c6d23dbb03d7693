package e2e

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// forwarded opens a port of a pod of the west on the loopback address.
func forwarded(t *testing.T, namespace, pod string, port int) string {
	t.Helper()
	cmd := kubectlCommand(west, "port-forward", "-n", namespace, "pod/"+pod, fmt.Sprintf(":%d", port))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	buffer := make([]byte, 4096)
	n, err := out.Read(buffer)
	m := forwarding.FindSubmatch(buffer[:n])
	if err != nil || m == nil {
		t.Fatalf("port-forward: %v %s", err, buffer[:n])
	}
	return net.JoinHostPort("127.0.0.1", string(m[1]))
}

const takeover = `{"username":"intruder","password":"x","is_superuser":true,"can_login":true}`

// says is what a port answers to a request that is made inside a container; with
// what it says when nobody answers.
func says(t *testing.T, region, pod, container, address, port, request string) string {
	t.Helper()
	// The server may answer and hang up before it has read all: what it said is there all the same.
	script := fmt.Sprintf(`trap '' PIPE; exec 3<>/dev/tcp/%s/%s || exit; printf '%%b' '%s' >&3 2>/dev/null; timeout 5 cat <&3`, address, port, request)
	out, _ := kubectlCommand(region, "exec", pod, "-c", container, "--", "timeout", "8", "bash", "-c", script).CombinedOutput()
	return string(out)
}

func post(path, body string) string {
	return fmt.Sprintf(`POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s`, path, len(body), body)
}

func get(path string) string {
	return `GET ` + path + ` HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`
}

// callAs makes the intruder's call with a certificate, whoever the agent says
// that it trusts, or with an empty one: without.
func callAs(t *testing.T, address string, certificate tls.Certificate) (int, error) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }}}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Post("https://"+address+"/api/v0/ops/auth/role", "application/json", strings.NewReader(takeover))
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Body.Close()
}

// Whoever reaches a node gets nowhere without what only its operator has.
func TestAccessToANode(t *testing.T) {
	theRing(t)
	const from, to = ring + "-dc1-rack1-sts-0", ring + "-dc1-rack2-sts-0"
	address := nodeOf(t, to).Address
	t.Run("another pod can't call the management API", func(t *testing.T) {
		if answer := says(t, west, from, "cassandra", address, "8080", post("/api/v0/ops/auth/role", takeover)); !strings.Contains(answer, "400 Bad Request") || !strings.Contains(answer, "HTTPS server") {
			t.Errorf("in the clear: %s", answer)
		}
		near := forwarded(t, "default", to, 8080)
		if code, err := callAs(t, near, tls.Certificate{}); err == nil || !strings.Contains(err.Error(), "certificate required") {
			t.Errorf("without a certificate: %d, %v", code, err)
		}
		file := func(name string) []byte {
			return []byte(kubectl(t, west, "exec", from, "-c", "cassandra", "--", "cat", "/management-api-certs/"+name))
		}
		nodes, err := tls.X509KeyPair(file("tls.crt"), file("tls.key"))
		if err != nil {
			t.Fatal(err)
		}
		if code, err := callAs(t, near, nodes); err == nil || !strings.Contains(err.Error(), "bad certificate") {
			t.Errorf("with a node's own certificate: %d, %v", code, err)
		}
		secret := func(region, dc, key string) []byte {
			data, err := base64.StdEncoding.DecodeString(kubectl(t, region, "get", "secret", ring+"-"+dc+"-management-client", "-o", `jsonpath={.data.tls\.`+key+`}`))
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
		other, err := tls.X509KeyPair(secret(central, "dc2", "crt"), secret(central, "dc2", "key"))
		if err != nil {
			t.Fatal(err)
		}
		if code, err := callAs(t, near, other); err == nil || !strings.Contains(err.Error(), "unknown certificate authority") && !strings.Contains(err.Error(), "bad certificate") {
			t.Errorf("with another region's: %d, %v", code, err)
		}
		own, err := tls.X509KeyPair(secret(west, "dc1", "crt"), secret(west, "dc1", "key"))
		if err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{own}}} // the name isn't in it
		answer, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Get("https://" + near + "/api/v0/metadata/localdc")
		if err != nil {
			t.Fatalf("with the operator's: %v", err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("with the operator's: %+v", answer)
		}
		if login(t, "default", to, "intruder", "x") == nil {
			t.Error("the intruder can log in")
		}
	})
	t.Run("probes answer on their port, and nothing else there", func(t *testing.T) {
		if answer := says(t, west, from, "cassandra", address, "8079", get("/api/v0/probes/readiness")); !strings.Contains(answer, "200 OK") {
			t.Errorf("readiness: %s", answer)
		}
		if answer := says(t, west, from, "cassandra", address, "8079", post("/api/v0/ops/auth/role", takeover)); !strings.Contains(answer, "404 Not Found") {
			t.Errorf("a call: %s", answer)
		}
	})
	t.Run("the other region reaches neither", func(t *testing.T) {
		const afar = ring + "-dc2-rack1-sts-0"
		open := func(port string) bool {
			return kubectlCommand(central, "exec", afar, "-c", "cassandra", "--", "timeout", "3", "bash", "-c", "exec 3<>/dev/tcp/"+address+"/"+port).Run() == nil
		}
		if !open("7000") {
			t.Fatal("the ring's own port isn't open")
		}
		var group sync.WaitGroup
		for _, port := range []string{"8080", "8079", "7199"} {
			group.Go(func() {
				if open(port) {
					t.Errorf("port %s is open from %s", port, central)
				}
			})
		}
		group.Wait()
	})
	t.Run("a sidecar can't use the JVM's ports", func(t *testing.T) {
		body := `[{"type":"exec","mbean":"ringspan:type=Internal","operation":"execute","arguments":["LIST ROLES","LOCAL_ONE"]}]`
		if answer := says(t, west, to, "server-system-logger", "127.0.0.1", "8778", post("/jolokia/", body)); !strings.Contains(answer, "401 Unauthorized") {
			t.Errorf("Jolokia: %s", answer)
		}
		if out, err := kubectlCommand(west, "exec", to, "-c", "server-system-logger", "--", "nodetool", "status").CombinedOutput(); err == nil || !strings.Contains(string(out), "Credentials required") {
			t.Errorf("JMX: %v, %s", err, out)
		}
	})
	t.Run("nodetool works", func(t *testing.T) {
		if out := kubectl(t, west, "exec", to, "-c", "cassandra", "--", "nodetool", "status"); strings.Count(out, "UN ") != 6 {
			t.Errorf("kubectl exec: %s", out)
		}
		if out := ringspan(t, "nodetool", "--region", west, "--node", to, "--", "info", "-T"); !strings.Contains(out, "Gossip active") {
			t.Errorf("ringspan nodetool: %s", out)
		}
	})
}
