package cloud

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/ringspan/ringspan/local/controlplane"
	"github.com/ringspan/ringspan/local/netlab"
	"github.com/ringspan/ringspan/local/node/proxy"
	"github.com/ringspan/ringspan/local/node/volumes"
)

// region is a cluster of the configuration, with a network of its own.
type region struct {
	cluster
	config   Region
	listener *os.File
}

// newRegion describes a region that isn't started yet; server is its API server
// as the host sees it.
func newRegion(s *supervisor, c Region, listener *os.File, server string) *region {
	return &region{config: c, listener: listener, cluster: cluster{s: s, name: c.Name, plane: controlplane.Plane{
		Region: c.Name, Dir: s.state.path(c.Name), Address: c.controlAddress(), ServiceRange: c.ServiceCIDR, HostServer: server,
	}}}
}

// start brings up the control plane and the nodes, and returns when pods can be
// scheduled.
func (r *region) start(ctx context.Context) (err error) {
	if r.control, err = r.s.networks[r.name].Attach(r.name+"-control", r.plane.Address); err != nil {
		return err
	}
	outside, err := net.FileListener(r.listener)
	if err != nil {
		return fmt.Errorf("inherited listener: %w", err)
	}
	go publish(outside, r.control, r.plane.Loopback())
	if err := r.startControlPlane(ctx); err != nil {
		return err
	}
	if err := controlplane.CreateDefaults(ctx, r.client, volumes.Provisioner); err != nil {
		return err
	}
	dns, err := r.plane.DNS(r.ca)
	if err != nil {
		return err
	}
	if err := r.spawn(dns); err != nil {
		return err
	}
	for _, n := range r.config.nodes() {
		if err := r.startMachine(ctx, n); err != nil {
			return err
		}
	}
	go volumes.Run(ctx, r.client, volumes.Provisioner, r.s.state.path(r.name, "volumes"), r.complain("volumes"))
	go proxy.Run(ctx, r.client, r.serviceNamespaces(), r.complain("services"))
	return r.awaitReady(ctx)
}

// startMachine gives a node its place in the network, and starts it.
func (r *region) startMachine(ctx context.Context, n node) error {
	namespace, err := r.s.networks[r.name].Attach(n.name, n.address, n.pods)
	if err != nil {
		return err
	}
	cpus, memory, err := r.config.capacity()
	if err != nil {
		return err
	}
	return r.addNode(ctx, machine{
		node: n, key: n.address.String(), namespace: namespace, ranges: []netip.Prefix{n.pods}, reserved: nodeReserved,
		labels: r.config.labels(n), clusterDNS: r.plane.Address, cpus: cpus, memory: memory,
	})
}

// awaitReady waits for what a first pod needs: nodes, the default service
// account and DNS.
func (r *region) awaitReady(ctx context.Context) error {
	err := until(3*time.Minute, "nodes of "+r.name, func() error {
		want := len(r.config.nodes())
		if ready := len(r.readyNodes(ctx)); ready < want && ctx.Err() == nil {
			return fmt.Errorf("%d of %d nodes are ready", ready, want)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.s.events.say("nodes", r.name, "%d nodes ready", len(r.config.nodes()))
	if err := r.awaitControllers(ctx); err != nil {
		return err
	}
	err = until(time.Minute, "DNS of "+r.name, func() error {
		attempt, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return r.lookup(attempt, "kubernetes.default.svc.cluster.local.")
	})
	if err == nil {
		r.s.events.say("region", r.name, "cluster ready")
	}
	return err
}

func (r *region) lookup(ctx context.Context, name string) error {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return r.control.Dial(ctx, network, r.plane.Address.String()+":53")
	}}
	_, err := resolver.LookupHost(ctx, name)
	return err
}

func (r *region) serviceNamespaces() []*netlab.Namespace {
	all := []*netlab.Namespace{r.control}
	for _, n := range r.nodes {
		all = append(all, n.namespace)
	}
	return all
}
