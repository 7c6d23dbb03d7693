package operator

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/certificates"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// agents reach the agents of pods, each in the way that its pod was made for: with
// the certificate of the Secret that the pod names, or in the clear. Nothing is
// tried the other way.
type agents struct {
	secrets client.Reader
	now     func() time.Time
	port    string // of all agents, in tests; else each pod has its own

	mu     sync.Mutex
	secure map[client.ObjectKey]*secureTransport
}

func newAgents(secrets client.Reader) *agents {
	return &agents{secrets: secrets, now: time.Now, secure: map[client.ObjectKey]*secureTransport{}}
}

// of is a pod's agent. Connections are shared by all pods of a Secret.
func (a *agents) of(pod *corev1.Pod) mgmtapi.Node {
	address := net.JoinHostPort(pod.Status.PodIP, cmp.Or(a.port, strconv.Itoa(datacenter.AgentPort(pod))))
	secret, secure := datacenter.AgentAccess(pod)
	if !secure {
		return mgmtapi.New("http://"+address, plainAgents).For(pod.Name)
	}
	return mgmtapi.New("https://"+address, &http.Client{Timeout: mgmtapi.DefaultTimeout, Transport: a.transport(client.ObjectKey{Namespace: pod.Namespace, Name: secret})}).For(pod.Name)
}

func (a *agents) transport(key client.ObjectKey) *secureTransport {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.secure[key] == nil {
		a.secure[key] = &secureTransport{agents: a, key: key}
	}
	return a.secure[key]
}

var plainAgents = &http.Client{Timeout: mgmtapi.DefaultTimeout, Transport: pool()}

// pool keeps a few connections to each agent.
func pool() *http.Transport {
	return &http.Transport{DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second}
}

// secretAge is how old what is known of a Secret may be.
const secretAge = 5 * time.Second

// secureTransport speaks with the certificate that a Secret has at the moment.
type secureTransport struct {
	agents *agents
	key    client.ObjectKey

	mu      sync.Mutex
	read    time.Time
	version string
	inner   *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (t *secureTransport) RoundTrip(q *http.Request) (*http.Response, error) {
	inner, err := t.current(q.Context())
	if err != nil {
		return nil, err
	}
	return inner.RoundTrip(q)
}

// current reads the Secret again when it was read a while ago, and begins new
// connections when it has changed.
func (t *secureTransport) current(ctx context.Context) (*http.Transport, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.inner != nil && t.agents.now().Sub(t.read) < secretAge {
		return t.inner, nil
	}
	secret := &corev1.Secret{}
	err := t.agents.secrets.Get(ctx, t.key, secret)
	if err != nil && t.inner != nil && !apierrors.IsNotFound(err) {
		return t.inner, nil // what was read last still holds while the API server is away
	}
	if err != nil {
		return nil, fmt.Errorf("the operator's certificate for the management API: %w", err)
	}
	t.read = t.agents.now()
	if t.inner != nil && t.version == secret.ResourceVersion {
		return t.inner, nil
	}
	config, err := certificates.FromData(secret.Data).ClientTLS()
	if err != nil {
		return nil, fmt.Errorf("the operator's certificate for the management API: Secret %s: %w", t.key.Name, err)
	}
	if t.inner != nil {
		t.inner.CloseIdleConnections()
	}
	t.inner, t.version = pool(), secret.ResourceVersion
	t.inner.TLSClientConfig = config
	return t.inner, nil
}
