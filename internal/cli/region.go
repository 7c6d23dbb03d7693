package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// region is a client of one region's API server.
type region struct {
	name   string
	config *rest.Config
	client client.Client
}

func newScheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, cassandra.AddToScheme, k8ssandra.AddToScheme, configv1beta1.AddToScheme,
	} {
		if err := add(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// regions opens a client for every context of the fleet's kubeconfig, in the
// order of their names. Nobody is asked yet: a region may be away.
func regions(c place) ([]region, error) {
	file, err := clientcmd.LoadFromFile(c.Kubeconfig())
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("fleet %s has no clusters yet; `ringspan up FILE` makes them", c.Name())
	}
	if err != nil {
		return nil, err
	}
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	var all []region
	for name := range file.Contexts {
		config, err := clientcmd.NewNonInteractiveClientConfig(*file, name, nil, nil).ClientConfig()
		if err != nil {
			return nil, fmt.Errorf("region %s: %w", name, err)
		}
		logIn(config)
		config.QPS, config.Burst = 50, 100
		config.WarningHandler = rest.NoWarnings{}
		kube, err := client.New(config, client.Options{Scheme: scheme})
		if err != nil {
			return nil, fmt.Errorf("region %s: %w", name, err)
		}
		all = append(all, region{name, config, kube})
	}
	slices.SortFunc(all, func(a, b region) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

func regionNames(all []region) string {
	var list []string
	for _, r := range all {
		list = append(list, r.name)
	}
	return strings.Join(list, ", ")
}
