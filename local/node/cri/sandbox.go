package cri

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-streaming/pkg/streaming"

	"github.com/ringspan/ringspan/local/kube/oneuser"
	"github.com/ringspan/ringspan/local/netlab"
)

// Config is one node's part of the runtime.
type Config struct {
	NodeName   string
	NodeIP     netip.Addr
	Pods       []netip.Prefix    // the ranges that pod addresses come from
	Images     string            // directory of images; see image
	RunDir     string            // volatile state, on a tmpfs
	Own        []string          // directories beside RunDir that are the node's: its disk, where that is mounted, and its volumes
	InitBinary string            // ringspan-init
	Namespace  *netlab.Namespace // the node's network
}

// Runtime is one node's container runtime. Its state is in memory: it lives and
// dies with its process, and the containers with it (PDEATHSIG on each
// container's PID 1). It outlives its kubelet.
type Runtime struct {
	config     Config
	images     *imageService
	streams    streaming.Server
	singleUser bool

	mu         sync.Mutex
	sandboxes  map[string]*sandbox
	containers map[string]*container
	addresses  map[netip.Addr]bool // pod addresses in use
	last       netip.Addr          // the address given out last
	network    PodNetwork
}

// PodNetwork is what a node's network plugin gives to pods.
type PodNetwork struct {
	Missing bool // there is no plugin: the node isn't ready
	MTU     int  // largest packet of new pods, in bytes; 0 = 1500
}

// SetPodNetwork changes what pods get from now on.
func (r *Runtime) SetPodNetwork(n PodNetwork) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.network = n
}

func (r *Runtime) podNetwork() PodNetwork {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.network
}

// sandbox is a pod's shared part: a network namespace with one address.
type sandbox struct {
	id      string
	config  *runtimeapi.PodSandboxConfig
	created time.Time
	ip      netip.Addr
	ns      *netlab.Namespace // nil with hostNetwork: the pod lives in the node's
	ready   bool
}

// New makes the runtime of a node; Serve lets a kubelet talk to it.
func New(c Config) (*Runtime, error) {
	r := &Runtime{
		config: c, images: &imageService{dir: c.Images}, singleUser: oneuser.Is(),
		sandboxes: map[string]*sandbox{}, containers: map[string]*container{}, addresses: map[netip.Addr]bool{},
	}
	streamConfig := streaming.DefaultConfig
	streamConfig.Addr = streamAddress
	var err error
	r.streams, err = streaming.NewServer(streamConfig, streamRuntime{r})
	return r, err
}

// streamAddress is on the node's own loopback: only its kubelet can connect.
const streamAddress = "127.0.0.1:10350"

func newID() string {
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	return hex.EncodeToString(id)
}

// RunPodSandbox makes a pod's network namespace, with an address, and its files.
func (r *Runtime) RunPodSandbox(config *runtimeapi.PodSandboxConfig) (string, error) {
	sb := &sandbox{id: newID(), config: config, created: time.Now(), ready: true}
	dir := r.sandboxDir(sb.id)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := os.MkdirAll(config.LogDirectory, 0o755); err != nil {
		return "", err
	}
	if err := writeResolvConf(filepath.Join(dir, "resolv.conf"), config.DnsConfig); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "hostname"), []byte(config.Hostname+"\n"), 0o644); err != nil {
		return "", err
	}
	if config.GetLinux().GetSecurityContext().GetNamespaceOptions().GetNetwork() == runtimeapi.NamespaceMode_NODE {
		sb.ip = r.config.NodeIP
	} else if err := r.connect(sb); err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sandboxes[sb.id] = sb
	return sb.id, nil
}

// connect gives the sandbox its network namespace and address.
func (r *Runtime) connect(sb *sandbox) (err error) {
	if sb.ip, err = r.allocate(); err != nil {
		return err
	}
	if sb.ns, err = netlab.NewNamespace(r.config.NodeName + ".pod-" + sb.id[:8]); err == nil {
		err = netlab.Attach(r.config.Namespace, sb.ns, netlab.Attachment{Link: sb.link(), Address: sb.ip, Gateway: netlab.PodGateway, MTU: r.podNetwork().MTU})
	}
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.disconnect(sb)
	}
	return err
}

// disconnect undoes connect. It deletes the link explicitly: the kernel tears
// down a namespace in the background, and until then the old route would stand
// in the way of the next pod that gets the address.
func (r *Runtime) disconnect(sb *sandbox) {
	_ = r.config.Namespace.RemoveLink(sb.link())
	if sb.ns != nil {
		sb.ns.Close()
	}
	delete(r.addresses, sb.ip)
}

func (sb *sandbox) link() string { return "veth" + sb.id[:8] }

// allocate gives out addresses in turn, so that a freed one stays unused for
// as long as possible: peers may still be talking to its last owner.
func (r *Runtime) allocate() (netip.Addr, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first, ok := r.config.next(r.last)
	for ip := first; ok; {
		if !r.addresses[ip] {
			r.addresses[ip], r.last = true, ip
			return ip, nil
		}
		if ip, _ = r.config.next(ip); ip == first {
			break
		}
	}
	return netip.Addr{}, fmt.Errorf("no free pod address left in %v on %s", r.config.Pods, r.config.NodeName)
}

// next is the address for pods that follows one; after the last one comes the
// first. It is false when there is none at all.
func (c Config) next(after netip.Addr) (netip.Addr, bool) {
	if len(c.Pods) == 0 {
		return netip.Addr{}, false
	}
	at := 0
	for i, p := range c.Pods {
		if p.Contains(after) {
			if next := after.Next(); p.Contains(next) {
				return next, true
			}
			at = (i + 1) % len(c.Pods)
		}
	}
	return c.Pods[at].Masked().Addr(), true
}

// StopPodSandbox ends the pod's containers and frees its address; a missing pod is no error.
func (r *Runtime) StopPodSandbox(id string) {
	r.mu.Lock()
	sb := r.sandboxes[id]
	var inside []*container
	for _, c := range r.containers {
		if c.sandbox.id == id {
			inside = append(inside, c)
		}
	}
	r.mu.Unlock()
	if sb == nil {
		return
	}
	for _, c := range inside {
		c.stop(0)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if sb.ns != nil && sb.ready {
		r.disconnect(sb)
	}
	sb.ready = false
}

// RemovePodSandbox stops and forgets a pod; a missing one is no error.
func (r *Runtime) RemovePodSandbox(id string) error {
	r.StopPodSandbox(id)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.containers {
		if c.sandbox.id == id {
			r.forget(c)
		}
	}
	delete(r.sandboxes, id)
	return os.RemoveAll(r.sandboxDir(id))
}

// PodSandboxStatus tells the state of one pod.
func (r *Runtime) PodSandboxStatus(id string) (*runtimeapi.PodSandboxStatusResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sb := r.sandboxes[id]
	if sb == nil {
		return nil, notFound("sandbox", id)
	}
	return &runtimeapi.PodSandboxStatusResponse{Status: &runtimeapi.PodSandboxStatus{
		Id: sb.id, Metadata: sb.config.Metadata, State: sb.state(), CreatedAt: sb.created.UnixNano(),
		Network: &runtimeapi.PodSandboxNetworkStatus{Ip: sb.ip.String()},
		Linux: &runtimeapi.LinuxPodSandboxStatus{Namespaces: &runtimeapi.Namespace{
			Options: sb.config.GetLinux().GetSecurityContext().GetNamespaceOptions(),
		}},
		Labels: sb.config.Labels, Annotations: sb.config.Annotations,
	}}, nil
}

// ListPodSandbox answers from memory.
func (r *Runtime) ListPodSandbox(filter *runtimeapi.PodSandboxFilter) (list []*runtimeapi.PodSandbox) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, sb := range r.sandboxes {
		if f := filter; f != nil && (f.Id != "" && f.Id != sb.id || f.State != nil && f.State.State != sb.state() || !matches(f.LabelSelector, sb.config.Labels)) {
			continue
		}
		list = append(list, &runtimeapi.PodSandbox{
			Id: sb.id, Metadata: sb.config.Metadata, State: sb.state(), CreatedAt: sb.created.UnixNano(),
			Labels: sb.config.Labels, Annotations: sb.config.Annotations,
		})
	}
	return list
}

func (sb *sandbox) state() runtimeapi.PodSandboxState {
	if sb.ready {
		return runtimeapi.PodSandboxState_SANDBOX_READY
	}
	return runtimeapi.PodSandboxState_SANDBOX_NOTREADY
}

func (r *Runtime) sandboxDir(id string) string {
	return filepath.Join(r.config.RunDir, "sandboxes", id)
}

func (r *Runtime) namespaceOf(sb *sandbox) *netlab.Namespace {
	if sb.ns == nil {
		return r.config.Namespace
	}
	return sb.ns
}

func writeResolvConf(path string, dns *runtimeapi.DNSConfig) error {
	var b strings.Builder
	for _, server := range dns.GetServers() {
		fmt.Fprintln(&b, "nameserver", server)
	}
	if len(dns.GetSearches()) > 0 {
		fmt.Fprintln(&b, "search", strings.Join(dns.Searches, " "))
	}
	if len(dns.GetOptions()) > 0 {
		fmt.Fprintln(&b, "options", strings.Join(dns.Options, " "))
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

func matches(selector, labels map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return true
}
