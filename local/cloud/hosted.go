package cloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringspan/ringspan/local/aws/access"
	"github.com/ringspan/ringspan/local/aws/plane"
	"github.com/ringspan/ringspan/local/controlplane"
	"github.com/ringspan/ringspan/local/netlab"
)

// hosted is a cluster of EKS. Its control plane runs where its first interface
// is; the others lead there.
type hosted struct {
	cluster
	clusters *clusters
	spec     plane.Cluster
	reviewer *access.Reviewer

	turn     sync.Mutex         // held by whoever changes the cluster
	started  atomic.Bool        // its API server has answered
	end      context.CancelFunc // of everything in this process
	running  context.Context
	inner    []net.Listener // at further interfaces
	hostPort net.Listener   // on the host; nil = not reached from there
	port     int            // of hostPort, or the last one's
	addons   map[string]*addon
}

const (
	eksPort        = 443
	webhookAddress = "127.0.0.1:21362" // of the control plane's namespace
)

func newHosted(c *clusters, spec plane.Cluster) *hosted {
	return &hosted{
		clusters: c, spec: spec, reviewer: access.NewReviewer(spec.Name, c.sts), addons: map[string]*addon{},
		cluster: cluster{s: c.s, region: spec.Region, name: clusterName(spec.ID)},
	}
}

// start brings up the control plane. After an error it begins again.
func (h *hosted) start(ctx context.Context) error {
	if h.started.Load() {
		return h.reopen()
	}
	h.running, h.end = context.WithCancel(h.clusters.ctx)
	err := h.bringUp(ctx)
	if err != nil {
		return errors.Join(err, h.halt())
	}
	h.started.Store(true)
	h.say("cluster", "control plane ready")
	return nil
}

func (h *hosted) bringUp(ctx context.Context) error {
	names, err := h.locate()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(h.clusters.dir(h.spec.ID), 0o700); err != nil {
		return err
	}
	if err := h.openHostPort(); err != nil {
		return err
	}
	h.plane = controlplane.Plane{
		Region: h.name, Dir: h.clusters.dir(h.spec.ID), Address: h.plane.Address, ServiceRange: h.spec.ServiceCIDR, Names: names,
		HostServer: h.hostServer(), Port: eksPort, TokenWebhook: "http://" + webhookAddress,
	}
	if err := h.serveReviewer(); err != nil {
		return err
	}
	if err := h.startControlPlane(ctx); err != nil {
		return err
	}
	for _, id := range h.spec.Interfaces[1:] {
		if err := h.lead(id); err != nil {
			return err
		}
	}
	return h.awaitControllers(ctx)
}

// locate finds the control plane's interfaces; names are the further addresses
// that its certificate is for.
func (h *hosted) locate() (names []string, err error) {
	if len(h.spec.Interfaces) == 0 {
		return nil, errors.New("it has no interfaces")
	}
	for i, id := range h.spec.Interfaces {
		at, err := h.clusters.networks.Find(id)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			h.control, h.plane.Address = at.Namespace, at.Interface.Addresses[0]
			continue
		}
		names = append(names, at.Interface.Addresses[0].String())
	}
	return names, nil
}

// openHostPort opens a port of the host for the API server, if the endpoint is public. It is the
// configuration's if that names one, and must then be free; otherwise the last run's if that is free.
func (h *hosted) openHostPort() (err error) {
	if !h.spec.Public {
		return nil
	}
	h.clusters.ports.Lock()
	defer h.clusters.ports.Unlock()
	if h.hostPort, err = h.chooseHostPort(); err != nil {
		return err
	}
	h.port = portOf(h.hostPort)
	go publish(h.hostPort, h.control, fmt.Sprintf("127.0.0.1:%d", eksPort))
	return writeJSON(h.portFile(), h.port)
}

func (h *hosted) portFile() string { return h.clusters.dir(h.spec.ID) + "/port.json" }

func (h *hosted) chooseHostPort() (net.Listener, error) {
	if pinned, _ := h.s.config.AWS.pinned(h.region); pinned != 0 && !h.clusters.hasPort(h, pinned) {
		listener, err := h.s.hostPorts.listen(fmt.Sprintf("127.0.0.1:%d", pinned))
		if err != nil {
			return nil, h.s.config.AWS.portTaken(h.region, err)
		}
		return listener, nil
	}
	if err := readJSON(h.portFile(), &h.port); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	listener, err := h.s.hostPorts.listenAgain("127.0.0.1", h.port)
	if err != nil {
		return nil, fmt.Errorf("a port of this machine: %w", err)
	}
	return listener, nil
}

// hasPort tells whether another cluster of the region has a port, in this run or
// in the last one.
func (c *clusters) hasPort(h *hosted, port int) bool {
	files, _ := filepath.Glob(c.dir(h.region+"/*") + "/port.json") // the pattern is sound
	return slices.ContainsFunc(files, func(file string) bool {
		var other int
		return file != h.portFile() && readJSON(file, &other) == nil && other == port
	})
}

// reopen opens or closes the port of the host, if the endpoint has become public or private.
func (h *hosted) reopen() error {
	if h.spec.Public == (h.hostPort != nil) {
		return nil
	}
	if h.spec.Public {
		if err := h.openHostPort(); err != nil {
			return err
		}
	} else {
		h.hostPort.Close()
		h.hostPort = nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.plane.HostServer = h.hostServer()
	return nil
}

// hostServer is the API server as the host sees it, if it does.
func (h *hosted) hostServer() string {
	if h.hostPort == nil {
		return fmt.Sprintf("https://%s:%d", h.plane.Address, eksPort)
	}
	return fmt.Sprintf("https://127.0.0.1:%d", h.port)
}

// lead passes connections to another interface on to the API server.
func (h *hosted) lead(id string) error {
	at, err := h.clusters.networks.Find(id)
	if err != nil {
		return err
	}
	listener, err := at.Namespace.Listen("tcp", netip.AddrPortFrom(at.Interface.Addresses[0], eksPort).String())
	if err != nil {
		return err
	}
	h.inner = append(h.inner, listener)
	go publish(listener, h.control, h.plane.Loopback())
	return nil
}

// serveReviewer lets the API server ask whose a token is.
func (h *hosted) serveReviewer() error {
	listener, err := h.control.Listen("tcp", webhookAddress)
	if err != nil {
		return fmt.Errorf("token webhook: %w", err)
	}
	server := &http.Server{Handler: h.reviewer, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	context.AfterFunc(h.running, func() { _ = server.Close() })
	return nil
}

func (h *hosted) endpoint() (plane.Endpoint, error) {
	ca, err := os.ReadFile(h.ca.Path("ca.crt"))
	return plane.Endpoint{URL: h.hostServer(), Internal: h.plane.InternalServer(), CA: ca}, err
}

// halt ends everything that runs, in order; the data stays.
func (h *hosted) halt() error {
	if h.end == nil {
		return nil
	}
	h.started.Store(false)
	h.end()
	h.cluster.stop()
	for _, l := range append(h.inner, h.hostPort) {
		if l != nil {
			l.Close()
		}
	}
	var errs []error
	for _, n := range h.runningNodes() {
		errs = append(errs, n.remove())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inner, h.hostPort, h.services, h.nodes = nil, nil, nil, nil
	h.addons = map[string]*addon{}
	return errors.Join(errs...)
}

// remove ends the cluster for good.
func (h *hosted) remove() error {
	if err := h.halt(); err != nil {
		return err
	}
	h.say("cluster", "deleted")
	return nil
}

// nodeNamespaces are where services are translated.
func (h *hosted) nodeNamespaces() (all []*netlab.Namespace) {
	for _, n := range h.runningNodes() {
		all = append(all, n.namespace)
	}
	return all
}

// clusterDNS is the address of the service kube-dns: the tenth of the range.
func (h *hosted) clusterDNS() netip.Addr {
	a := h.spec.ServiceCIDR.Masked().Addr()
	for range 10 {
		a = a.Next()
	}
	return a
}
