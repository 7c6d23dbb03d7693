package controlplane

import (
	"fmt"
	"net"
	"net/netip"
)

// Plane is one region's control plane.
type Plane struct {
	Region       string
	Dir          string       // its state
	Address      netip.Addr   // in the region's network
	ServiceRange netip.Prefix // of ClusterIPs
	HostServer   string       // https://127.0.0.1:PORT, as the host sees the API server
}

// InternalServer is the API server as the region's network sees it.
func (p Plane) InternalServer() string { return fmt.Sprintf("https://%s:6443", p.Address) }

// LoopbackServer is the API server as the control plane's own processes see it.
const LoopbackServer = "https://127.0.0.1:6443"

// Credentials makes, or opens, the cluster's authority and signs an identity
// for every component. The authority and the key that signs service account
// tokens are kept; the rest is signed anew at each start.
func (p Plane) Credentials() (*Authority, error) {
	ca, err := NewAuthority(p.Dir + "/pki")
	if err != nil {
		return nil, fmt.Errorf("certificate authority of %s: %w", p.Region, err)
	}
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	service := p.ServiceRange.Masked().Addr().Next()
	if err := ca.Server("apiserver", names, net.IPv4(127, 0, 0, 1), p.Address.AsSlice(), service.AsSlice()); err != nil {
		return nil, err
	}
	if err := ca.SigningKey("service-account"); err != nil {
		return nil, err
	}
	if err := ca.Client("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"); err != nil {
		return nil, err
	}
	for _, id := range []struct {
		name, server, user string
		groups             []string
	}{
		{"admin", p.HostServer, "admin", []string{"system:masters"}}, // for use on the host
		{"supervisor", LoopbackServer, "ringspan-local", []string{"system:masters"}},
		{"controller-manager", LoopbackServer, "system:kube-controller-manager", nil},
		{"scheduler", LoopbackServer, "system:kube-scheduler", nil},
		{"coredns", LoopbackServer, "system:coredns", nil},
	} {
		if _, err := ca.Kubeconfig(id.name, id.server, id.user, id.groups...); err != nil {
			return nil, err
		}
	}
	return ca, nil
}
