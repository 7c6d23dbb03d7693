package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ringspan/ringspan/internal/cassandra"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// Config is the agent's environment.
type Config struct {
	PodName, Address, Rack string
	BroadcastAddress       string // for clients; empty = Address
	Input                  cassandra.Input
	Home                   string // of Cassandra; its jars are in lib
	Java                   string // the program
	AgentDir               string // where this program and its jars are
	DataDir, LogDir        string
	ConfigDir              string // where the configuration is written
	Archive                string // class-data archive, optional
	TerminationLog         string
	JolokiaPort            string
	ProbePort              string        // plain, for the kubelet; none when empty
	StopGrace              time.Duration // for the JVM after its drain
	Output                 io.Writer     // gets Cassandra's log and the agent's
}

// Agent runs one node.
type Agent struct {
	config Config
	output *sharedOutput
	log    *slog.Logger
	jmx    jmx
	jobs   *jobs
	epochs *epochs

	decommissions sync.Mutex // held while one is submitted

	unfinished string // the schema under which the last rebuild failed; of the job that runs

	mu       sync.Mutex
	jvm      *jvm
	wanted   bool // a start was asked for, and no stop
	started  cassandra.Node
	nodeYAML string        // what cassandra.yaml has that is this node's alone, since the last start
	port     clientPort    // since the JVM's start
	patience time.Duration // with a start that isn't over
	self     mgmtapi.Identity
	proven   *jvm // the run whose identity has been compared with the file
	silence  silence
	last     string // why the last JVM ended
	since    time.Time
	died     chan string // gets the reason when a JVM ends unasked
}

// New makes an agent; its JVM is not started.
func New(c Config) *Agent {
	output := &sharedOutput{out: c.Output}
	log := newLogger(output)
	a := &Agent{
		config: c, output: output, log: log, jmx: newJolokia(c.JolokiaPort), jobs: newJobs(log), epochs: newEpochs(c.ConfigDir, log),
		since: time.Now(), patience: setUpPatience, died: make(chan string, 1),
	}
	a.jobs.records = &jobRecords{dir: filepath.Join(c.DataDir, jobsDirectory), member: a.memberID, log: log}
	a.self = a.found()
	a.jobs.resume(a.self, time.Now())
	return a
}

var errRunning = errors.New("the JVM runs already")

// start writes the configuration and launches the JVM.
func (a *Agent) start(ctx context.Context, o mgmtapi.StartOptions) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.jvm != nil && a.jvm.alive() {
		return errRunning
	}
	if unknown := cassandra.UnknownOptions(a.config.Input.JVM); len(unknown) > 0 {
		return fmt.Errorf("JVM options without effect here: %s", strings.Join(unknown, ", "))
	}
	found := a.found()
	if err := a.mayStart(found, o.Decided); err != nil {
		return err
	}
	if err := a.readable(o.FirstBoot); err != nil {
		return err
	}
	seeds, err := a.seeds(ctx, o.Seeds)
	if err != nil {
		return err
	}
	in, nodeYAML, err := a.perNode(o)
	if err != nil {
		return err
	}
	node := cassandra.Node{
		Address: a.config.Address, BroadcastAddress: a.config.BroadcastAddress, Datacenter: a.config.Input.DatacenterName, Rack: a.config.Rack,
		Seeds: seeds, Tokens: o.InitialTokens, AutoBootstrap: o.AutoBootstrap, NativeTransport: o.NativeTransport,
		DataDir: a.config.DataDir, ConfigDir: a.config.ConfigDir, LogDir: a.config.LogDir,
	}
	files, err := cassandra.Render(in, node)
	if err != nil {
		return err
	}
	if err := files.Write(node.ConfigDir); err != nil {
		return err
	}
	if a.self, err = a.noteStart(found, o.Replaces); err != nil {
		return err
	}
	args := cassandra.JVMFlags(in, node, cassandra.StartOptions{FirstBoot: o.FirstBoot, ReplaceAddress: o.ReplaceAddress, Archive: a.config.Archive})
	if err := writeJMXLogin(node.ConfigDir); err != nil {
		return err
	}
	args = append(args, "-Dringspan.jolokia.port="+a.config.JolokiaPort, "-Dringspan.jmx.password.file="+filepath.Join(node.ConfigDir, jmxServerFile),
		"-cp", a.classPath(), cassandra.MainClass)
	secret := newSecret()
	j, err := launch(a.config.Java, args, append(jvmEnvironment(), a.config.Input.Environment()...), secret+"\n", a.output)
	if err != nil {
		return fmt.Errorf("starting %s: %w", a.config.Java, err)
	}
	j.firstBoot = o.FirstBoot
	a.jmx.login("")
	go a.introduce(j, secret)
	a.jvm, a.wanted, a.started, a.since, a.nodeYAML = j, true, node, time.Now(), nodeYAML
	a.port = clientPort{held: startsClosed(in, node)}
	go a.watch(j)
	return nil
}

// introduce lets the agent log in to a JVM, once that has its port.
func (a *Agent) introduce(j *jvm, secret string) {
	select {
	case <-j.done:
	case <-j.log.listens:
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.jvm == j {
			a.jmx.login(secret)
		}
	}
}

// jvmEnvironment is the container's, less what belongs to the agent alone.
func jvmEnvironment() []string {
	return slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "CONFIG_FILE_DATA=") })
}

// classPath has the order that the class-data archive was made with.
func (a *Agent) classPath() string {
	jars, _ := filepath.Glob(filepath.Join(a.config.Home, "lib", "*.jar")) // the pattern is sound
	slices.Sort(jars)
	own := []string{filepath.Join(a.config.AgentDir, "ringspan-jvm.jar"), filepath.Join(a.config.AgentDir, "jolokia.jar")}
	return strings.Join(append(own, jars...), ":")
}

// currentRun is the JVM that was started last; nil before the first start.
func (a *Agent) currentRun() *jvm {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.jvm
}

// watch notes the end of a JVM, and reports one that nobody asked for.
func (a *Agent) watch(j *jvm) {
	<-j.done
	a.output.ended()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.since = time.Now()
	if !a.wanted || a.jvm != j {
		return
	}
	a.last = j.why()
	if a.proven != j && strings.Contains(a.last, refusesLeft) { // a member's log may say anything
		a.writeLeft()
	}
	a.died <- a.last
}

// stop drains the node and ends the JVM; none is no error.
func (a *Agent) stop(ctx context.Context) error {
	a.mu.Lock()
	a.wanted = false
	j := a.jvm
	a.mu.Unlock()
	if j == nil || !j.alive() {
		return nil
	}
	drain, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	_ = a.drain(drain) // a node that can't is ended all the same
	j.end(a.config.StopGrace)
	return nil
}

// drain flushes the node and closes its ports.
func (a *Agent) drain(ctx context.Context) error {
	return exec(ctx, a.jmx, storageService, "drain", nil)
}

// dead says why the node is beyond help; empty when it isn't.
func (a *Agent) dead() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.wanted && (a.jvm == nil || !a.jvm.alive()) {
		return "the JVM should run and does not: " + a.last
	}
	return ""
}

// status is the agent's view of its JVM.
func (a *Agent) status(ctx context.Context) mgmtapi.Status {
	a.mu.Lock()
	s := mgmtapi.Status{State: mgmtapi.Stopped, LastError: a.last, Since: a.since.UTC()}
	j := a.jvm
	alive := j != nil && j.alive()
	if !alive {
		a.self = a.found()
	}
	s.Identity, s.Volume, s.NodeYAML = new(a.self), volumeAt(a.config.DataDir), new(mgmtapi.NodeYAMLHash(a.nodeYAML))
	if alive {
		s.State, s.PID, s.FirstBoot = mgmtapi.Starting, j.cmd.Process.Pid, j.firstBoot
	} else if a.wanted {
		s.State = mgmtapi.Failed
	}
	a.mu.Unlock()
	if !alive {
		return s
	}
	ctx, cancel := context.WithTimeout(ctx, jmxTimeout)
	defer cancel()
	answers, err := a.jmx.bulk(ctx, []request{
		{Type: "read", MBean: storageService, Attribute: "OperationMode"},
		{Type: "read", MBean: storageService, Attribute: "NativeTransportRunning"},
		{Type: "read", MBean: storageService, Attribute: "GossipRunning"},
		{Type: "read", MBean: storageService, Attribute: "BootstrapState"},
		{Type: "read", MBean: hintsService, Attribute: "PendingHints"},
		{Type: "read", MBean: storageService, Attribute: fullQueryLog},
	})
	if err != nil {
		s.Unanswered = int(a.unanswered(j, err).Seconds())
		return s
	}
	a.answered(j)
	gossips, bootstrap := true, ""
	_ = answers[0].decode("OperationMode", &s.OperationMode) // absent early in the boot
	_ = answers[1].decode("NativeTransportRunning", &s.NativeTransport)
	_ = answers[2].decode("GossipRunning", &gossips)
	_ = answers[3].decode("BootstrapState", &bootstrap)
	s.Hints = hintsFor(answers[4])
	s.FullQueryLog = known[bool](answers[5], fullQueryLog)
	switch {
	case hasLeft(s.OperationMode, bootstrap, a.isProven(j)):
		s.Identity = a.noteLeft(j)
	case mgmtapi.Serves(s.OperationMode) && a.prove(ctx, j):
		s.State, s.GossipStopped = mgmtapi.Running, !gossips
		s.Identity = a.identity()
	}
	s.ClientPort = a.portState(s.PID, s.NativeTransport)
	return s
}
