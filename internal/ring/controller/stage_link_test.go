package controller_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	"github.com/ringspan/ringspan/internal/install"
)

// link carries connections to an API server. While it is cut it refuses them: nobody listens.
type link struct {
	t      *testing.T
	here   string
	target string
	group  sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener // nil while the link is cut
	open     map[net.Conn]bool
}

func newLink(t *testing.T, target string) *link {
	t.Helper()
	if u, err := url.Parse(target); err == nil && u.Host != "" {
		target = u.Host
	}
	l := &link{t: t, here: "127.0.0.1:0", target: target, open: map[net.Conn]bool{}}
	l.cut(false)
	l.here = l.listener.Addr().String()
	t.Cleanup(func() {
		l.cut(true)
		l.group.Wait()
	})
	return l
}

func (l *link) accept(listener net.Listener) {
	for {
		from, err := listener.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", l.target)
		if err != nil || !l.keep(from, to) {
			from.Close()
			continue
		}
		l.group.Go(func() { carry(from, to) })
		l.group.Go(func() { carry(to, from) })
	}
}

// keep notes a pair of connections, and closes the second one when the link is cut.
func (l *link) keep(from, to net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener == nil {
		to.Close()
		return false
	}
	l.open[from], l.open[to] = true, true
	return true
}

func carry(from, to net.Conn) {
	_, _ = io.Copy(to, from)
	from.Close()
	to.Close()
}

// cut closes all that is open, or lets connections through again, at the same address.
func (l *link) cut(is bool) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case is && l.listener != nil:
		l.listener.Close()
		l.listener = nil
		for c := range l.open {
			c.Close()
			delete(l.open, c)
		}
	case !is && l.listener == nil:
		listener, err := net.Listen("tcp", l.here)
		if err != nil {
			l.t.Fatal(err)
		}
		l.listener = listener
		l.group.Go(func() { l.accept(listener) })
	}
}

// kubeconfig is the file of one context, by the way of a link.
func kubeconfig(t *testing.T, as *rest.Config, name, server string) []byte {
	t.Helper()
	c := clientcmdapi.NewConfig()
	c.Clusters[name] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: as.CAData}
	c.AuthInfos[name] = &clientcmdapi.AuthInfo{ClientCertificateData: as.CertData, ClientKeyData: as.KeyData, Impersonate: as.Impersonate.UserName, ImpersonateGroups: as.Impersonate.Groups}
	c.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	data, err := clientcmd.Write(*c)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// know makes the ClientConfig of another region, for as long as the story lasts.
func (r *region) know(other string, kubeconfig []byte) {
	r.t.Helper()
	meta := metav1.ObjectMeta{Namespace: install.Namespace, Name: "peer-" + other}
	c := &configv1beta1.ClientConfig{ObjectMeta: meta}
	c.Spec.ContextName, c.Spec.KubeConfigSecret.Name = other, meta.Name
	for _, o := range []client.Object{&corev1.Secret{ObjectMeta: meta, Data: map[string][]byte{configv1beta1.KubeConfigKey: kubeconfig}}, c} {
		r.must(r.admin.Create(r.t.Context(), o))
		r.t.Cleanup(func() {
			if err := r.admin.Delete(context.WithoutCancel(r.t.Context()), o); client.IgnoreNotFound(err) != nil {
				r.t.Error(err)
			}
		})
	}
}
