package agent

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	osexec "os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/ringspan/ringspan/internal/cassandra"
)

// This test binary is also the java that the agent starts, and an agent that
// can be killed.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, cassandra.MainClass) {
		fakeJVM(os.Args[1:])
	}
	if len(os.Args) == 2 && os.Args[1] == agentRole {
		agentProcess()
	}
	os.Exit(m.Run())
}

// property finds -Dname=value; a later one wins, as in Java.
func property(args []string, name string) string {
	value := ""
	for _, a := range args {
		if v, ok := strings.CutPrefix(a, "-D"+name+"="); ok {
			value = v
		}
	}
	return value
}

// What the fake says and does instead of starting, by -Dfake=….
var fakeEnds = map[string]string{
	"memory": "Error occurred during initialization of VM\nCould not reserve enough space for 1048576KB object heap\n",
	"quiet":  "",
	"port": "ERROR [main] 2026-01-01 00:00:00,000 CassandraDaemon.java:898 - Exception encountered during startup\n" +
		"java.lang.RuntimeException: Unable to bind\nCaused by: java.net.BindException: Address 10.0.0.1:7000 is in use by another process\n",
}

// fakeJVM is Cassandra as far as the agent can tell: it reads its configuration,
// answers Jolokia, and remembers its state in its data directory.
func fakeJVM(args []string) {
	config := map[string]any{}
	data, err := os.ReadFile(strings.TrimPrefix(property(args, "cassandra.config"), "file://"))
	if err == nil {
		err = yaml.Unmarshal(data, &config)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if _, bad := config["no_such_key"]; bad { // as Cassandra 5.0.9 does
		fmt.Println("Exception (org.apache.cassandra.exceptions.ConfigurationException) encountered during startup: Invalid yaml. Please remove properties [no_such_key] from your cassandra.yaml")
		os.Exit(3)
	}
	if words, end := fakeEnds[property(args, "fake")]; end {
		fmt.Print(words)
		os.Exit(3)
	}
	if property(args, "fake") == "orphans" { // whose parent ends first
		for range 3 {
			_ = osexec.Command("/bin/sh", "-c", "sleep 0.1 &").Run() // the test counts them
		}
	}
	terms := make(chan os.Signal, 1)
	signal.Notify(terms, syscall.SIGTERM)
	secret, _ := bufio.NewReader(os.Stdin).ReadString('\n') // as ringspan.Launch does
	n := loadNode(filepath.Join(property(args, "cassandra.storagedir"), "node.json"), config, args)
	fmt.Println("INFO  [main] fake Cassandra is up, MALLOC_ARENA_MAX=" + os.Getenv("MALLOC_ARENA_MAX") + ", CONFIG_FILE_DATA=" + os.Getenv("CONFIG_FILE_DATA"))
	port, err := net.Listen("tcp", "127.0.0.1:"+property(args, "ringspan.jolokia.port"))
	if err != nil {
		fmt.Println(err)
		os.Exit(4)
	}
	fmt.Println(listening)
	go func() {
		fmt.Println(http.Serve(port, withSecret(strings.TrimSpace(secret), n)))
		os.Exit(4)
	}()
	for range terms {
		fmt.Println("INFO  [main] SIGTERM")
		if property(args, "fake") != "stubborn" {
			os.Exit(143)
		}
	}
}

// withSecret is Jolokia's basic authentication.
func withSecret(secret string, inside http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if user, password, _ := q.BasicAuth(); secret == "" || user != jvmUser || password != secret {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		inside.ServeHTTP(w, q)
	})
}

// overloaded operations need their signature; Jolokia answers the whole bulk
// with one text otherwise.
var overloaded = []string{"stopNativeTransport", "rebuild", "forceKeyspaceCleanup", "scrub", "upgradeSSTables", "takeSnapshot"}

// ServeHTTP answers Jolokia's bulk requests one after another.
func (n *fakeNode) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	var requests []request
	if err := json.NewDecoder(q.Body).Decode(&requests); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range requests {
		if slices.Contains(overloaded, r.Operation) {
			http.Error(w, "400 (Bad Request)\n\nOperation "+r.Operation+" is overloaded. Use a signature when specifying the operation.", http.StatusBadRequest)
			return
		}
	}
	answers := []map[string]any{}
	for _, r := range requests {
		value, err := n.answer(r)
		a := map[string]any{"status": 200, "value": value}
		if err != nil {
			a = map[string]any{"status": 500, "error": err.Error(), "error_type": "java.lang.RuntimeException"}
		}
		answers = append(answers, a)
	}
	_ = json.NewEncoder(w).Encode(answers)
	n.save()
}

func (n *fakeNode) answer(r request) (any, error) {
	switch {
	case r.Type == "exec" && r.MBean == ownMBean && r.Operation == "execute":
		return n.cql(fmt.Sprint(r.Arguments[0]))
	case r.Type == "exec":
		name, _, _ := strings.Cut(r.Operation, "(")
		return n.operation(name, r.Arguments)
	}
	all := n.attributes()
	if r.Type == "write" {
		n.Asked = append(n.Asked, fmt.Sprint(r.Attribute, r.Value))
		return nil, nil
	}
	names, several := r.Attribute.([]any)
	if !several {
		v, ok := all[fmt.Sprint(r.Attribute)]
		if !ok {
			return nil, fmt.Errorf("javax.management.AttributeNotFoundException : No such attribute: %v", r.Attribute)
		}
		return v, nil
	}
	out := map[string]any{}
	for _, name := range names {
		out[fmt.Sprint(name)] = all[fmt.Sprint(name)]
	}
	return out, nil
}
