package proxy

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func service(name, ip string, ports ...corev1.ServicePort) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}, Spec: corev1.ServiceSpec{ClusterIP: ip, Ports: ports}}
}

func slice(of, portName string, port int32, endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Labels: map[string]string{discoveryv1.LabelServiceName: of}},
		Ports:      []discoveryv1.EndpointPort{{Name: &portName, Port: &port}}, Endpoints: endpoints,
	}
}

func endpoint(address string, ready bool) discoveryv1.Endpoint {
	return discoveryv1.Endpoint{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}
}

func TestTargets(t *testing.T) {
	ip := netip.MustParseAddr
	web := corev1.ServicePort{Name: "web", Port: 80}
	patient := service("a", "10.0.0.1", web)
	patient.Spec.PublishNotReadyAddresses = true
	for _, c := range []struct {
		why      string
		services []*corev1.Service
		slices   []*discoveryv1.EndpointSlice
		want     []Target
	}{
		{"nothing gives nothing", nil, nil, nil},
		{"a headless service has no address", []*corev1.Service{service("a", corev1.ClusterIPNone, web)}, []*discoveryv1.EndpointSlice{slice("a", "web", 8080, endpoint("172.21.0.11", true))}, nil},
		{"nor has an external one", []*corev1.Service{service("a", "", web)}, nil, nil},
		{"an address of IPv6 is left out", []*corev1.Service{service("a", "fd00::1", web)}, nil, nil},
		{"a service without endpoints is a target that refuses", []*corev1.Service{service("a", "10.0.0.1", web)}, nil,
			[]Target{{Address: ip("10.0.0.1"), Protocol: unix.IPPROTO_TCP, Port: 80}}},
		{"ready endpoints of all slices count, sorted, each once", []*corev1.Service{service("a", "10.0.0.1", web)}, []*discoveryv1.EndpointSlice{
			slice("a", "web", 8080, endpoint("172.21.0.12", true), endpoint("172.21.0.13", false)),
			slice("a", "web", 8080, endpoint("172.21.0.11", true), endpoint("172.21.0.12", true)), slice("b", "web", 8080, endpoint("172.21.0.14", true)),
		}, []Target{{Address: ip("10.0.0.1"), Protocol: unix.IPPROTO_TCP, Port: 80, Endpoints: []Endpoint{{ip("172.21.0.11"), 8080}, {ip("172.21.0.12"), 8080}}}}},
		{"those that aren't ready count where the service says so", []*corev1.Service{patient}, []*discoveryv1.EndpointSlice{slice("a", "web", 8080, endpoint("172.21.0.11", false))},
			[]Target{{Address: ip("10.0.0.1"), Protocol: unix.IPPROTO_TCP, Port: 80, Endpoints: []Endpoint{{ip("172.21.0.11"), 8080}}}}},
		{"a port has the endpoints of its name", []*corev1.Service{service("a", "10.0.0.1", web, corev1.ServicePort{Name: "admin", Port: 81})}, []*discoveryv1.EndpointSlice{slice("a", "admin", 9000, endpoint("172.21.0.11", true))},
			[]Target{{Address: ip("10.0.0.1"), Protocol: unix.IPPROTO_TCP, Port: 80}, {Address: ip("10.0.0.1"), Protocol: unix.IPPROTO_TCP, Port: 81, Endpoints: []Endpoint{{ip("172.21.0.11"), 9000}}}}},
		{"one port of two protocols are two, and SCTP is left out; the order is the addresses'", []*corev1.Service{
			service("b", "10.0.0.2", corev1.ServicePort{Port: 53, Protocol: corev1.ProtocolUDP}, corev1.ServicePort{Port: 53, Protocol: corev1.ProtocolTCP}, corev1.ServicePort{Port: 9, Protocol: corev1.ProtocolSCTP}),
			service("a", "10.0.0.1", web),
		}, nil, []Target{
			{Address: ip("10.0.0.1"), Protocol: unix.IPPROTO_TCP, Port: 80}, {Address: ip("10.0.0.2"), Protocol: unix.IPPROTO_TCP, Port: 53}, {Address: ip("10.0.0.2"), Protocol: unix.IPPROTO_UDP, Port: 53},
		}},
	} {
		if d := cmp.Diff(c.want, Targets(c.services, c.slices), cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s:\n%s", c.why, d)
		}
	}
}
