package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringspan/ringspan/internal/cassandra"
)

// FromEnvironment reads what the pod says.
func FromEnvironment(getenv func(string) string) (Config, error) {
	c := Config{
		PodName: getenv("POD_NAME"), Address: getenv("POD_IP"), Rack: getenv("RACK_NAME"),
		Home: or(getenv("CASSANDRA_HOME"), "/opt/cassandra"), Archive: getenv("CASSANDRA_CDS_ARCHIVE"),
		DataDir: "/var/lib/cassandra", LogDir: "/var/log/cassandra", ConfigDir: "/config",
		TerminationLog: "/dev/termination-log", JolokiaPort: "8778", ProbePort: getenv("MGMT_API_PROBE_PORT"), StopGrace: 20 * time.Second, Output: os.Stdout,
	}
	for name, value := range map[string]string{"POD_IP": c.Address, "RACK_NAME": c.Rack, "CONFIG_FILE_DATA": getenv("CONFIG_FILE_DATA")} {
		if value == "" {
			return c, fmt.Errorf("environment variable %s is not set", name)
		}
	}
	if getenv("USE_HOST_IP_FOR_BROADCAST") == "true" {
		c.BroadcastAddress = getenv("HOST_IP")
	}
	var err error
	if c.Input, err = cassandra.ParseInput([]byte(getenv("CONFIG_FILE_DATA")), c.PodName); err != nil {
		return c, err
	}
	c.Input.Profile, c.Input.Version = getenv("CASSANDRA_JVM_PROFILE"), getenv("PRODUCT_VERSION")
	if c.Java, err = java(getenv); err != nil {
		return c, err
	}
	self, err := os.Executable()
	c.AgentDir = filepath.Dir(self)
	return c, err
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func java(getenv func(string) string) (string, error) {
	if home := getenv("JAVA_HOME"); home != "" {
		path := filepath.Join(home, "bin", "java")
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("JAVA_HOME is %s, which has no bin/java: %w", home, err)
		}
		return path, nil
	}
	path, err := osexec.LookPath("java")
	if err != nil {
		return "", errors.New("the image has no java in PATH and no JAVA_HOME")
	}
	return path, nil
}

// Run serves the management API until SIGTERM, or until the JVM ends by itself;
// then it leaves the reason in the pod's termination message and returns it.
func Run(c Config, port string) error {
	a := New(c)
	defer a.output.ended()
	go reap(a.isJVM)
	listener, err := listen(port)
	if err != nil {
		return fmt.Errorf("management API: %w", err)
	}
	server := a.newServer(a.Handler(), longestCall)
	if err := useTLS(server, os.Getenv); err != nil {
		return err
	}
	probes, err := a.serveProbes(port)
	if err != nil {
		return fmt.Errorf("probes: %w", err)
	}
	defer probes.Close()
	go func() {
		if server.TLSConfig != nil {
			_ = server.ServeTLS(listener, "", "")
			return
		}
		_ = server.Serve(listener)
	}()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	a.log.Info("management API answers, waiting for a start", "port", port)
	select {
	case <-signals:
		return a.stop(context.Background())
	case reason := <-a.died:
		_ = os.WriteFile(c.TerminationLog, []byte(clip(reason, maxTermination)), 0o644) // best effort: the reason is in the log too
		return fmt.Errorf("Cassandra ended: %s", reason)
	}
}

// maxTermination is how many bytes of a reason fit into a termination message, of which
// Kubernetes takes 4096.
const maxTermination = 4000

// clip is a text's first bytes, without half a letter.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

// reap takes leave of orphans, which become children of a container's first
// process. The JVM itself is left to its own waiter.
func reap(isJVM func(pid int) bool) {
	if os.Getpid() != 1 {
		return
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	for range ended {
		for {
			var info unix.Siginfo
			if err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil); err != nil {
				break
			}
			pid := siginfoPID(&info)
			if pid == 0 || isJVM(pid) {
				break
			}
			_, _ = syscall.Wait4(pid, nil, 0, nil)
		}
	}
}

// isJVM waits for a start that is under way, whose process it may be.
func (a *Agent) isJVM(pid int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.jvm != nil && a.jvm.cmd.Process.Pid == pid
}

// Install copies this program and the jars beside it to a directory that the
// Cassandra container mounts.
func Install(dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, name := range []string{"ringspan-agent", "ringspan-jvm.jar", "jolokia.jar"} {
		if err := copyFile(filepath.Join(filepath.Dir(self), name), filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("installing %s: %w", name, err)
		}
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close() // the copy's error is the one to tell
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	// The JVM takes a class-data archive only while its jars have the times
	// that they had when it was made.
	if info, err := in.Stat(); err == nil {
		_ = os.Chtimes(to+".part", info.ModTime(), info.ModTime())
	}
	return os.Rename(to+".part", to)
}
