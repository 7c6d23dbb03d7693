package region

import (
	"strings"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/discovery"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	fleet "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// How long one region's API server may take to answer a question, and one node.
const (
	AnswerLimit     = 10 * time.Second
	nodeAnswerLimit = 4 * time.Second
)

// Region is a client of one region's API server.
type Region struct {
	Name   string
	Config *rest.Config
	Client client.Client
}

// New makes a client. It sends no request yet.
func New(name string, config *rest.Config) (Region, error) {
	return newWithin(name, config, AnswerLimit/2)
}

// newWithin also limits discovery, by which a client learns which kinds a region serves. It
// comes before a client's first request and doesn't have that one's deadline.
func newWithin(name string, config *rest.Config, limit time.Duration) (Region, error) {
	scheme, err := Scheme()
	if err != nil {
		return Region{}, err
	}
	hurried := rest.CopyConfig(config)
	hurried.Timeout = limit
	asker, err := rest.HTTPClientFor(hurried)
	if err != nil {
		return Region{}, err
	}
	mapper, err := apiutil.NewDynamicRESTMapper(hurried, asker)
	if err != nil {
		return Region{}, err
	}
	kube, err := client.New(config, client.Options{Scheme: scheme, Mapper: mapper})
	return Region{name, config, kube}, err
}

// Version is that of Kubernetes which the region's API server runs.
func (r Region) Version() (string, error) {
	hurried := rest.CopyConfig(r.Config)
	hurried.Timeout = AnswerLimit / 2
	c, err := discovery.NewDiscoveryClientForConfig(hurried)
	if err != nil {
		return "", err
	}
	v, err := c.ServerVersion()
	if err != nil {
		return "", err
	}
	return v.GitVersion, nil
}

// Scheme knows all kinds that are read and written in a region.
func Scheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, cassandra.AddToScheme, k8ssandra.AddToScheme, configv1beta1.AddToScheme, control.AddToScheme, fleet.AddToScheme,
	} {
		if err := add(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Names lists the regions' names.
func Names(all []Region) string {
	var list []string
	for _, r := range all {
		list = append(list, r.Name)
	}
	return strings.Join(list, ", ")
}
