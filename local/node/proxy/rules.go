package proxy

import (
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// Endpoint is the pod that a connection is translated to.
type Endpoint struct {
	Address netip.Addr
	Port    uint16
}

// Target is one port of one service address. Without endpoints, connections
// are refused.
type Target struct {
	Address   netip.Addr
	Protocol  uint8 // unix.IPPROTO_TCP or unix.IPPROTO_UDP
	Port      uint16
	Endpoints []Endpoint
}

// Targets derives what to translate, in a stable order, from the cluster's
// services and their endpoint slices. Headless and external services have no
// address and yield nothing; protocols other than TCP and UDP are left out.
func Targets(services []*corev1.Service, slicesOf []*discoveryv1.EndpointSlice) []Target {
	byService := map[string][]*discoveryv1.EndpointSlice{}
	for _, s := range slicesOf {
		key := s.Namespace + "/" + s.Labels[discoveryv1.LabelServiceName]
		byService[key] = append(byService[key], s)
	}
	var all []Target
	for _, service := range services {
		address, err := netip.ParseAddr(service.Spec.ClusterIP)
		if err != nil || !address.Is4() {
			continue
		}
		for _, port := range service.Spec.Ports {
			protocol, ok := protocols[port.Protocol]
			if !ok {
				continue
			}
			all = append(all, Target{
				Address: address, Protocol: protocol, Port: uint16(port.Port),
				Endpoints: endpoints(byService[service.Namespace+"/"+service.Name], port.Name, service.Spec.PublishNotReadyAddresses),
			})
		}
	}
	slices.SortFunc(all, func(a, b Target) int {
		if c := a.Address.Compare(b.Address); c != 0 {
			return c
		}
		return (int(a.Port)-int(b.Port))*256 + int(a.Protocol) - int(b.Protocol)
	})
	return all
}

var protocols = map[corev1.Protocol]uint8{"": unix.IPPROTO_TCP, corev1.ProtocolTCP: unix.IPPROTO_TCP, corev1.ProtocolUDP: unix.IPPROTO_UDP}

func endpoints(list []*discoveryv1.EndpointSlice, portName string, notReady bool) (all []Endpoint) {
	for _, slice := range list {
		for _, port := range slice.Ports {
			if deref(port.Name) != portName || port.Port == nil {
				continue
			}
			for _, e := range slice.Endpoints {
				if !notReady && e.Conditions.Ready != nil && !*e.Conditions.Ready {
					continue
				}
				for _, text := range e.Addresses {
					if address, err := netip.ParseAddr(text); err == nil && address.Is4() {
						all = append(all, Endpoint{address, uint16(*port.Port)})
					}
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b Endpoint) int {
		return strings.Compare(a.Address.String(), b.Address.String())
	})
	return slices.Compact(all)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
