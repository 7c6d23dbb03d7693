package peers

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/ringspan/ringspan/internal/install"
)

// addressAt is where a server listens that takes connections, and never says a word
// when silent; else one that nobody listens at.
func addressAt(t *testing.T, silent bool) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if silent {
		t.Cleanup(func() { listener.Close() })
	} else {
		listener.Close()
	}
	return listener.Addr().String()
}

// One zone's address of an API server is dead, or somebody else's by now: the others
// lead to it. What writes the kubeconfig is what `up` has.
func TestAllAddressesOfAnAPIServerAreTried(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer server.Close()
	there := server.Listener.Addr().String()
	for name, list := range map[string][]string{
		"nobody listens": {addressAt(t, false), there},
		"a stranger":     {addressAt(t, true), addressAt(t, true), there},
		"the first":      {there, addressAt(t, false)},
	} {
		t.Run(name, func(t *testing.T) {
			kubeconfig, err := install.Kubeconfig(install.Peer{Region: "r", Server: "https://" + list[0], Addresses: list[1:], Token: "t"})
			if err != nil {
				t.Fatal(err)
			}
			config, forget, err := restConfig(kubeconfig, "r")
			if err != nil {
				t.Fatal(err)
			}
			config.Insecure, config.Timeout = true, time.Second
			c, err := rest.HTTPClientFor(config)
			if err != nil {
				t.Fatal(err)
			}
			for range 20 { // looks; on a busy machine even one at the right address may fail
				var answer *http.Response
				if answer, err = c.Get("https://" + list[0]); err == nil {
					answer.Body.Close()
					if answer.StatusCode != http.StatusTeapot {
						t.Errorf("%s answers", answer.Status)
					}
					return
				}
				forget()
			}
			t.Errorf("no address led to the server: %v", err)
		})
	}
}

// An address that takes its time is not waited for, and what comes late is closed.
func TestTheFirstAddressThatAnswersIsUsed(t *testing.T) {
	var mu sync.Mutex
	var tried []string
	closed := make(chan string, 1)
	release := make(chan struct{})
	conn, err := firstOf(t.Context(), []string{"slow", "refuses", "quick"}, time.Millisecond, func(_ context.Context, address string) (net.Conn, error) {
		mu.Lock()
		tried = append(tried, address)
		mu.Unlock()
		switch address {
		case "slow":
			<-release
		case "refuses":
			return nil, errors.New("refused")
		}
		return named{address, closed}, nil
	})
	if err != nil || conn.(named).name != "quick" {
		t.Fatalf("%v %v", conn, err)
	}
	mu.Lock()
	if !slices.Equal(tried, []string{"slow", "refuses", "quick"}) {
		t.Errorf("tried %v", tried)
	}
	mu.Unlock()
	close(release)
	if late := <-closed; late != "slow" {
		t.Errorf("%s was closed", late)
	}
	_, err = firstOf(t.Context(), []string{"a", "b"}, time.Hour, func(_ context.Context, address string) (net.Conn, error) {
		return nil, errors.New(address + " refuses")
	})
	if err == nil || !strings.Contains(err.Error(), "a refuses") || !strings.Contains(err.Error(), "b refuses") {
		t.Errorf("%v", err)
	}
}

type named struct {
	name   string
	closed chan string
}

func (n named) Close() error { n.closed <- n.name; return nil }

func (named) Read([]byte) (int, error)         { return 0, nil }
func (named) Write([]byte) (int, error)        { return 0, nil }
func (named) LocalAddr() net.Addr              { return nil }
func (named) RemoteAddr() net.Addr             { return nil }
func (named) SetDeadline(time.Time) error      { return nil }
func (named) SetReadDeadline(time.Time) error  { return nil }
func (named) SetWriteDeadline(time.Time) error { return nil }

// A kubeconfig of others has no such extension, or an extension of others.
func TestAStockKubeconfigIsTakenAsItIs(t *testing.T) {
	c := clientcmdapi.NewConfig()
	c.Clusters["c"] = &clientcmdapi.Cluster{Server: "https://k8s.example.com", Extensions: map[string]runtime.Object{"minikube.sigs.k8s.io": &runtime.Unknown{Raw: []byte(`{"provider":"minikube"}`), ContentType: runtime.ContentTypeJSON}}}
	c.AuthInfos["u"], c.Contexts["r"] = &clientcmdapi.AuthInfo{Token: "t"}, &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}
	data, err := clientcmd.Write(*c)
	if err != nil {
		t.Fatal(err)
	}
	config, _, err := restConfig(data, "r")
	if err != nil || config.Dial != nil {
		t.Errorf("%v, and it dials by itself: %v", err, config.Dial != nil)
	}
	c.Clusters["c"].Extensions["ringspan.io/addresses"] = &runtime.Unknown{Raw: []byte(`{"addresses":["10.0.0.1"]}`), ContentType: runtime.ContentTypeJSON}
	if data, err = clientcmd.Write(*c); err != nil {
		t.Fatal(err)
	}
	if _, _, err := restConfig(data, "r"); err == nil || !strings.Contains(err.Error(), `"10.0.0.1" is not HOST:PORT`) {
		t.Errorf("an address without a port: %v", err)
	}
}
