package kubetest

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	"github.com/ringspan/ringspan/internal/install"
)

// Link carries connections to an API server. While it is cut it refuses them: nobody listens.
type Link struct {
	t       testing.TB
	cluster *Cluster
	here    string
	target  string
	group   sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener // nil while the link is cut
	open     map[net.Conn]bool
}

// NewLink makes a way to a cluster's API server, for as long as the test lasts.
func NewLink(t testing.TB, cluster *Cluster) *Link {
	t.Helper()
	target := cluster.Admin.Host
	if u, err := url.Parse(target); err == nil && u.Host != "" {
		target = u.Host
	}
	l := &Link{cluster: cluster, t: t, here: "127.0.0.1:0", target: target, open: map[net.Conn]bool{}}
	l.Cut(false)
	l.here = l.listener.Addr().String()
	t.Cleanup(func() {
		l.Cut(true)
		l.group.Wait()
	})
	return l
}

func (l *Link) accept(listener net.Listener) {
	for {
		from, err := listener.Accept()
		if err != nil {
			return
		}
		to, err := (&net.Dialer{}).DialContext(l.t.Context(), "tcp", l.target)
		if err != nil || !l.keep(from, to) {
			_ = from.Close()
			continue
		}
		l.group.Go(func() { carry(from, to) })
		l.group.Go(func() { carry(to, from) })
	}
}

// keep notes a pair of connections, and closes the second one when the link is cut.
func (l *Link) keep(from, to net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener == nil {
		_ = to.Close()
		return false
	}
	l.open[from], l.open[to] = true, true
	return true
}

func carry(from, to net.Conn) {
	_, _ = io.Copy(to, from)
	_ = from.Close()
	_ = to.Close()
}

// Cut closes all that is open, or lets connections through again, at the same address.
func (l *Link) Cut(is bool) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case is && l.listener != nil:
		_ = l.listener.Close()
		l.listener = nil
		for c := range l.open {
			_ = c.Close()
			delete(l.open, c)
		}
	case !is && l.listener == nil:
		listener, err := (&net.ListenConfig{}).Listen(l.t.Context(), "tcp", l.here)
		if err != nil {
			l.t.Fatal(err)
		}
		l.listener = listener
		l.group.Go(func() { l.accept(listener) })
	}
}

// Kubeconfig is a kubeconfig of one context, with which another region's operator goes this way, with the shipped
// permissions of one.
func (l *Link) Kubeconfig(region string) []byte {
	l.t.Helper()
	as := l.cluster.Peer()
	c := clientcmdapi.NewConfig()
	c.Clusters[region] = &clientcmdapi.Cluster{Server: "https://" + l.here, CertificateAuthorityData: as.CAData}
	c.AuthInfos[region] = &clientcmdapi.AuthInfo{ClientCertificateData: as.CertData, ClientKeyData: as.KeyData, Impersonate: as.Impersonate.UserName, ImpersonateGroups: as.Impersonate.Groups}
	c.Contexts[region] = &clientcmdapi.Context{Cluster: region, AuthInfo: region}
	data, err := clientcmd.Write(*c)
	if err != nil {
		l.t.Fatal(err)
	}
	return data
}

// Know makes the link's cluster known to another one as a region, for as long as the test lasts: a ClientConfig and its
// Secret, both named peer-REGION, in the operator's namespace.
func (l *Link) Know(from *Cluster, region string) {
	l.t.Helper()
	meta := metav1.ObjectMeta{Namespace: install.Namespace, Name: "peer-" + region}
	c := &configv1beta1.ClientConfig{ObjectMeta: meta}
	c.Spec.ContextName, c.Spec.KubeConfigSecret.Name = region, meta.Name
	for _, o := range []client.Object{&corev1.Secret{ObjectMeta: meta, Data: map[string][]byte{configv1beta1.KubeConfigKey: l.Kubeconfig(region)}}, c} {
		if err := from.Client.Create(l.t.Context(), o); err != nil {
			l.t.Fatal(err)
		}
		l.t.Cleanup(func() {
			if err := from.Client.Delete(context.WithoutCancel(l.t.Context()), o); client.IgnoreNotFound(err) != nil {
				l.t.Error(err)
			}
		})
	}
}
