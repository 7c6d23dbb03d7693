package agent

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

const patience = 20 * time.Second

// output is Cassandra's log.
type output struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data.String()
}

// testConfig is an agent's with the fake JVM.
func testConfig(t *testing.T, out io.Writer) Config {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, d := range []string{"data", "logs", "conf"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return Config{
		PodName: "ring-dc1-rack1-sts-0", Address: "10.0.0.1", Rack: "rack1", Java: self, Home: dir, AgentDir: dir,
		Input:   cassandra.Input{ClusterName: "ring", DatacenterName: "dc1", SeedNames: []string{"10.0.0.1"}, CassandraYAML: map[string]any{}, JVM: map[string]any{}},
		DataDir: filepath.Join(dir, "data"), LogDir: filepath.Join(dir, "logs"), ConfigDir: filepath.Join(dir, "conf"),
		TerminationLog: filepath.Join(dir, "termination"), JolokiaPort: freePort(t), StopGrace: 10 * time.Second, Output: out,
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// serve runs an agent's API; the JVM ends with the test.
func serve(t *testing.T, c Config) (*Agent, *mgmtapi.Client, string) {
	t.Helper()
	a := New(c)
	server := httptest.NewServer(a.Handler())
	t.Cleanup(func() {
		if err := a.stop(t.Context()); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return a, mgmtapi.New(server.URL, nil), server.URL
}

// await looks until it sees, or fails.
func await(t *testing.T, what string, seen func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !seen(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

func running(t *testing.T, c *mgmtapi.Client) func() bool {
	return func() bool {
		s, err := c.Status(t.Context())
		return err == nil && s.State == mgmtapi.Running
	}
}

const agentRole = "agent-under-test"

// agentEnvironment names the variable that an agent process has its
// configuration in, and its port.
const agentEnvironment = "AGENT_UNDER_TEST"

type agentSetup struct {
	Config Config
	Port   string
}

func (s agentSetup) environ(t *testing.T) []string {
	t.Helper()
	s.Config.Output = nil
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return append(os.Environ(), agentEnvironment+"="+string(data))
}

func agentProcess() {
	var s agentSetup
	if err := json.Unmarshal([]byte(os.Getenv(agentEnvironment)), &s); err != nil {
		os.Exit(2)
	}
	s.Config.Output = os.Stdout
	if err := Run(s.Config, s.Port); err != nil {
		SayLast(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
