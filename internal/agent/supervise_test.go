package agent

import (
	"errors"
	"os"
	osexec "os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// run starts an agent as the first process of a pod would be, in this process.
func run(t *testing.T, c Config) (*mgmtapi.Client, <-chan error) {
	t.Helper()
	port := freePort(t)
	ended := make(chan error, 1)
	go func() { ended <- Run(c, port) }()
	client := mgmtapi.New("http://127.0.0.1:"+port, nil)
	await(t, "the API answers", func() bool { _, err := client.Status(t.Context()); return err == nil })
	return client, ended
}

func TestWhyTheJVMEnded(t *testing.T) {
	for _, test := range []struct {
		why    string
		change func(*Config)
		says   string
	}{
		{"a key that Cassandra refuses", func(c *Config) { c.Input.CassandraYAML["no_such_key"] = 1 }, "Invalid yaml. Please remove properties [no_such_key] from your cassandra.yaml"},
		{"too little memory", func(c *Config) { c.Input.ExtraJVM = []string{"-Dfake=memory"} }, "Could not reserve enough space for 1048576KB object heap"},
		{"a port that is taken", func(c *Config) { c.Input.ExtraJVM = []string{"-Dfake=port"} }, "Address 10.0.0.1:7000 is in use"},
		{"not a word", func(c *Config) { c.Input.ExtraJVM = []string{"-Dfake=quiet"} }, "the JVM ended: exit status 3"},
	} {
		t.Run(test.why, func(t *testing.T) {
			log := &output{}
			c := testConfig(t, log)
			test.change(&c)
			client, ended := run(t, c)
			if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
				t.Fatal(err)
			}
			err := <-ended
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("the agent ends with %v, want %q", err, test.says)
			}
			message, err := os.ReadFile(c.TerminationLog)
			if err != nil || !strings.Contains(string(message), test.says) {
				t.Errorf("termination message %q, %v, want %q", message, err, test.says)
			}
		})
	}
}

func TestAKilledJVMEndsTheAgent(t *testing.T) {
	c := testConfig(t, &output{})
	client, ended := run(t, c)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	s, err := client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(s.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("the agent ends with %v", err)
	}
}

func TestTheJVMGetsItsOutputAndNotTheAgentsSecrets(t *testing.T) {
	t.Setenv("CONFIG_FILE_DATA", "inter-node-password")
	log := &output{}
	_, client, _ := serve(t, testConfig(t, log))
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	if text := log.String(); !strings.Contains(text, "fake Cassandra is up, MALLOC_ARENA_MAX=4") || strings.Contains(text, "inter-node-password") {
		t.Errorf("log: %s", text)
	}
}

func TestAStubbornJVMIsKilled(t *testing.T) {
	log := &output{}
	c := testConfig(t, log)
	c.Input.ExtraJVM, c.StopGrace = []string{"-Dfake=stubborn"}, 200*time.Millisecond
	_, client, _ := serve(t, c)
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	if err := client.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err := client.Status(t.Context()); err != nil || s.State != mgmtapi.Stopped || s.LastError != "" {
		t.Errorf("%+v, %v", s, err)
	}
	if !strings.Contains(log.String(), "SIGTERM") {
		t.Error("it was not asked first")
	}
}

// process starts an agent that can be killed.
func process(t *testing.T, c Config, change ...func(*osexec.Cmd)) (*osexec.Cmd, *mgmtapi.Client) {
	t.Helper()
	port := freePort(t)
	cmd := osexec.Command(c.Java, agentRole)
	cmd.Env = agentSetup{c, port}.environ(t)
	for _, f := range change {
		f(cmd)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended
	client := mgmtapi.New("http://127.0.0.1:"+port, nil)
	await(t, "the API answers", func() bool { _, err := client.Status(t.Context()); return err == nil })
	if err := client.Start(t.Context(), mgmtapi.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "running", running(t, client))
	return cmd, client
}

func gone(pid int) func() bool {
	return func() bool {
		data, err := os.ReadFile("/proc/" + itoa(pid) + "/stat")
		return err != nil || strings.Contains(string(data), ") Z ") // a zombie waits for whoever is its parent now
	}
}

func TestKillingTheAgentKillsTheJVM(t *testing.T) {
	cmd, client := process(t, testConfig(t, nil))
	s, err := client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if gone(s.PID)() {
		t.Fatal("there is no JVM to lose")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	await(t, "the JVM is gone", gone(s.PID))
}

func TestSIGTERMDrainsAndEndsWell(t *testing.T) {
	cmd, client := process(t, testConfig(t, nil))
	s, err := client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the agent's end: %v", err)
	}
	await(t, "the JVM is gone", gone(s.PID))
}

func TestAPortThatIsTaken(t *testing.T) {
	c := testConfig(t, &output{})
	_, _, base := serve(t, c)
	err := Run(c, base[strings.LastIndexByte(base, ':')+1:])
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("%v", err)
	}
}

// An agent whose log nobody reads ends with its JVM, so that the kubelet starts both again.
func TestAnEndThatNobodyReadsOf(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	cmd, client := process(t, testConfig(t, nil), func(c *osexec.Cmd) { c.Stdout, c.Stderr = writer, writer })
	s, err := client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fill(t, int(writer.Fd()))
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err := syscall.Kill(s.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it says that all is well")
		}
	case <-time.After(patience):
		t.Error("it goes on without its JVM")
	}
}

// fill writes to a pipe until there is no room.
func fill(t *testing.T, pipe int) {
	t.Helper()
	err := syscall.SetNonblock(pipe, true)
	for err == nil {
		_, err = syscall.Write(pipe, make([]byte, 512)) // whole or not at all
	}
	if back := syscall.SetNonblock(pipe, false); !errors.Is(err, syscall.EAGAIN) || back != nil {
		t.Fatal(err, back)
	}
}
