package cloud

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/ringspan/ringspan/local/controlplane"
	"github.com/ringspan/ringspan/local/netlab"
	"github.com/ringspan/ringspan/local/node/proxy"
	"github.com/ringspan/ringspan/local/node/volumes"
)

// region is one running cluster.
type region struct {
	s        *supervisor
	config   Region
	listener *os.File
	server   string // as the host sees it

	control *netlab.Namespace
	client  kubernetes.Interface

	mu       sync.Mutex
	services []*service // in the order of their start
	nodes    []*runningNode
}

// start brings up the control plane and the nodes, and returns when pods can be
// scheduled.
func (r *region) start(ctx context.Context) (err error) {
	if r.control, err = r.s.networks[r.config.Name].Attach(r.config.Name+"-control", r.config.controlAddress()); err != nil {
		return err
	}
	plane := controlplane.Plane{
		Region: r.config.Name, Dir: r.s.state.path(r.config.Name), Address: r.config.controlAddress(),
		ServiceRange: r.config.ServiceCIDR, HostServer: r.server,
	}
	ca, err := plane.Credentials()
	if err != nil {
		return err
	}
	for _, p := range plane.Processes(ca) {
		if err := r.spawn(p); err != nil {
			return err
		}
	}
	if err := r.openDoors(ca); err != nil {
		return err
	}
	if err := r.awaitServer(ctx); err != nil {
		return err
	}
	r.s.events.say("apiserver", r.config.Name, "API server answers")
	if err := controlplane.CreateDefaults(ctx, r.client, volumes.Provisioner); err != nil {
		return err
	}
	dns, err := plane.DNS(ca)
	if err != nil {
		return err
	}
	if err := r.spawn(dns); err != nil {
		return err
	}
	if err := r.startNodes(ctx, ca, plane); err != nil {
		return err
	}
	go volumes.Run(ctx, r.client, r.s.state.path(r.config.Name, "volumes"), r.complain("volumes"))
	go proxy.Run(ctx, r.client, r.serviceNamespaces(), r.complain("services"))
	return r.awaitReady(ctx)
}

func (r *region) complain(phase string) func(error) {
	return func(err error) { r.s.events.say(phase, r.config.Name, "%v", err) }
}

func (r *region) spawn(p controlplane.Process) error {
	started, err := r.s.spawn(r.control, r.config.Name, p.Name, append([]string{p.Name}, p.Args...)...)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.services = append(r.services, started)
	return nil
}

// openDoors lets the host and the supervisor reach the API server.
func (r *region) openDoors(ca *controlplane.Authority) error {
	outside, err := net.FileListener(r.listener)
	if err != nil {
		return fmt.Errorf("inherited listener: %w", err)
	}
	go publish(outside, r.control, "127.0.0.1:6443")
	config, err := clientcmd.BuildConfigFromFlags("", ca.Path("supervisor.kubeconfig"))
	if err != nil {
		return err
	}
	config.Dial = r.control.Dial
	config.QPS, config.Burst = 100, 200
	r.client, err = kubernetes.NewForConfig(config)
	return err
}

func (r *region) awaitServer(ctx context.Context) error {
	return until(2*time.Minute, "API server of "+r.config.Name, func() error {
		if ctx.Err() != nil {
			return nil
		}
		attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		_, err := r.client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(attempt)
		return err
	})
}

// awaitReady waits for what a first pod needs: nodes, the default service
// account (the controller manager's sign of life) and DNS.
func (r *region) awaitReady(ctx context.Context) error {
	err := until(3*time.Minute, "nodes of "+r.config.Name, func() error {
		want := len(r.config.nodes())
		if ready := len(r.readyNodes(ctx)); ready < want && ctx.Err() == nil {
			return fmt.Errorf("%d of %d nodes are ready", ready, want)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.s.events.say("nodes", r.config.Name, "%d nodes ready", len(r.config.nodes()))
	err = until(time.Minute, "controllers of "+r.config.Name, func() error {
		_, err := r.client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	if err != nil {
		return err
	}
	err = until(time.Minute, "DNS of "+r.config.Name, func() error {
		attempt, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return r.lookup(attempt, "kubernetes.default.svc.cluster.local.")
	})
	if err == nil {
		r.s.events.say("region", r.config.Name, "cluster ready")
	}
	return err
}

func (r *region) lookup(ctx context.Context, name string) error {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return r.control.Dial(ctx, network, r.config.controlAddress().String()+":53")
	}}
	_, err := resolver.LookupHost(ctx, name)
	return err
}

func (r *region) readyNodes(ctx context.Context) map[string]bool {
	ready := map[string]bool{}
	if r.client == nil {
		return ready
	}
	nodes, err := r.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return ready
	}
	for _, n := range nodes.Items {
		for _, c := range n.Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
				ready[n.Name] = true
			}
		}
	}
	return ready
}

func (r *region) serviceNamespaces() []*netlab.Namespace {
	all := []*netlab.Namespace{r.control}
	for _, n := range r.nodes {
		all = append(all, n.namespace)
	}
	return all
}

// stop ends the region: kubelets first, so that they start nothing again, then
// the containers, then the control plane backwards.
func (r *region) stop() {
	r.mu.Lock()
	nodes, services := r.nodes, r.services
	r.mu.Unlock()
	var group sync.WaitGroup
	for _, n := range nodes {
		group.Go(func() {
			n.kubelet.stop(time.Second)
			n.runtime.StopAll(stopGrace)
		})
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
