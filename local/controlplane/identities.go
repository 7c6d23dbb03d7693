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
	Port         int          // of the API server inside the network; 0 = 6443
	Names        []string     // further addresses and DNS names under which the API server is reached
	TokenWebhook string       // URL that reviews bearer tokens; "" = only the cluster's own are known
}

// InternalServer is the API server as the region's network sees it.
func (p Plane) InternalServer() string { return fmt.Sprintf("https://%s:%d", p.Address, p.port()) }

// LoopbackServer is the API server as the control plane's own processes see it.
func (p Plane) LoopbackServer() string { return "https://" + p.Loopback() }

// Loopback is where the API server listens, too.
func (p Plane) Loopback() string { return fmt.Sprintf("127.0.0.1:%d", p.port()) }

func (p Plane) port() int {
	if p.Port == 0 {
		return 6443
	}
	return p.Port
}

// Credentials makes, or opens, the cluster's authority and signs an identity
// for every component. The authority and the key that signs service account
// tokens are kept; the rest is signed again at each start.
func (p Plane) Credentials() (*Authority, error) {
	ca, err := NewAuthority(p.Dir + "/pki")
	if err != nil {
		return nil, fmt.Errorf("certificate authority of %s: %w", p.Region, err)
	}
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	service := p.ServiceRange.Masked().Addr().Next()
	addresses := []net.IP{net.IPv4(127, 0, 0, 1), p.Address.AsSlice(), service.AsSlice()}
	for _, n := range p.Names {
		if ip := net.ParseIP(n); ip != nil {
			addresses = append(addresses, ip)
		} else {
			names = append(names, n)
		}
	}
	if err := ca.Server("apiserver", names, addresses...); err != nil {
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
		{"supervisor", p.LoopbackServer(), "ringspan-local", []string{"system:masters"}},
		{"controller-manager", p.LoopbackServer(), "system:kube-controller-manager", nil},
		{"scheduler", p.LoopbackServer(), "system:kube-scheduler", nil},
		{"coredns", p.LoopbackServer(), "system:coredns", nil},
	} {
		if _, err := ca.Kubeconfig(id.name, id.server, id.user, id.groups...); err != nil {
			return nil, err
		}
	}
	return ca, nil
}
