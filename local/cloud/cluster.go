package cloud

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/ringspan/ringspan/local/controlplane"
	"github.com/ringspan/ringspan/local/netlab"
)

// cluster is one running Kubernetes cluster: a control plane, and nodes that
// come and go.
type cluster struct {
	s       *supervisor
	region  string
	name    string // REGION.CLUSTER, as in the names of logs
	plane   controlplane.Plane
	ca      *controlplane.Authority
	control *netlab.Namespace // where the control plane runs
	client  kubernetes.Interface

	mu       sync.Mutex
	services []*service // in the order of their start
	nodes    []*runningNode
}

// startControlPlane starts the control plane in its namespace, and returns when
// its API server answers.
func (c *cluster) startControlPlane(ctx context.Context) (err error) {
	if c.ca, err = c.plane.Credentials(); err != nil {
		return err
	}
	processes, err := c.plane.Processes(c.ca)
	if err != nil {
		return err
	}
	for _, p := range processes {
		if err := c.spawn(p); err != nil {
			return err
		}
	}
	if err := c.connect(); err != nil {
		return err
	}
	if err := c.awaitServer(ctx); err != nil {
		return err
	}
	if err := controlplane.ConfineVolumes(ctx, c.client, c.volumes()); err != nil {
		return err
	}
	c.say("apiserver", "API server answers")
	return nil
}

func (c *cluster) say(phase, format string, args ...any) {
	c.s.events.say(phase, c.region, format, args...)
}

func (c *cluster) complain(phase string) func(error) {
	return func(err error) { c.say(phase, "%v", err) }
}

func (c *cluster) spawn(p controlplane.Process) error {
	started, err := c.start(c.control, p.Name, append([]string{p.Name}, p.Args...)...)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.services = append(c.services, started)
	return nil
}

// connect lets the supervisor reach the API server.
func (c *cluster) connect() error {
	config, err := clientcmd.BuildConfigFromFlags("", c.ca.Path("supervisor.kubeconfig"))
	if err != nil {
		return err
	}
	config.Dial = c.control.Dial
	config.QPS, config.Burst = 100, 200
	c.client, err = kubernetes.NewForConfig(config)
	return err
}

func (c *cluster) awaitServer(ctx context.Context) error {
	return until(2*time.Minute, "API server of "+c.name, func() error {
		if ctx.Err() != nil {
			return nil
		}
		attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		_, err := c.client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(attempt)
		return err
	})
}

// awaitControllers waits for the default service account: the controller
// manager's sign of life, and what a first pod needs.
func (c *cluster) awaitControllers(ctx context.Context) error {
	return until(time.Minute, "controllers of "+c.name, func() error {
		if ctx.Err() != nil {
			return nil
		}
		_, err := c.client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// readyNodes are the nodes that have said so since their kubelets were started:
// what an earlier run left written down is no news.
func (c *cluster) readyNodes(ctx context.Context) map[string]bool {
	ready := map[string]bool{}
	nodes, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return ready
	}
	begun := map[string]time.Time{}
	for _, n := range c.runningNodes() {
		begun[n.name] = n.begun.Truncate(time.Second)
	}
	for _, n := range nodes.Items {
		for _, condition := range n.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
				ready[n.Name] = !condition.LastHeartbeatTime.Time.Before(begun[n.Name])
			}
		}
	}
	return ready
}

func (c *cluster) runningNodes() []*runningNode {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*runningNode{}, c.nodes...)
}

func (c *cluster) processes() []*service {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := append([]*service{}, c.services...)
	for _, n := range c.nodes {
		all = append(all, n.kubelet)
	}
	return all
}

// addNode starts a machine and counts it among the cluster's.
func (c *cluster) addNode(ctx context.Context, m machine) error {
	running, err := c.startNode(ctx, m)
	if err != nil {
		return fmt.Errorf("node %s: %w", m.name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes = append(c.nodes, running)
	return nil
}

// stop ends the cluster: kubelets first, so that they start nothing again, then
// the containers, then the control plane backwards.
func (c *cluster) stop() {
	c.mu.Lock()
	nodes, services := c.nodes, c.services
	c.mu.Unlock()
	var group sync.WaitGroup
	for _, n := range nodes {
		group.Go(n.stop)
	}
	group.Wait()
	for i := len(services) - 1; i >= 0; i-- {
		grace := 2 * time.Second
		if services[i].name == "etcd" {
			grace = 10 * time.Second
		}
		services[i].stop(grace)
	}
}

// status tells about a cluster whose nodes come and go.
func (c *cluster) status(ctx context.Context) RegionStatus {
	c.mu.Lock()
	out := RegionStatus{
		Name: c.region, Cluster: strings.TrimPrefix(c.name, c.region+"."), Server: c.plane.HostServer, InternalServer: c.plane.InternalServer(), Ready: true,
	}
	c.mu.Unlock()
	ready := c.readyNodes(ctx)
	for _, n := range c.runningNodes() {
		out.Nodes = append(out.Nodes, NodeStatus{Name: n.name, Zone: n.zone, Address: n.address.String(), Ready: ready[n.name]})
		out.Ready = out.Ready && ready[n.name]
	}
	return out
}
