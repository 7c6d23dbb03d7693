package test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ringspan/ringspan/local/cloud"
)

// The lab that all tests share, and what the host was like before it.
var (
	shared     *lab
	westPort   = freePort()
	west, east *cluster
	hostBefore string
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "probe":
			os.Exit(probe(os.Args[2:]))
		case "guard":
			os.Exit(guard())
		}
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) (code int) {
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		return 1
	}
	var err error
	if hostBefore, err = hostView(); err != nil {
		return fail(err)
	}
	begin := time.Now()
	shared, err = newRegions(nil, plan{"west", "172.29.0.0/16", "10.100.0.0/16", westPort}, plan{"east", "172.30.0.0/16", "10.101.0.0/16", 0})
	if shared != nil {
		defer func() {
			if err := shared.close(); err != nil {
				code = fail(fmt.Errorf("cleaning up: %w", err))
			}
		}()
	}
	if err != nil {
		return fail(err)
	}
	fmt.Printf("two regions ready after %.1f s\n", time.Since(begin).Seconds())
	west, east = shared.clusters["west"], shared.clusters["east"]
	code = m.Run()
	if err := shared.crashes(); err != nil {
		return fail(err)
	}
	return code
}

// freePort is a port of the loopback that nobody uses now.
func freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0 // the lab will say what is wrong with ports
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestStatusNamesRegionsAndNodes(t *testing.T) {
	s := shared.status(t)
	if !s.Ready || len(s.Regions) != 2 || s.PID == 0 || len(s.Faults) != 0 || s.Endpoint == nil || s.Endpoint.SecretAccessKey == "" {
		t.Fatalf("got %+v", s)
	}
	r := s.Regions[1]
	if r.Name != "west" || r.Cluster != "ring" || !r.Ready || r.Server != west.config.Host || !strings.HasPrefix(r.InternalServer, "https://172.29.") {
		t.Errorf("got %+v", r)
	}
	n := r.Nodes[0]
	if want := "ip-" + strings.ReplaceAll(n.Address, ".", "-") + ".west.compute.internal"; n.Name != want || n.Zone != "west-a" || !n.Ready {
		t.Errorf("got %+v", n)
	}
	node, err := west.client.CoreV1().Nodes().Get(t.Context(), n.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if node.Labels[corev1.LabelTopologyRegion] != "west" || node.Labels[corev1.LabelTopologyZone] != "west-a" {
		t.Errorf("the node's labels are %v", node.Labels)
	}
	if cpus, memory := node.Status.Capacity.Cpu().Value(), node.Status.Capacity.Memory().Value(); cpus != 2 || memory != 8<<30 {
		t.Errorf("an m5.large has %d processors and %d bytes", cpus, memory)
	}
	if out := shared.must(t, "status"); strings.Contains(out, s.Endpoint.SecretAccessKey) || !strings.Contains(out, s.Endpoint.Endpoint) {
		t.Errorf("people see:\n%s", out)
	}
}

func TestAPIServerPort(t *testing.T) {
	if want := fmt.Sprintf("https://127.0.0.1:%d", westPort); west.config.Host != want {
		t.Errorf("the API server of west is %s, want %s", west.config.Host, want)
	}
	other := cloud.Config{Images: shared.path("images"), AWS: cloud.AWS{Regions: []cloud.Region{{Name: "south", Zones: []string{"a", "b"}, APIServerPort: westPort}}}}
	if err := writeJSON(shared.path("port.json"), other); err != nil {
		t.Fatal(err)
	}
	out, err := shared.runIn(shared.path("other"), "start", "--config", shared.path("port.json"))
	if err == nil || !strings.Contains(out, fmt.Sprintf("aws.regions[0].apiServerPort: port %d", westPort)) {
		t.Errorf("a port that is taken gives %q", out)
	}
}

func TestStartOfARunningLab(t *testing.T) {
	shared.must(t, "start", "--config", shared.path("config.json"))
	other := cloud.Config{Name: "other", Images: shared.path("images"), AWS: cloud.AWS{Strict: true, Unlimited: true, Regions: []cloud.Region{
		{Name: "west", Zones: []string{"west-a", "west-c"}}, {Name: "east", Zones: []string{"east-a", "east-b"}},
	}}}
	if err := writeJSON(shared.path("other.json"), other); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"start", "run"} {
		out, err := shared.run(verb, "--config", shared.path("other.json"))
		if err == nil {
			t.Fatalf("%s with another configuration was accepted: %s", verb, out)
		}
	}
	if out, err := shared.run("start", "--config", shared.path("other.json")); err == nil || !strings.Contains(out, "region west is new, or has other zones") {
		t.Errorf("the refusal doesn't name the region: %s", out)
	}
}

// TestFaults disturbs a client in the east and a server in the west, and the
// other way round, and mends what it broke.
func TestFaults(t *testing.T) {
	westIP := west.up(t, shared.server("left")).Status.PodIP
	eastIP := east.up(t, shared.server("right")).Status.PodIP
	reach := func(t *testing.T, from *cluster, pod, address string) {
		t.Helper()
		eventually(t, pod+" reaches "+address, func() error {
			_, err := from.probe(t, pod, "get", address)
			return err
		})
	}
	refuse := func(t *testing.T, from *cluster, pod, address string) {
		t.Helper()
		if out, err := from.probe(t, pod, "get", address); err == nil {
			t.Errorf("%s still reaches %s: %s", pod, address, out)
		}
	}
	reach(t, east, "right", westIP+":8080")

	t.Run("cut", func(t *testing.T) {
		shared.must(t, "fault", "cut", "west")
		refuse(t, east, "right", westIP+":8080")
		refuse(t, west, "left", eastIP+":8080")
		reach(t, west, "left", westIP+":8080")
		if f := shared.status(t).Faults; len(f) != 1 || f[0].Kind != "cut" || f[0].Since.IsZero() {
			t.Errorf("status tells of the faults %+v", f)
		}
		shared.must(t, "fault", "heal")
		reach(t, east, "right", westIP+":8080")
		reach(t, west, "left", eastIP+":8080")
	})
	t.Run("cut-link", func(t *testing.T) {
		shared.must(t, "fault", "cut-link", "east", "west")
		refuse(t, east, "right", westIP+":8080")
		shared.must(t, "fault", "heal", "cut-link", "east", "west")
		reach(t, east, "right", westIP+":8080")
	})
	t.Run("drop a port one way", func(t *testing.T) {
		shared.must(t, "fault", "drop", "east", "west", "8080")
		refuse(t, east, "right", westIP+":8080")
		reach(t, east, "right", westIP+":8081")
		reach(t, west, "left", eastIP+":8080")
		shared.must(t, "fault", "heal", "drop")
		reach(t, east, "right", westIP+":8080")
	})
	t.Run("dns", func(t *testing.T) {
		west.answers(t, "left", "10.100.0.1", "lookup", "kubernetes.default")
		shared.must(t, "fault", "dns", "west")
		if out, err := west.probe(t, "left", "lookup", "kubernetes.default"); err == nil {
			t.Errorf("the name server of west still answers: %s", out)
		}
		east.answers(t, "right", "10.101.0.1", "lookup", "kubernetes.default")
		shared.must(t, "fault", "heal", "dns", "west")
		west.answers(t, "left", "10.100.0.1", "lookup", "kubernetes.default")
	})
	t.Run("snat", func(t *testing.T) {
		west.answers(t, "left", fmt.Sprintf("right at %s sees %s", eastIP, westIP), "get", eastIP+":8080")
		shared.must(t, "fault", "snat", "west")
		west.answers(t, "left", fmt.Sprintf("right at %s sees %s", eastIP, shared.status(t).Regions[1].Nodes[0].Address), "get", eastIP+":8080")
		east.answers(t, "right", fmt.Sprintf("left at %s sees %s", westIP, eastIP), "get", westIP+":8080")
		shared.must(t, "fault", "heal")
		west.answers(t, "left", fmt.Sprintf("right at %s sees %s", eastIP, westIP), "get", eastIP+":8080")
	})
	t.Run("mtu", func(t *testing.T) {
		shared.must(t, "fault", "mtu", "east", "west", "1400")
		east.answers(t, "right", "1372", "datagram", westIP+":8080", "1400")
		if out, err := east.probe(t, "right", "datagram", westIP+":8080", "1401"); err == nil {
			t.Errorf("a packet of 1401 bytes passes: %s", out)
		}
		shared.must(t, "fault", "heal", "mtu")
		east.answers(t, "right", "8472", "datagram", westIP+":8080", "8500") // what the peering lets pass
	})
	t.Run("clock", func(t *testing.T) {
		shared.must(t, "fault", "clock", "west", "--", "-1h")
		eventually(t, "clocks of west", func() error { return apart(t, west, "left", -time.Hour) })
		if err := apart(t, east, "right", 0); err != nil {
			t.Errorf("east: %v", err)
		}
		shared.must(t, "fault", "clock", "west", "30m")
		eventually(t, "clocks of west", func() error { return apart(t, west, "left", 30*time.Minute) })
		shared.must(t, "fault", "heal", "clock")
		if err := apart(t, west, "left", 0); err != nil {
			t.Errorf("after the healing: %v", err)
		}
	})
	t.Run("bad", func(t *testing.T) {
		for _, c := range []struct{ args, want string }{
			{"cut north", `no network in region "north"; there are some in east, west`},
			{"kill north/etcd", `no cluster "north"; there are east, west`},
			{"drop east west https", `"https" is not a number`},
			{"kill west/kube-proxy", "west/etcd"},
			{"kill-node west/nowhere", "there is no node"},
			{"heal mtu", "there is no fault mtu"},
		} {
			out, err := shared.run(append([]string{"fault"}, strings.Fields(c.args)...)...)
			if err == nil || !strings.Contains(out, c.want) {
				t.Errorf("fault %s: got %q, want %q in it", c.args, out, c.want)
			}
		}
	})
}

// apart says how the wall clock of a pod's server is not ahead of this test's by an
// offset.
func apart(t *testing.T, c *cluster, pod string, by time.Duration) error {
	t.Helper()
	begin := time.Now()
	out, err := c.probe(t, pod, "get", "127.0.0.1:8080"+clockPath)
	if err != nil {
		return err
	}
	nanoseconds, err := strconv.ParseInt(out, 10, 64)
	if err != nil {
		return err
	}
	if at := time.Unix(0, nanoseconds).Add(-by); at.Before(begin) || at.After(time.Now()) {
		return fmt.Errorf("the clock of %s says %s, which is not %s ahead", pod, time.Unix(0, nanoseconds), by)
	}
	return nil
}

// journalSays waits for a line of the lab's own log that is new since a mark.
func journalSays(t *testing.T, from int, line string) {
	t.Helper()
	eventually(t, "log line "+line, func() error {
		if text := journalText(t)[from:]; !strings.Contains(text, line) {
			return errors.New(text)
		}
		return nil
	})
}

func journalText(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(shared.path("state", "logs", "ringspan-local.log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func nodeOf(t *testing.T, c *cluster) string {
	t.Helper()
	nodes, err := c.client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return nodes.Items[0].Name
}

// untouched checks that a pod's container is the one that it was.
func untouched(t *testing.T, c *cluster, before *corev1.Pod) {
	t.Helper()
	now := c.ready(t, before.Name)
	if a, b := before.Status.ContainerStatuses[0], now.Status.ContainerStatuses[0]; a.ContainerID != b.ContainerID || a.RestartCount != b.RestartCount {
		t.Errorf("the container was %s with %d restarts and is %s with %d", a.ContainerID, a.RestartCount, b.ContainerID, b.RestartCount)
	}
}

func TestKubeletDiesAndContainersLive(t *testing.T) {
	before := west.up(t, shared.server("survivor"))
	east.up(t, shared.server("watcher"))
	seen := len(journalText(t))
	kubelet := "kubelet-" + nodeOf(t, west)
	shared.must(t, "fault", "kill", "west/"+kubelet)
	if _, err := east.probe(t, "watcher", "get", before.Status.PodIP+":8080"); err != nil {
		t.Errorf("without its kubelet the pod is silent: %v", err)
	}
	journalSays(t, seen, kubelet+" ended (signal: killed)")
	west.up(t, shared.pod("after-kubelet", "sleep", "infinity")) // so the new kubelet works
	west.answers(t, "survivor", "survivor at 127.0.0.1 sees 127.0.0.1", "get", "127.0.0.1:8080")
	untouched(t, west, before)
}

func TestControlPlaneDiesAndRecovers(t *testing.T) {
	before := west.up(t, shared.server("unmoved"))
	seen := len(journalText(t))
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "coredns"} {
		shared.must(t, "fault", "kill", "west/"+name)
		journalSays(t, seen, name+" ended (signal: killed)")
	}
	eventually(t, "API server of west", func() error {
		_, err := west.client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(t.Context())
		return err
	})
	eventually(t, "a new pod after the control plane's death", func() error {
		_, err := west.client.CoreV1().Pods(metav1.NamespaceDefault).Create(t.Context(), shared.pod("after-plane", "sleep", "infinity"), metav1.CreateOptions{})
		return err
	})
	west.ready(t, "after-plane")
	west.answers(t, "after-plane", "10.100.0.1", "lookup", "kubernetes.default")
	untouched(t, west, before)
	if err := west.client.CoreV1().Pods(metav1.NamespaceDefault).Delete(t.Context(), "after-plane", metav1.DeleteOptions{}); err != nil {
		t.Error(err)
	}
}

func TestNodesComeBackWithNewAddresses(t *testing.T) {
	before := west.up(t, shared.server("reborn"))
	for _, args := range [][]string{{"kill-node", "west/" + nodeOf(t, west)}, {"roll-addresses", "west"}} {
		shared.must(t, append([]string{"fault"}, args...)...)
		after := west.await(t, "reborn", "ready with another address", func(p *corev1.Pod) bool {
			return isReady(p) && p.Status.PodIP != before.Status.PodIP
		})
		want := fmt.Sprintf("reborn at %s sees %s", after.Status.PodIP, after.Status.PodIP)
		west.answers(t, "reborn", want, "get", after.Status.PodIP+":8080")
		before = after
	}
}

// TestStopStartKillStart ends the lab in order and by force; both times the
// same objects and the same data come back.
func TestStopStartKillStart(t *testing.T) {
	uid := func() string {
		t.Helper()
		n, err := west.client.CoreV1().Namespaces().Get(t.Context(), "kube-system", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return string(n.UID)
	}
	west.claim(t, "diary", "")
	pod := shared.pod("diarist", "sh", "-c", "echo started >>/data/diary; trap exit TERM; sleep infinity & wait")
	mount(pod, "diary")
	before, cluster := west.up(t, pod), uid()

	came := func(entries int) {
		t.Helper()
		after := west.await(t, "diarist", "started again", func(p *corev1.Pod) bool {
			return isReady(p) && p.Status.ContainerStatuses[0].ContainerID != before.Status.ContainerStatuses[0].ContainerID
		})
		if got := uid(); got != cluster || after.UID != before.UID {
			t.Errorf("another cluster (%s, was %s) or another pod (%s, was %s) came back", got, cluster, after.UID, before.UID)
		}
		out, _, err := west.exec(t, "diarist", "", "cat", "/data/diary")
		if want := strings.Repeat("started\n", entries); err != nil || out != want {
			t.Errorf("the volume holds %q (%v), want %q", out, err, want)
		}
		before = after
	}

	shared.must(t, "fault", "drop", "east", "west", "9999")
	shared.must(t, "stop")
	shared.gone(t)
	shared.must(t, "stop") // again: nothing to do
	if s := shared.status(t); s.Running {
		t.Errorf("after the stop, status says %+v", s)
	}
	starts := make(chan error)
	for range 2 { // one of them joins the other's
		go func() { starts <- shared.start() }()
	}
	if err := errors.Join(<-starts, <-starts); err != nil {
		t.Fatal(err)
	}
	came(2)
	if f := shared.status(t).Faults; len(f) != 0 {
		t.Errorf("faults outlive their lab: %+v", f)
	}

	if err := syscall.Kill(shared.status(t).PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	shared.gone(t)
	if err := shared.start(); err != nil {
		t.Fatal(err)
	}
	came(3)
}

// gone waits until nothing of the lab runs any more, and looks what it left.
func (l *lab) gone(t *testing.T) {
	t.Helper()
	eventually(t, "no process of the lab", func() error {
		if left := l.processes(); len(left) > 0 {
			return errors.New(strings.Join(left, "\n"))
		}
		return nil
	})
	after, err := hostView()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.crashes(); err != nil {
		t.Error(err)
	}
	if after != hostBefore {
		t.Errorf("the lab changed its host. Before:\n%s\nAfter:\n%s", hostBefore, after)
	}
}

// TestUnprivileged runs a lab as a user without any rights.
func TestUnprivileged(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("not root: cannot become another user (and all the other tests ran without root)")
	}
	nobody := &syscall.Credential{Uid: 65534, Gid: 65534}
	if err := tryUserNamespace(nobody); err != nil {
		t.Skipf("this kernel does not let users make namespaces: %v", err)
	}
	l, err := newRegions(nobody, plan{"solo", "172.31.0.0/16", "10.102.0.0/16", 0})
	if l != nil {
		defer func() {
			if err := l.close(); err != nil {
				t.Error(err)
			}
		}()
	}
	if err != nil {
		t.Fatal(err)
	}
	c := l.clusters["solo"]
	c.claim(t, "store", "standard")
	pod := l.server("lonely")
	mount(pod, "store")
	ip := c.up(t, pod).Status.PodIP
	c.answers(t, "lonely", fmt.Sprintf("lonely at %s sees %s", ip, ip), "get", ip+":8080")
	c.answers(t, "lonely", "system:serviceaccount:default:default", "whoami")
	if out, _, err := c.exec(t, "lonely", "", "sh", "-c", "echo kept >/data/f; cat /data/f"); err != nil || out != "kept\n" {
		t.Errorf("got %q, %v", out, err)
	}
	l.must(t, "stop")
	l.gone(t)
}
