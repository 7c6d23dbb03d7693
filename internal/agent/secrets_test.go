package agent

import (
	"fmt"
	"net"
	"net/http"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// jolokiaSays is the status of the answer to whoever asks on the loopback address.
func jolokiaSays(t *testing.T, port, password string) int {
	t.Helper()
	body := strings.NewReader(`[{"type":"exec","mbean":"ringspan:type=Internal","operation":"execute","arguments":["SELECT role FROM system_auth.roles","LOCAL_ONE"]}]`)
	post, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:"+port+"/jolokia/", body)
	if err != nil {
		t.Fatal(err)
	}
	post.Header.Set("Content-Type", "application/json")
	if password != "" {
		post.SetBasicAuth(jvmUser, password)
	}
	response, err := http.DefaultClient.Do(post)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// The secret is another one at each start, and nowhere that others can look.
func TestTheJVMAsksForTheSecretOfItsRun(t *testing.T) {
	c := testConfig(t, &output{})
	a, client, _ := serve(t, c)
	secrets, logins := []string{}, []string{}
	for range 2 {
		if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
			t.Fatal(err)
		}
		await(t, "the node runs", running(t, client))
		s, err := client.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		secret := *a.jmx.(*jolokia).secret.Load()
		for _, password := range []string{"", "x", "ringspan"} {
			if code := jolokiaSays(t, c.JolokiaPort, password); code != http.StatusUnauthorized {
				t.Errorf("Jolokia answers %d to password %q", code, password)
			}
		}
		if code := jolokiaSays(t, c.JolokiaPort, secret); code != http.StatusOK {
			t.Errorf("Jolokia answers %d to its secret", code)
		}
		login := fileIn(t, filepath.Join(c.ConfigDir, jmxNodetoolFile))
		for _, place := range []string{"cmdline", "environ"} {
			data, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.PID, place))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), secret) || strings.Contains(string(data), strings.Fields(login)[1]) {
				t.Errorf("a secret is in the JVM's %s", place)
			}
		}
		secrets, logins = append(secrets, secret), append(logins, login)
		if err := client.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if secrets[0] == secrets[1] || logins[0] == logins[1] || len(secrets[0]) < 40 {
		t.Errorf("secrets of two starts: %d characters, the same %t and %t", len(secrets[0]), secrets[0] == secrets[1], logins[0] == logins[1])
	}
}

// Who has the loopback address too may have taken Jolokia's port before the JVM: it
// isn't told the secret, to give the port back and use it.
func TestTheSecretIsShownToTheJVMOnly(t *testing.T) {
	c := testConfig(t, &output{})
	port, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:"+c.JolokiaPort)
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan string, 100)
	squatter := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		_, password, _ := q.BasicAuth()
		asked <- password
		w.WriteHeader(http.StatusServiceUnavailable)
	})}
	go func() { _ = squatter.Serve(port) }()
	a, client, _ := serve(t, c)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "the JVM has given up", func() bool {
		s, err := client.Status(t.Context())
		return err == nil && s.State == mgmtapi.Failed
	})
	<-a.died
	if err := squatter.Close(); err != nil {
		t.Fatal(err)
	}
	if len(asked) > 0 {
		t.Errorf("whoever has the port gets %q", <-asked)
	}
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "the node runs", running(t, client))
}

// fileIn reads a file that only its owner may read.
func fileIn(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%s: %v, %v", path, info, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Cassandra's own script reads our file, which reads Cassandra's own and adds
// the login for nodetool alone.
func TestNodetoolsScriptLogsIn(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	// The part of Cassandra's bin/nodetool that matters.
	script := "#!/bin/sh\nif [ -r \"$CASSANDRA_INCLUDE\" ]; then\n    . \"$CASSANDRA_INCLUDE\"\nfi\necho $CLASSPATH \"$@\"\n"
	for _, name := range []string{"nodetool", "sstabledump"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, bin, map[string][]byte{"cassandra.in.sh": []byte("CLASSPATH=jars\n")})
	shells := slices.DeleteFunc([]string{"sh", "dash", "bash"}, func(s string) bool { _, err := osexec.LookPath(s); return err != nil })
	say := func(shell, name string, args ...string) string {
		t.Helper()
		cmd := osexec.CommandContext(t.Context(), shell, append(append([]string{filepath.Join(bin, name)}, args...), "status", "a b")...)
		cmd.Env = append(os.Environ(), "CASSANDRA_INCLUDE="+filepath.Join(dir, nodetoolInclude))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write(t, dir, map[string][]byte{nodetoolInclude: include})
	for _, shell := range shells { // nothing has been started yet
		if out := say(shell, "nodetool"); out != "jars status a b" {
			t.Errorf("%s without a login: %q", shell, out)
		}
	}
	if err := writeJMXLogin(dir); err != nil {
		t.Fatal(err)
	}
	for _, shell := range shells {
		if out := say(shell, "nodetool"); out != "jars -u ringspan -pwf "+filepath.Join(dir, jmxNodetoolFile)+" status a b" {
			t.Errorf("%s: %q", shell, out)
		}
		if out := say(shell, "nodetool", "-u", "me", "-pw", "mine"); out != "jars -u me -pw mine status a b" {
			t.Errorf("%s, with a login of one's own: %q", shell, out)
		}
		if out := say(shell, "sstabledump"); out != "jars status a b" {
			t.Errorf("%s, another tool: %q", shell, out)
		}
	}
}
