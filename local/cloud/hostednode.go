package cloud

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ringspan/ringspan/local/aws/plane"
	"github.com/ringspan/ringspan/local/node/cri"
)

// createNode starts a machine, unless it runs.
func (h *hosted) createNode(n plane.Node) error {
	if slices.ContainsFunc(h.runningNodes(), func(r *runningNode) bool { return r.name == n.Name }) {
		return nil
	}
	return h.launch(n)
}

// awaitNode waits until a machine's kubelet has registered it.
func (h *hosted) awaitNode(ctx context.Context, name string) error {
	return until(time.Minute, "kubelet of "+name, func() error {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // nobody waits any more
		}
		_, err := h.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		return err
	})
}

func (h *hosted) launch(n plane.Node) error {
	m, err := h.machine(n)
	if err != nil {
		return fmt.Errorf("node %s: %w", n.Name, err)
	}
	if err := h.addNode(h.running, m); err != nil {
		return err
	}
	nodes := h.runningNodes()
	if err := h.setPodNetwork(nodes[len(nodes)-1]); err != nil {
		return err
	}
	if err := h.serveRoles(nodes[len(nodes)-1]); err != nil {
		return err
	}
	if h.addons[addonProxy] != nil {
		h.startProxy()
	}
	return nil
}

// machine is what an instance of EC2 is as a node.
func (h *hosted) machine(n plane.Node) (machine, error) {
	at, err := h.clusters.networks.Find(n.Interface)
	if err != nil {
		return machine{}, err
	}
	if err := h.clusters.networks.Delegate(n.Interface); err != nil {
		return machine{}, err
	}
	m := machine{
		name: n.Name, zone: n.Zone, address: at.Interface.Addresses[0],
		key: n.InstanceID, face: n.Interface, namespace: at.Namespace, network: cri.PodNetwork{Missing: true},
		labels: h.labels(n), taints: n.Taints, providerID: fmt.Sprintf("aws:///%s/%s", n.Zone, n.InstanceID),
		clusterDNS: h.clusterDNS(), cpus: n.CPUs, memory: n.Memory,
	}
	for _, a := range at.Interface.Addresses[1:] {
		m.ranges = append(m.ranges, netip.PrefixFrom(a, a.BitLen()))
	}
	m.ranges = append(m.ranges, at.Interface.Prefixes...)
	if m.cpus == 0 {
		m.cpus = defaultCPUs
	}
	if m.memory == 0 {
		m.memory = defaultMemory
	}
	return m, nil
}

// labels are those that EKS and its cloud provider give to nodes.
func (h *hosted) labels(n plane.Node) map[string]string {
	all := map[string]string{
		corev1.LabelTopologyRegion: h.spec.Region, corev1.LabelTopologyZone: n.Zone,
		corev1.LabelFailureDomainBetaRegion: h.spec.Region, corev1.LabelFailureDomainBetaZone: n.Zone,
		corev1.LabelInstanceTypeStable: n.InstanceType,
	}
	if n.CapacityType != "" {
		all["eks.amazonaws.com/capacityType"] = n.CapacityType
	}
	maps.Copy(all, n.Labels)
	return all
}

// deleteNode ends a machine; one that isn't there is no error.
func (h *hosted) deleteNode(ctx context.Context, name string) error {
	var gone *runningNode
	h.mu.Lock()
	h.nodes = slices.DeleteFunc(slices.Clone(h.nodes), func(n *runningNode) bool {
		if n.name == name {
			gone = n
		}
		return n.name == name
	})
	h.mu.Unlock()
	if gone != nil {
		if err := gone.remove(); err != nil {
			return err
		}
		if h.addons[addonProxy] != nil {
			h.startProxy()
		}
	}
	if err := h.client.CoreV1().Nodes().Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	return os.RemoveAll(h.diskOf(name))
}
