package kubetest

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	cassandrav1beta1 "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	controlv1alpha1 "github.com/ringspan/ringspan/api/control/v1alpha1"
	fleetv1alpha1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	k8ssandrav1alpha1 "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	replicationv1alpha1 "github.com/ringspan/ringspan/api/replication/v1alpha1"
	"github.com/ringspan/ringspan/internal/install"
)

const (
	// startTimeout bounds the start of etcd and the API server; a busy machine with two cores needs half a minute.
	startTimeout = 2 * time.Minute
	// installTimeout bounds the installation of definitions and permissions.
	installTimeout = time.Minute
)

// Cluster is a running API server. Its methods may be called from several goroutines.
type Cluster struct {
	// Admin is the configuration of an administrator: tests use it to prepare and to look.
	Admin *rest.Config
	// Client acts as the administrator and reads from the API server, not from a cache.
	Client client.Client
	// Scheme has Kubernetes' and all of our kinds.
	Scheme *runtime.Scheme

	env *envtest.Environment
	dir string
}

// Start starts an API server of the test's own and stops it with the test. It takes some seconds: tests of one package
// that don't disturb each other share one (Main, Shared).
func Start(t testing.TB) *Cluster {
	t.Helper()
	c, err := start("kubetest")
	if err != nil {
		t.Fatalf("starting an API server for tests: %v", err)
	}
	t.Cleanup(func() {
		if err := c.stop(); err != nil {
			t.Errorf("stopping the API server of the test: %v", err)
		}
	})
	return c
}

func start(region string) (*Cluster, error) {
	dir, err := os.MkdirTemp("", "ringspan-kubetest-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{Scheme: Scheme(), dir: dir}
	if err := c.start(region); err != nil {
		return nil, fmt.Errorf("%w (stopping: %w)", err, c.stop())
	}
	return c, nil
}

func (c *Cluster) start(region string) error {
	binaries, err := assets(c.dir)
	if err != nil {
		return err
	}
	c.env = &envtest.Environment{
		BinaryAssetsDirectory:    binaries,
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  startTimeout,
	}
	if c.Admin, err = c.env.Start(); err != nil {
		return err
	}
	// Tests wait for what they expect; the client must not slow them down.
	c.Admin.QPS = -1
	if c.Client, err = client.New(c.Admin, client.Options{Scheme: c.Scheme}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	if err := install.Apply(ctx, c.Client, install.Options{Region: region}, nil); err != nil {
		return err
	}
	return waitPolicies(ctx, c.Client)
}

func (c *Cluster) stop() error {
	var err error
	if c.env != nil {
		err = c.env.Stop()
	}
	if rmErr := os.RemoveAll(c.dir); err == nil {
		err = rmErr
	}
	return err
}

// Operator returns the configuration of the shipped operator's ServiceAccount, with the shipped permissions.
func (c *Cluster) Operator() *rest.Config { return c.as(install.OperatorName) }

// OperatorItself is like Operator, logged in with a token as the operator's pod is: who acts for another one in the tests'
// own way can't act for a third.
func (c *Cluster) OperatorItself(t testing.TB) *rest.Config {
	t.Helper()
	token := &authenticationv1.TokenRequest{}
	account := &corev1.ServiceAccount{}
	account.Namespace, account.Name = install.Namespace, install.OperatorName
	if err := c.Client.SubResource("token").Create(t.Context(), account, token); err != nil {
		t.Fatalf("making a token for the operator: %v", err)
	}
	cfg := rest.AnonymousClientConfig(c.Admin)
	cfg.BearerToken, cfg.QPS = token.Status.Token, -1
	return cfg
}

// Peer returns the configuration of other regions' ServiceAccount, with the shipped permissions.
func (c *Cluster) Peer() *rest.Config { return c.as(install.PeerName) }

func (c *Cluster) as(account string) *rest.Config {
	cfg := rest.CopyConfig(c.Admin)
	cfg.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + install.Namespace + ":" + account,
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + install.Namespace, "system:authenticated"},
	}
	return cfg
}

// Namespace makes a namespace of its own for a test. There is no controller that would empty it, so it stays.
func (c *Cluster) Namespace(t testing.TB) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := c.Client.Create(t.Context(), ns); err != nil {
		t.Fatalf("making a namespace for the test: %v", err)
	}
	return ns.Name
}

// Scheme returns a scheme with Kubernetes' and all of our kinds.
func Scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme,
		cassandrav1beta1.AddToScheme, configv1beta1.AddToScheme, controlv1alpha1.AddToScheme,
		fleetv1alpha1.AddToScheme, k8ssandrav1alpha1.AddToScheme, replicationv1alpha1.AddToScheme,
	} {
		if err := add(s); err != nil {
			panic(err) // a kind registered twice: a mistake in the program
		}
	}
	return s
}
