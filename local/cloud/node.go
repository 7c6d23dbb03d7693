package cloud

import (
	"context"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ringspan/ringspan/local/controlplane"
	"github.com/ringspan/ringspan/local/kube/kubeletconfig"
	"github.com/ringspan/ringspan/local/netlab"
	"github.com/ringspan/ringspan/local/node/cri"
)

// runningNode is one Kubernetes node: a network namespace, a container runtime
// in this process and a kubelet beside it.
type runningNode struct {
	node
	namespace *netlab.Namespace
	runtime   *cri.Runtime
	kubelet   *service
}

func (r *region) startNodes(ctx context.Context, ca *controlplane.Authority, plane controlplane.Plane) error {
	for _, n := range r.config.nodes() {
		running, err := r.startNode(ctx, n, ca, plane)
		if err != nil {
			return fmt.Errorf("node %s: %w", n.name, err)
		}
		r.mu.Lock()
		r.nodes = append(r.nodes, running)
		r.mu.Unlock()
	}
	return nil
}

func (r *region) startNode(ctx context.Context, n node, ca *controlplane.Authority, plane controlplane.Plane) (*runningNode, error) {
	namespace, err := r.s.networks[r.config.Name].Attach(n.name, n.address, n.pods)
	if err != nil {
		return nil, err
	}
	if err := namespace.Forward(); err != nil {
		return nil, err
	}
	runDir, err := r.nodeDirs(n)
	if err != nil {
		return nil, err
	}
	runtime, err := cri.New(cri.Config{
		NodeName: n.name, NodeIP: n.address, Pods: n.pods, Reserved: nodeReserved,
		Images: r.s.config.Images, RunDir: runDir, InitBinary: r.s.init, Namespace: namespace,
	})
	if err != nil {
		return nil, err
	}
	socket, err := net.Listen("unix", runDir+"/cri.sock")
	if err != nil {
		return nil, err
	}
	go func() {
		if err := runtime.Serve(ctx, socket); err != nil && ctx.Err() == nil {
			r.s.events.fail("node", r.config.Name, fmt.Errorf("container runtime of %s: %w", n.name, err))
		}
	}()
	file, err := r.kubeletConfig(n, ca, plane, runDir)
	if err != nil {
		return nil, err
	}
	kubelet, err := r.s.spawn(namespace, r.config.Name, "kubelet-"+n.name, "kubelet", file)
	return &runningNode{node: n, namespace: namespace, runtime: runtime, kubelet: kubelet}, err
}

// nodeDirs makes the node's directory for volatile state, with its persistent
// one mounted below. The path is short, because the kubelet makes sockets there
// and the kernel takes at most 108 bytes.
func (r *region) nodeDirs(n node) (string, error) {
	runDir := fmt.Sprintf("/run/ringspan/%s", n.address)
	disk := r.s.state.path(r.config.Name, "nodes", n.name)
	for _, dir := range []string{runDir + "/disk", disk} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", err
		}
	}
	return runDir, unix.Mount(disk, runDir+"/disk", "", unix.MS_BIND, "")
}

func (r *region) kubeletConfig(n node, ca *controlplane.Authority, plane controlplane.Plane, runDir string) (string, error) {
	if err := ca.Server("kubelet-"+n.name, nil, net.IP(n.address.AsSlice())); err != nil {
		return "", err
	}
	kubeconfig, err := ca.Kubeconfig("node-"+n.name, plane.InternalServer(), "system:node:"+n.name, "system:nodes")
	if err != nil {
		return "", err
	}
	dir := runDir + "/disk"
	c := kubeletconfig.Config{
		Name: n.name, IP: n.address.String(), ClusterDNS: plane.Address.String(), Labels: r.config.labels(n),
		Kubeconfig: kubeconfig, CAFile: ca.Path("ca.crt"), CertFile: ca.Path("kubelet-" + n.name + ".crt"), KeyFile: ca.Path("kubelet-" + n.name + ".key"),
		Dir: dir, RuntimeEndpoint: "unix://" + runDir + "/cri.sock", CPUs: 8, MemoryBytes: 32 << 30,
	}
	if r.config.NodeCPUs > 0 {
		c.CPUs = r.config.NodeCPUs
	}
	if r.config.NodeMemory != "" {
		memory, err := resource.ParseQuantity(r.config.NodeMemory)
		if err != nil {
			return "", err
		}
		c.MemoryBytes = uint64(memory.Value())
	}
	file := dir + "/kubelet.json"
	return file, writeJSON(file, c)
}

// labels are those that a cloud's node carries, the zone in its old spelling too.
func (r Region) labels(n node) map[string]string {
	kind := r.InstanceType
	if kind == "" {
		kind = "local"
	}
	return map[string]string{
		corev1.LabelTopologyRegion: r.Name, corev1.LabelTopologyZone: n.zone,
		corev1.LabelFailureDomainBetaRegion: r.Name, corev1.LabelFailureDomainBetaZone: n.zone,
		corev1.LabelInstanceTypeStable: kind,
	}
}
