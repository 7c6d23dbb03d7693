package region

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
)

// Agent reaches a pod's agent through the API server, as the pod was made. The API
// server's proxy has no client certificate: an agent that asks for one is reached through a
// forwarded port, with the operator's certificate, which everybody has who may read the
// datacenter's Secrets.
func (r Region) Agent(ctx context.Context, pod *corev1.Pod) (node *mgmtapi.Client, closeIdle func(), err error) {
	name, secure := datacenters.AgentAccess(pod)
	if !secure {
		return r.plainAgent(pod)
	}
	secret := &corev1.Secret{}
	if err := r.Client.Get(ctx, client.ObjectKey{Namespace: pod.Namespace, Name: name}, secret); err != nil {
		return nil, nil, err
	}
	config, err := certificates.FromData(secret.Data).ClientTLS()
	if err != nil {
		return nil, nil, fmt.Errorf("Secret %s: %w", name, err)
	}
	tunnel := Node{Region: r, Pod: *pod}
	transport := &http.Transport{TLSClientConfig: config, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return tunnel.Dial(ctx, datacenters.AgentPort(pod))
	}}
	return mgmtapi.New("https://"+pod.Name, &http.Client{Transport: transport, Timeout: nodeAnswerLimit}), transport.CloseIdleConnections, nil
}

func (r Region) plainAgent(pod *corev1.Pod) (*mgmtapi.Client, func(), error) {
	httpClient, err := rest.HTTPClientFor(r.Config)
	if err != nil {
		return nil, nil, err
	}
	base := fmt.Sprintf("%s/api/v1/namespaces/%s/pods/%s:%d/proxy", r.Config.Host, pod.Namespace, pod.Name, datacenters.AgentPort(pod))
	return mgmtapi.New(base, &http.Client{Transport: httpClient.Transport, Timeout: nodeAnswerLimit}), func() {}, nil
}
