package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Real kernels, real packets: client and server with a router between them, each
// in a network namespace of its own. This test's program, called with roleName
// set, is what runs in them.
const (
	roleName  = "PROBE_TEST_ROLE"
	aheadName = "PROBE_TEST_CLOCK" // how far the server's clock is ahead
)

var nodePorts = []int{7000, 9042}

func TestMain(m *testing.M) {
	switch os.Getenv(roleName) {
	case "":
		os.Exit(m.Run())
	case "hold": // keeps a namespace until its standard input ends
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "serve":
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		ahead, _ := time.ParseDuration(os.Getenv(aheadName)) // unset: right
		s := &Server{Now: func() time.Time { return time.Now().Add(ahead) }}
		if _, err := s.Listen("", nodePorts); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println("listening")
		s.Serve(ctx)
		stop()
	case "run":
		var task Task
		if err := json.NewDecoder(os.Stdin).Decode(&task); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		_ = json.NewEncoder(os.Stdout).Encode(Runner{}.Run(context.Background(), task))
	}
}

// Addresses of the client, of the server, and of the router on both sides.
const (
	clientIP, routerNear = "10.9.1.2", "10.9.1.1"
	serverIP, routerFar  = "10.9.2.2", "10.9.2.1"
)

type world struct {
	t                      *testing.T
	client, router, server int // processes that keep the namespaces
	ahead                  string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: making network namespaces with links between them needs root")
	}
	for _, program := range []string{"ip", "nft", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("skipped: " + err.Error())
		}
	}
	w := &world{t: t}
	w.client, w.router, w.server = w.hold(), w.hold(), w.hold()
	w.link(w.client, clientIP, routerNear, "near")
	w.link(w.server, serverIP, routerFar, "far")
	w.in(w.router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
	return w
}

func (w *world) self(role string) *exec.Cmd {
	program, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), roleName+"="+role)
	return cmd
}

// hold makes a namespace, which lasts as long as the test.
func (w *world) hold() int {
	w.t.Helper()
	cmd := w.self("hold")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Skip("skipped: no network namespace: " + err.Error())
	}
	w.t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

func (w *world) enter(pid int, args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{fmt.Sprintf("--net=/proc/%d/ns/net", pid), "--"}, args...)...)
}

func (w *world) in(pid int, args ...string) {
	w.t.Helper()
	if out, err := w.enter(pid, args...).CombinedOutput(); err != nil {
		w.t.Fatalf("%v: %v %s", args, err, out)
	}
}

func (w *world) link(leaf int, address, router, name string) {
	w.t.Helper()
	w.in(w.router, "ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(leaf))
	w.in(w.router, "ip", "addr", "add", router+"/30", "dev", name)
	w.in(w.router, "ip", "link", "set", name, "up")
	w.in(leaf, "ip", "link", "set", "lo", "up")
	w.in(leaf, "ip", "addr", "add", address+"/30", "dev", "eth0")
	w.in(leaf, "ip", "link", "set", "eth0", "up")
	w.in(leaf, "ip", "route", "add", "default", "via", router)
}

// filter gives the router rules of a hook.
func (w *world) filter(kind, hook string, rules ...string) {
	w.t.Helper()
	text := "add table ip t\nadd chain ip t " + hook + " { type " + kind + " hook " + hook + " priority 0; }\n"
	var textSb141 strings.Builder
	for _, r := range rules {
		textSb141.WriteString("add rule ip t " + hook + " " + r + "\n")
	}
	text += textSb141.String()
	cmd := w.enter(w.router, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("nft: %v %s", err, out)
	}
}

// inside runs this test's program in a namespace.
func (w *world) inside(pid int, role string) *exec.Cmd {
	self := w.self(role)
	cmd := w.enter(pid, self.Path)
	cmd.Env = self.Env
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

func (w *world) serve() {
	w.t.Helper()
	cmd := w.inside(w.server, "serve")
	cmd.Env = append(cmd.Env, aheadName+"="+w.ahead)
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	if _, err := io.ReadFull(out, make([]byte, len("listening"))); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) run() TargetSeen {
	w.t.Helper()
	task, err := json.Marshal(Task{Self: "client", Targets: []Target{{Name: "server", Host: serverIP, Ports: nodePorts, Kind: Prober}}})
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := w.inside(w.client, "run")
	cmd.Stdin = bytes.NewReader(task)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatal(err)
	}
	var result Result
	if err := json.Unmarshal(out, &result); err != nil {
		w.t.Fatalf("%v: %s", err, out)
	}
	return result.Targets[0]
}

func TestOverARouter(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault func(*world)
		want  string
	}{
		{"healthy", func(*world) {}, "open open, seen as 10.9.1.2, 1500 of 1500 bytes"},
		{"a port dropped", func(w *world) { w.filter("filter", "forward", "ip daddr "+serverIP+" tcp dport 7000 drop") },
			"silent open, seen as 10.9.1.2, 1500 of 1500 bytes"},
		{"a port rejected", func(w *world) { w.filter("filter", "forward", "tcp dport 7000 reject with tcp reset") },
			"refused open, seen as 10.9.1.2, 1500 of 1500 bytes"},
		{"prohibited", func(w *world) { w.filter("filter", "forward", "tcp dport 7000 reject with icmp type admin-prohibited") },
			"unreachable open, seen as 10.9.1.2, 1500 of 1500 bytes"},
		{"everything dropped", func(w *world) { w.filter("filter", "forward", "drop") }, "silent silent"},
		{"no route", func(w *world) { w.in(w.router, "ip", "route", "replace", "unreachable", serverIP) }, "unreachable unreachable"},
		{"SNAT", func(w *world) { w.filter("nat", "postrouting", "oifname far masquerade") }, "open open, seen as 10.9.2.1, 1500 of 1500 bytes"},
		{"a clock ahead", func(w *world) { w.ahead = "2s" }, "open open, seen as 10.9.1.2, 1500 of 1500 bytes, 2.0 s ahead"},
		{"a narrow way", func(w *world) { w.in(w.router, "ip", "link", "set", "far", "mtu", "1300") },
			"open open, seen as 10.9.1.2, 1300 of 1500 bytes"},
		{"a narrow way, and nobody tells", func(w *world) {
			w.in(w.router, "ip", "link", "set", "far", "mtu", "1300")
			w.filter("filter", "output", "icmp type destination-unreachable drop")
		}, "open open, seen as 10.9.1.2, 1300 of 1500 bytes, larger ones vanish"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c.fault(w)
			w.serve()
			if got := sentence(w.run()); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func sentence(s TargetSeen) string {
	text := fmt.Sprintf("%s %s", s.Ports[0].Outcome, s.Ports[1].Outcome)
	if l := s.Link; l != nil {
		if l.Local != netip.MustParseAddr(clientIP) || l.Failures != "" {
			return fmt.Sprintf("%+v", l)
		}
		text += fmt.Sprintf(", seen as %s, %d of %d bytes", l.Seen, l.Largest, l.MTU)
		if l.Vanish {
			text += ", larger ones vanish"
		}
		if l.Offset.Abs() > time.Second/2 {
			text += fmt.Sprintf(", %.1f s ahead", l.Offset.Seconds())
		}
	}
	return text
}
