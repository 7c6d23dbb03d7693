package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	replication "github.com/ringspan/ringspan/api/replication/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/local"
)

// options are the flags that all verbs share.
type options struct {
	fleet string
}

// cloud finds the fleet that a verb is about.
func (o *options) cloud() (*local.Cloud, error) {
	name := o.fleet
	if name == "" {
		names, err := local.Names()
		if err != nil {
			return nil, err
		}
		switch len(names) {
		case 0:
			return nil, errors.New("there is no fleet on this machine; make one with `ringspan up FILE`")
		case 1:
			name = names[0]
		default:
			return nil, fmt.Errorf("there are several fleets on this machine (%s): choose one with --fleet", strings.Join(names, ", "))
		}
	}
	return local.New(name)
}

// region is a client of one region's API server.
type region struct {
	name   string
	config *rest.Config
	client client.Client
}

var scheme = newScheme()

func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, cassandra.AddToScheme, k8ssandra.AddToScheme,
		control.AddToScheme, replication.AddToScheme, configv1beta1.AddToScheme,
	} {
		if err := add(s); err != nil {
			panic(err) // a type is registered twice: a mistake in the program
		}
	}
	return s
}

// regions opens a client for every context of the fleet's kubeconfig. Nobody is
// asked yet: a region may be away.
func regions(c *local.Cloud) ([]region, error) {
	file, err := clientcmd.LoadFromFile(c.Kubeconfig())
	if errors.Is(err, os.ErrNotExist) {
		return nil, errors.New("the fleet has no clusters yet; run `ringspan up FILE`")
	}
	if err != nil {
		return nil, err
	}
	var all []region
	for name := range file.Contexts {
		config, err := clientcmd.NewNonInteractiveClientConfig(*file, name, nil, nil).ClientConfig()
		if err != nil {
			return nil, fmt.Errorf("region %s: %w", name, err)
		}
		config.QPS, config.Burst = 50, 100
		httpClient, err := rest.HTTPClientFor(config)
		if err != nil {
			return nil, err
		}
		kube, err := client.New(config, client.Options{Scheme: scheme, HTTPClient: httpClient})
		if err != nil {
			return nil, fmt.Errorf("region %s: %w", name, err)
		}
		all = append(all, region{name, config, kube})
	}
	slices.SortFunc(all, func(a, b region) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

// running opens the regions of a fleet that is up.
func (o *options) running(ctx context.Context) (*local.Cloud, []region, error) {
	c, err := o.cloud()
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if s, err := c.Status(ctx); err == nil && !s.Running {
		return nil, nil, errors.New("the fleet is not running; start it with `ringspan up FILE`: its data is there")
	}
	all, err := regions(c)
	return c, all, err
}
