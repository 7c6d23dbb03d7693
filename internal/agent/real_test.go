package agent

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/distribution"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/mgmtapi/fake"
	"github.com/ringspan/ringspan/internal/version"
)

// realAddress is loopback, so nothing of the host is touched, and this process's own:
// Cassandra listens on fixed ports, and two runs may go on at once.
var realAddress = fmt.Sprintf("127.77.%d.%d", os.Getpid()>>8&0xff, os.Getpid()&0xff)

const realPatience = 2 * time.Minute

// realConfig is an agent's with Cassandra's own jars, out of the cache.
func realConfig(t *testing.T) Config {
	t.Helper()
	cache, err := distribution.Cache()
	if err != nil {
		t.Fatal(err)
	}
	d, err := distribution.Ensure(t.Context(), cache, func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	c := testConfig(t, &output{})
	c.Address, c.Java, c.StopGrace = realAddress, filepath.Join(d.Java.Home, "bin", "java"), 30*time.Second
	for from, to := range map[string]string{d.Lib: "lib", d.Launcher: "ringspan-jvm.jar", d.Jolokia: "jolokia.jar"} {
		if err := os.Symlink(from, filepath.Join(c.Home, to)); err != nil {
			t.Fatal(err)
		}
	}
	c.Input.Profile, c.Input.Base, c.Input.Version = cassandra.ProfileSmall, cassandra.BaseLatest, version.Cassandra // as of a new ring
	c.Input.SeedNames = []string{realAddress}
	c.Input.CassandraYAML = map[string]any{"authenticator": "PasswordAuthenticator", "authorizer": "CassandraAuthorizer", "num_tokens": 2}
	c.Input.ExtraJVM = append([]string{jmxPort + freePort(t)}, ownTemp(t)...)
	return c
}

// ownTemp gives a JVM a temporary directory that goes with the test. Cassandra's libraries unpack their native code
// there and delete it at an orderly end, which a JVM that is killed doesn't have. In a pod that is the pod's own /tmp.
func ownTemp(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	return []string{"-Djava.io.tmpdir=" + dir, "-Djna.tmpdir=" + dir} // JNA prefers the user's cache otherwise
}

// The real thing passes the same test as the fakes, and CQL agrees.
func TestRealCassandra(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Cassandra several times")
	}
	c := realConfig(t)
	c.Input.CassandraYAML["full_query_logging_options"] = map[string]any{"log_dir": filepath.Join(c.LogDir, "fql")}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(lastOf(c.Output.(*output).String()))
		}
	})
	_, client, base := serve(t, c)
	fake.Conform(t, fake.Subject{
		Node: client, Address: c.Address, Datacenter: "dc1", Rack: c.Rack, Tokens: []string{"-5", "7"},
		Settle: func() { time.Sleep(200 * time.Millisecond) }, Patience: realPatience,
		Booted: func() {
			if connection, err := net.Dial("tcp", realAddress+":9042"); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("port 9042 before any role exists: %v, %v", connection, err)
			}
		},
		Serving: func() { logins(t); droppedRole(t, client); doors(t, c); sstables(t, c, client, base) },
	})
	for why, test := range refusals {
		t.Run(why, func(t *testing.T) { test.try(t, c) })
	}
}

func lastOf(log string) string {
	return log[max(0, len(log)-30000):]
}

func session(name, password string) (*gocql.Session, error) {
	cluster := gocql.NewCluster(realAddress)
	cluster.Authenticator = gocql.PasswordAuthenticator{Username: name, Password: password}
	cluster.Timeout, cluster.ConnectTimeout = 10*time.Second, 10*time.Second
	return cluster.CreateSession()
}

func logins(t *testing.T) {
	t.Helper()
	if s, err := session("cassandra", "cassandra"); err == nil {
		s.Close()
		t.Error("cassandra/cassandra logs in")
	}
	if s, err := session(fake.Admin.Name, "wrong"); err == nil {
		s.Close()
		t.Error("a wrong password logs in")
	}
	s, err := session(fake.Admin.Name, fake.Admin.Password)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, statement := range []string{
		`CREATE TABLE "Mixed_Case".t (k int PRIMARY KEY, v text)`,
		`INSERT INTO "Mixed_Case".t (k, v) VALUES (1, 'one')`,
		`CREATE ROLE made_by_cql WITH LOGIN = true AND PASSWORD = 'x'`, // the superuser is one
		`DROP ROLE made_by_cql`,
	} {
		if err := s.Query(statement).Exec(); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	var v string
	if err := s.Query(`SELECT v FROM "Mixed_Case".t WHERE k = 1`).Consistency(gocql.LocalQuorum).Scan(&v); err != nil || v != "one" {
		t.Errorf("read %q, %v", v, err)
	}
}

const jmxPort = "-Dcassandra.jmx.local.port="

// doors are those to the JVM on the loopback address: closed without the secret
// of its run, while Cassandra's own nodetool gets in.
func doors(t *testing.T, c Config) {
	t.Helper()
	for _, password := range []string{"", "x"} {
		if code := jolokiaSays(t, c.JolokiaPort, password); code != http.StatusUnauthorized {
			t.Errorf("Jolokia answers %d to password %q", code, password)
		}
	}
	nodetool := func(login ...string) (string, error) {
		args := []string{"--add-exports", "java.base/jdk.internal.ref=ALL-UNNAMED", "--add-exports", "java.rmi/sun.rmi.registry=ALL-UNNAMED", "--add-opens", "java.base/sun.nio.ch=ALL-UNNAMED",
			"--add-opens", "java.rmi/sun.rmi.transport=ALL-UNNAMED", "-Xmx64m", "-Dcassandra.storagedir=" + t.TempDir(), "-Duser.home=" + t.TempDir(),
			ownTemp(t)[0], "-cp", filepath.Join(c.Home, "lib", "*"), "org.apache.cassandra.tools.NodeTool", "-p", strings.TrimPrefix(c.Input.ExtraJVM[0], jmxPort)}
		out, err := osexec.CommandContext(t.Context(), c.Java, append(append(args, login...), "status")...).CombinedOutput()
		return string(out), err
	}
	if out, err := nodetool(); err == nil || !strings.Contains(out, "Credentials required") {
		t.Errorf("nodetool without a login: %v, %s", err, out)
	}
	write(t, c.Home, map[string][]byte{"wrong": []byte(jvmUser + " wrong\n")})
	if out, err := nodetool("-u", jvmUser, "-pwf", filepath.Join(c.Home, "wrong")); err == nil || !strings.Contains(out, "Invalid username or password") {
		t.Errorf("nodetool with a wrong password: %v, %s", err, out)
	}
	if out, err := nodetool("-u", jvmUser, "-pwf", filepath.Join(c.ConfigDir, jmxNodetoolFile)); err != nil || !strings.Contains(out, "UN  "+realAddress) {
		t.Errorf("nodetool with the login: %v, %s", err, out)
	}
}

// refusal is a start that Cassandra itself ends.
type refusal struct {
	change func(*Config)
	listen string
	says   string
}

var refusals = map[string]refusal{
	"a key of cassandra.yaml that doesn't exist": {
		change: func(c *Config) { c.Input.CassandraYAML["no_such_key"] = 1 },
		says:   "Invalid yaml. Please remove properties [no_such_key] from your cassandra.yaml",
	},
	"a value that is none": {
		change: func(c *Config) { c.Input.CassandraYAML["commitlog_segment_size"] = "5 apples" },
		says:   "5 apples",
	},
	"more memory than there is": {
		change: func(c *Config) { c.Input.JVM = map[string]any{"max_heap_size": "900Ti", "initial_heap_size": "900Ti"} },
		says:   "heap",
	},
	"another datacenter than before": {
		change: func(c *Config) { c.Input.DatacenterName = "dc9" },
		says:   "dc9",
	},
	"another number of tokens than before": {
		change: func(c *Config) { c.Input.CassandraYAML["num_tokens"] = 4 },
		says:   "Cannot change the number of tokens from 2 to 4",
	},
	"a port that is taken": {
		change: func(*Config) {},
		listen: realAddress + ":7000",
		says:   "7000",
	},
}

func (r refusal) try(t *testing.T, c Config) {
	log := &output{}
	c.Output, c.Input.CassandraYAML = log, map[string]any{"num_tokens": 2}
	r.change(&c)
	if r.listen != "" {
		l, err := net.Listen("tcp", r.listen)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	client, ended := run(t, c)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		t.Log(err)
		if err == nil || !strings.Contains(err.Error(), r.says) {
			t.Errorf("the agent ends with %v, want %q; the log:\n%s", err, r.says, lastOf(log.String()))
		}
	case <-time.After(realPatience):
		t.Errorf("Cassandra goes on; the log:\n%s", lastOf(log.String()))
	}
}
