package peers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/connrotation"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
)

// stagger is how long one address is tried before the next one is tried beside it. Between regions a connection takes
// some 0.3 s at most; with the four addresses of a cluster all are under way within a third of a look.
const stagger = 400 * time.Millisecond

// addresses of a cluster in a kubeconfig, besides its server: nil when it names none.
func addresses(cluster *clientcmdapi.Cluster) ([]string, error) {
	extension, ok := cluster.Extensions[configv1beta1.AddressesExtension].(*runtime.Unknown)
	if !ok {
		return nil, nil
	}
	var a configv1beta1.Addresses
	if err := json.Unmarshal(extension.Raw, &a); err != nil {
		return nil, fmt.Errorf("its kubeconfig's extension %s is no list of addresses", configv1beta1.AddressesExtension)
	}
	for _, address := range a.Addresses {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return nil, fmt.Errorf("its kubeconfig's extension %s: %q is not HOST:PORT", configv1beta1.AddressesExtension, address)
		}
	}
	return a.Addresses, nil
}

// dialAll makes connections go to whichever address of an API server answers first. forget is for a look that has failed:
// it closes all connections, because one whose zone has gone would stay in use for as long as the pings of HTTP/2 take to
// notice, 45 s; and it lets another address be the first to be tried, because somebody else may have been given the old
// one, who takes connections and is not the API server.
func dialAll(config *rest.Config, cluster *clientcmdapi.Cluster) (forget func(), err error) {
	more, err := addresses(cluster)
	if err != nil || len(more) == 0 {
		return func() {}, err
	}
	server, err := hostPort(cluster.Server)
	if err != nil {
		return func() {}, err
	}
	all := append([]string{server}, slices.DeleteFunc(more, func(a string) bool { return a == server })...)
	var turns atomic.Int64
	direct := (&net.Dialer{Timeout: lookTimeout, KeepAlive: 30 * time.Second}).DialContext
	rotating := connrotation.NewDialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != server { // a proxy's
			return direct(ctx, network, address)
		}
		turn := int(turns.Load() % int64(len(all)))
		return firstOf(ctx, slices.Concat(all[turn:], all[:turn]), stagger, func(ctx context.Context, address string) (net.Conn, error) { return direct(ctx, network, address) })
	})
	config.Dial = rotating.DialContext
	return func() {
		turns.Add(1)
		rotating.CloseAll()
	}, nil
}

// hostPort is where a URL leads.
func hostPort(server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" {
		return "", errors.New("its kubeconfig's server is no URL")
	}
	if u.Port() != "" {
		return u.Host, nil
	}
	port := "443"
	if u.Scheme == "http" {
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

// firstOf tries addresses, each one when the one before has failed or has taken its time, and returns the connection that
// is there first; later ones are closed. The error is that of the first address.
func firstOf(ctx context.Context, all []string, each time.Duration, dial func(context.Context, string) (net.Conn, error)) (net.Conn, error) {
	type result struct {
		i    int
		conn net.Conn
		err  error
	}
	ctx, cancel := context.WithCancel(ctx)
	results := make(chan result, len(all))
	begun, ended := 0, 0
	begin := func() {
		i := begun
		begun++
		go func() { // it ends with the context at the latest, and results has room for it
			conn, err := dial(ctx, all[i])
			results <- result{i, conn, err}
		}()
	}
	defer func() {
		cancel()
		for range begun - ended { // those that lose
			go func() {
				if r := <-results; r.conn != nil {
					_ = r.conn.Close()
				}
			}()
		}
	}()
	errs := make([]error, len(all))
	begin()
	tick := time.NewTicker(each)
	defer tick.Stop()
	for {
		select {
		case r := <-results:
			ended++
			if r.err == nil {
				return r.conn, nil
			}
			errs[r.i] = r.err
			if begun < len(all) {
				begin()
			} else if ended == begun {
				return nil, fmt.Errorf("none of %d addresses answers: %w", len(all), errors.Join(errs...))
			}
		case <-tick.C:
			if begun < len(all) {
				begin()
			}
		}
	}
}
