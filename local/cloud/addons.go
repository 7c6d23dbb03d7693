package cloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ringspan/ringspan/local/aws/cni"
	"github.com/ringspan/ringspan/local/controlplane"
	"github.com/ringspan/ringspan/local/node/cri"
	"github.com/ringspan/ringspan/local/node/proxy"
	"github.com/ringspan/ringspan/local/node/volumes"
)

// The add-ons that do something here; without them nodes aren't ready, services
// aren't translated, names don't resolve, volumes aren't made and pods get no
// credentials.
const (
	addonCNI   = "vpc-cni"
	addonProxy = "kube-proxy"
	addonDNS   = "coredns"
	addonEBS   = "aws-ebs-csi-driver"
	addonRoles = "eks-pod-identity-agent"
)

// inert are add-ons that are taken and do nothing: what they would serve isn't
// there.
var inert = map[string]string{
	"eks-node-monitoring-agent": "nodes' hardware is this machine's",
}

// addon is one that runs.
type addon struct {
	cni   cni.Config
	roles *http.Server
	end   func()
}

// setAddon makes an add-on run, with another configuration if it runs already.
func (h *hosted) setAddon(ctx context.Context, name, configuration string) error {
	if reason, ok := inert[name]; ok {
		h.say("addon", "%s does nothing: %s", name, reason)
		return nil
	}
	switch name {
	case addonCNI:
		config, err := cni.Parse(configuration)
		if err != nil {
			return err
		}
		h.addons[name] = &addon{cni: config, end: func() {}}
		return h.setPodNetworks()
	case addonProxy:
		h.startProxy()
		return nil
	case addonDNS:
		return h.startDNS(ctx)
	case addonEBS:
		h.startVolumes()
		return nil
	case addonRoles:
		return h.startRoles()
	}
	return fmt.Errorf("add-on %q: this cloud runs %s, %s, %s, %s and %s", name, addonCNI, addonProxy, addonDNS, addonEBS, addonRoles)
}

// deleteAddon ends an add-on; one that doesn't run is no error.
func (h *hosted) deleteAddon(ctx context.Context, name string) error {
	a := h.addons[name]
	if a == nil {
		return nil
	}
	delete(h.addons, name)
	a.end()
	switch name {
	case addonCNI:
		return h.setPodNetworks()
	case addonProxy:
		return proxy.Clear(h.nodeNamespaces())
	case addonDNS:
		return h.removeDNS(ctx)
	}
	return nil
}

// setPodNetworks gives all nodes what the CNI add-on says, or that there is none.
func (h *hosted) setPodNetworks() error {
	var errs []error
	for _, n := range h.runningNodes() {
		if err := h.setPodNetwork(n); err != nil {
			errs = append(errs, fmt.Errorf("network of %s: %w", n.name, err))
		}
	}
	return errors.Join(errs...)
}

// setPodNetwork rewrites, as the CNI's rule does, what leaves the node for other
// ranges than the VPC's and the excluded ones. Pods that run keep their MTU.
func (h *hosted) setPodNetwork(n *runningNode) error {
	a := h.addons[addonCNI]
	if a == nil {
		n.runtime.SetPodNetwork(cri.PodNetwork{Missing: true})
		return nil
	}
	at, err := h.clusters.networks.Find(n.face)
	if err != nil {
		return err
	}
	if err := at.Namespace.SetMTU("eth0", a.cni.NodeMTU); err != nil {
		return err
	}
	from := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	unchanged, all := a.cni.Unchanged(at.VPC.CIDRs)
	switch {
	case h.s.faults.disguises(h.region):
		unchanged = slices.Clone(at.VPC.CIDRs)
	case all:
		from = netip.Prefix{}
	}
	if err := at.Namespace.Masquerade(from, append(unchanged, netip.MustParsePrefix("127.0.0.0/8"))...); err != nil {
		return err
	}
	n.runtime.SetPodNetwork(cri.PodNetwork{MTU: a.cni.PodMTU})
	return nil
}

// startProxy translates services on all nodes that there are now.
func (h *hosted) startProxy() {
	if a := h.addons[addonProxy]; a != nil {
		a.end()
	}
	ctx, end := context.WithCancel(h.running)
	ended := make(chan struct{})
	namespaces := h.nodeNamespaces()
	go func() {
		defer close(ended)
		proxy.Run(ctx, h.client, namespaces, h.complain("services"))
	}()
	h.addons[addonProxy] = &addon{end: func() { end(); <-ended }}
}

func (h *hosted) startVolumes() {
	if h.addons[addonEBS] != nil {
		return
	}
	ctx, end := context.WithCancel(h.running)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		volumes.Run(ctx, h.client, h.volumes(), h.complain("volumes"))
	}()
	h.addons[addonEBS] = &addon{end: func() { end(); <-ended }}
}

// startDNS runs CoreDNS beside the API server, behind the service kube-dns.
func (h *hosted) startDNS(ctx context.Context) error {
	if h.addons[addonDNS] == nil {
		if err := controlplane.AllowDNS(ctx, h.client); err != nil {
			return err
		}
		process, err := h.plane.DNS(h.ca)
		if err != nil {
			return err
		}
		if err := h.spawn(process); err != nil {
			return err
		}
		h.addons[addonDNS] = &addon{end: func() { h.endService(process.Name) }}
	}
	return h.createDNSService(ctx)
}

// endService ends one of the control plane's processes for good.
func (h *hosted) endService(name string) {
	h.mu.Lock()
	at := slices.IndexFunc(h.services, func(s *service) bool { return s.name == name })
	var found *service
	if at >= 0 {
		found = h.services[at]
		h.services = slices.Delete(slices.Clone(h.services), at, at+1)
	}
	h.mu.Unlock()
	if found != nil {
		found.stop(2 * time.Second)
	}
}

const dnsService = "kube-dns"

func (h *hosted) createDNSService(ctx context.Context) error {
	ports := []corev1.ServicePort{{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP}, {Name: "dns-tcp", Port: 53, Protocol: corev1.ProtocolTCP}}
	services := h.client.CoreV1().Services(metav1.NamespaceSystem)
	_, err := services.Get(ctx, dnsService, metav1.GetOptions{})
	if apierrors.IsNotFound(err) { // of a second one, the address would be refused before the name
		_, err = services.Create(ctx, &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: dnsService, Labels: map[string]string{"k8s-app": dnsService}},
			Spec:       corev1.ServiceSpec{ClusterIP: h.clusterDNS().String(), Ports: ports},
		}, metav1.CreateOptions{})
	}
	if err != nil {
		return err
	}
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: dnsService, Labels: map[string]string{discoveryv1.LabelServiceName: dnsService}},
		AddressType: discoveryv1.AddressTypeIPv4, Endpoints: []discoveryv1.Endpoint{{Addresses: []string{h.plane.Address.String()}}},
	}
	for _, p := range ports {
		slice.Ports = append(slice.Ports, discoveryv1.EndpointPort{Name: &p.Name, Port: &p.Port, Protocol: &p.Protocol})
	}
	_, err = h.client.DiscoveryV1().EndpointSlices(metav1.NamespaceSystem).Create(ctx, slice, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func (h *hosted) removeDNS(ctx context.Context) error {
	err := h.client.CoreV1().Services(metav1.NamespaceSystem).Delete(ctx, dnsService, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		err = nil
	}
	slice := h.client.DiscoveryV1().EndpointSlices(metav1.NamespaceSystem).Delete(ctx, dnsService, metav1.DeleteOptions{})
	if apierrors.IsNotFound(slice) {
		slice = nil
	}
	return errors.Join(err, slice)
}
