package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/certificates"
	datacenters "github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/ringstatus"
)

// managementPort is the agents'.
const managementPort = 8080

// ask lets a pod's node say what it knows of the ring.
func ask(ctx context.Context, r region, pod *corev1.Pod, keyspace string, v *ringstatus.View) error {
	node, hangUp, err := podAgent(ctx, r, pod)
	if err != nil {
		return err
	}
	defer hangUp()
	if v.Endpoints, err = node.Endpoints(ctx); err != nil {
		return err
	}
	v.Ownership, _ = node.Ownership(ctx, keyspace) // not there early in the boot: unknown
	return nil
}

// podAgent reaches a pod's agent through the API server, in the way that the pod
// was made for. The API server's proxy has no certificate to show: an agent that
// asks for one is reached through a tunnel, with the operator's certificate, which
// whoever may read the datacenter's Secrets has.
func podAgent(ctx context.Context, r region, pod *corev1.Pod) (node *mgmtapi.Client, hangUp func(), err error) {
	name, secure := datacenters.AgentAccess(pod)
	if !secure {
		return plainAgent(r, pod)
	}
	secret := &corev1.Secret{}
	if err := r.client.Get(ctx, client.ObjectKey{Namespace: pod.Namespace, Name: name}, secret); err != nil {
		return nil, nil, err
	}
	config, err := certificates.FromData(secret.Data).ClientTLS()
	if err != nil {
		return nil, nil, fmt.Errorf("Secret %s: %w", name, err)
	}
	tunnel := podDialer{target: target{region: r, pod: *pod}, port: managementPort}
	transport := &http.Transport{TLSClientConfig: config, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return tunnel.dial(ctx) }}
	return mgmtapi.New("https://"+pod.Name, &http.Client{Transport: transport, Timeout: nodeTimeout}), transport.CloseIdleConnections, nil
}

func plainAgent(r region, pod *corev1.Pod) (*mgmtapi.Client, func(), error) {
	httpClient, err := rest.HTTPClientFor(r.config)
	if err != nil {
		return nil, nil, err
	}
	base := fmt.Sprintf("%s/api/v1/namespaces/%s/pods/%s:%d/proxy", r.config.Host, pod.Namespace, pod.Name, managementPort)
	return mgmtapi.New(base, &http.Client{Transport: httpClient.Transport, Timeout: nodeTimeout}), func() {}, nil
}
