package operator

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/certificates"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// secretsOf is an API server that has Secrets only.
type secretsOf map[string]*corev1.Secret

func (s secretsOf) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	secret, there := s[key.Name]
	if !there {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, key.Name)
	}
	secret.DeepCopyInto(into.(*corev1.Secret))
	return nil
}

func (s secretsOf) List(context.Context, client.ObjectList, ...client.ListOption) error {
	panic("not asked")
}

// agentServer is an agent's listener, secured by a set of certificates or plain.
type agentServer struct {
	*httptest.Server
	bundle atomic.Pointer[certificates.Bundle]
	asked  atomic.Int32
}

func newAgentServer(t *testing.T, server *certificates.Bundle) *agentServer {
	t.Helper()
	a := &agentServer{}
	a.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Header.Get(mgmtapi.PodHeader) != "ring-dc1-r1-sts-0" {
			t.Error("a call doesn't say whose agent is meant")
		}
		a.asked.Add(1)
		_, _ = w.Write([]byte(`{"state":"Running"}`))
	}))
	t.Cleanup(a.Close)
	if server == nil {
		a.Start()
		return a
	}
	a.bundle.Store(server)
	a.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		b := a.bundle.Load()
		pair, err := tls.X509KeyPair(b.Certificate, b.Key)
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(b.CA)
		return &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12}, err
	}}
	a.StartTLS()
	return a
}

func certified(t *testing.T, now time.Time) certificates.Set {
	t.Helper()
	set, err := certificates.Renew(now, "ring/dc1", nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func secret(version string, b certificates.Bundle) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{ResourceVersion: version}, Data: b.Data()}
}

// podOf is one whose agent was made with a client's Secret, or plain.
func podOf(client string) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "ring-dc1-r1-sts-0"}, Status: corev1.PodStatus{PodIP: "127.0.0.1"}}
	pod.Spec.Containers = []corev1.Container{{Name: "cassandra"}}
	if client != "" {
		pod.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "MGMT_API_TLS_CERT_FILE", Value: "/x"}, {Name: "MGMT_API_CLIENT_SECRET", Value: client}}
	}
	return pod
}

// talk asks an agent for its status, as the operator does.
func talk(t *testing.T, a *agents, server *agentServer, pod *corev1.Pod) error {
	t.Helper()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	a.port = port
	_, err = a.of(pod).Status(t.Context())
	return err
}

func TestAgentsAreSpokenToAsTheirPodsWereMade(t *testing.T) {
	other, old := certified(t, time.Now()), certified(t, time.Now().Add(-2*certificates.LeafLife))
	own, err := certificates.Renew(time.Now(), "ring/dc1", old) // of the same authority
	if err != nil {
		t.Fatal(err)
	}
	a := newAgents(secretsOf{"own": secret("1", own[certificates.Client]), "other": secret("1", other[certificates.Client]), "old": secret("1", old[certificates.Client])})
	ours := own[certificates.Server]
	secure, plain := newAgentServer(t, &ours), newAgentServer(t, nil)
	for _, test := range []struct {
		why    string
		server *agentServer
		client string
		says   string // empty = all is well
	}{
		{"a pod with certificates", secure, "own", ""},
		{"a pod of the version before", plain, "", ""},
		{"another ring's operator", secure, "other", "unknown authority"},
		{"a certificate that has ended", secure, "old", "tls: expired certificate"},
		{"a Secret that isn't there", secure, "none", "not found"},
		{"no downgrade: the pod has certificates and somebody answers without", plain, "own", "HTTP response to HTTPS client"},
		{"no upgrade either: a plain pod is spoken to in the clear", secure, "", "HTTPS server"},
	} {
		before := test.server.asked.Load()
		err := talk(t, a, test.server, podOf(test.client))
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", test.why, err, test.says)
		}
		if asked := test.server.asked.Load() - before; (asked == 1) != (test.says == "") {
			t.Errorf("%s: %d requests reached the agent", test.why, asked)
		}
	}
	if err := talk(t, a, plain, podOf("own")); err == nil || !strings.Contains(err.Error(), mgmtapi.ErrUnavailable.Error()) {
		t.Errorf("class of the error: %v", err)
	}
}

// New certificates are taken up without a restart of anybody.
func TestCertificatesAreRotated(t *testing.T) {
	first, second := certified(t, time.Now()), certified(t, time.Now())
	secrets := secretsOf{"own": secret("1", first[certificates.Client])}
	a := newAgents(secrets)
	now := time.Now()
	a.now = func() time.Time { return now }
	ours, theirs := first[certificates.Server], second[certificates.Server]
	server := newAgentServer(t, &ours)
	if err := talk(t, a, server, podOf("own")); err != nil {
		t.Fatal(err)
	}
	secrets["own"] = secret("2", second[certificates.Client])
	server.bundle.Store(&theirs)
	server.CloseClientConnections()
	now = now.Add(secretAge + time.Second)
	if err := talk(t, a, server, podOf("own")); err != nil {
		t.Errorf("after the rotation: %v", err)
	}
}
