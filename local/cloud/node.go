package cloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringspan/ringspan/local/kube/kubeletconfig"
	"github.com/ringspan/ringspan/local/netlab"
	"github.com/ringspan/ringspan/local/node/cri"
)

// machine is a node that is to be started.
type machine struct {
	name       string
	zone       string
	address    netip.Addr
	key        string // short and unique on this host: names a directory
	face       string // id of its interface
	namespace  *netlab.Namespace
	ranges     []netip.Prefix // of pods' addresses
	network    cri.PodNetwork
	labels     map[string]string
	taints     []string // key=value:Effect
	providerID string
	clusterDNS netip.Addr
	cpus       int
	memory     uint64 // bytes
}

// runningNode is one Kubernetes node: a network namespace, a container runtime
// in this process and a kubelet beside it.
type runningNode struct {
	machine
	runtime *cri.Runtime
	kubelet *service
	end     context.CancelFunc // of the runtime
	roles   net.Listener       // of the pod identity agent; nil = there is none
	begun   time.Time
	runDir  string
}

// startNode can be called again after an error or a removal.
func (c *cluster) startNode(ctx context.Context, m machine) (*runningNode, error) {
	if err := m.namespace.Forward(); err != nil {
		return nil, err
	}
	n := &runningNode{machine: m, runDir: "/run/ringspan/" + m.key, begun: time.Now()}
	if err := c.nodeDirs(n); err != nil {
		return nil, err
	}
	var err error
	n.runtime, err = cri.New(cri.Config{
		NodeName: m.name, NodeIP: m.address, Pods: m.ranges,
		Images: c.s.config.Images, RunDir: n.runDir, Own: []string{n.runDir + "/disk", c.volumes() + "/" + m.name}, InitBinary: c.s.init, Namespace: m.namespace,
	})
	if err != nil {
		return nil, err
	}
	n.runtime.SetPodNetwork(m.network)
	file, err := c.kubeletConfig(n)
	if err != nil {
		return nil, err
	}
	socket, err := listenUnix(n.runDir + "/cri.sock")
	if err != nil {
		return nil, err
	}
	running, end := context.WithCancel(ctx)
	n.end = end
	go func() {
		if err := n.runtime.Serve(running, socket); err != nil && running.Err() == nil {
			c.s.events.fail("node", c.region, fmt.Errorf("container runtime of %s: %w", m.name, err))
		}
	}()
	n.kubelet, err = c.start(m.namespace, "kubelet-"+m.name, "kubelet", file)
	if err != nil {
		end()
		return nil, err
	}
	return n, nil
}

// stop ends the node in order: the kubelet first, so that it starts nothing
// again.
func (n *runningNode) stop() {
	n.kubelet.stop(time.Second)
	n.runtime.StopAll(stopGrace)
}

// remove ends the node for good. Its disk, which is mounted, stays.
func (n *runningNode) remove() error {
	n.stop()
	endRoles(n.roles)
	n.runtime.KillAll()
	n.end()
	if err := unix.Unmount(n.runDir+"/disk", unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
		return err
	}
	return os.RemoveAll(n.runDir)
}

// nodeDirs makes the node's directory for volatile state, with its persistent
// one mounted below. The path is short, because the kubelet makes sockets there
// and the kernel takes at most 108 bytes.
func (c *cluster) nodeDirs(n *runningNode) error {
	disk := c.diskOf(n.name)
	for _, dir := range []string{n.runDir + "/disk", disk} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	return unix.Mount(disk, n.runDir+"/disk", "", unix.MS_BIND, "")
}

func (c *cluster) diskOf(node string) string { return c.plane.Dir + "/nodes/" + node }

// volumes is the directory of the cluster's volumes, each in that of its node.
func (c *cluster) volumes() string { return c.plane.Dir + "/volumes" }

func (c *cluster) kubeletConfig(n *runningNode) (string, error) {
	if err := c.ca.Server("kubelet-"+n.name, nil, net.IP(n.address.AsSlice())); err != nil {
		return "", err
	}
	kubeconfig, err := c.ca.Kubeconfig("node-"+n.name, c.plane.InternalServer(), "system:node:"+n.name, "system:nodes")
	if err != nil {
		return "", err
	}
	dir := n.runDir + "/disk"
	file := dir + "/kubelet.json"
	return file, writeJSON(file, kubeletconfig.Config{
		Name: n.name, IP: n.address.String(), ClusterDNS: n.clusterDNS.String(), Labels: n.labels, Taints: n.taints, ProviderID: n.providerID,
		Kubeconfig: kubeconfig, CAFile: c.ca.Path("ca.crt"), CertFile: c.ca.Path("kubelet-" + n.name + ".crt"), KeyFile: c.ca.Path("kubelet-" + n.name + ".key"),
		Dir: dir, RuntimeEndpoint: "unix://" + n.runDir + "/cri.sock", CPUs: n.cpus, MemoryBytes: n.memory,
	})
}

// What nodes report where nothing else is said.
const (
	defaultCPUs   = 8
	defaultMemory = 32 << 30 // bytes
)
