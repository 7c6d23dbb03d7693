package existing

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/ringspan/ringspan/internal/fleet"
)

// Load opens the clusters that a fleet's file names. Nobody is asked yet.
func Load(f *fleet.File) (*Provider, error) {
	config, where, err := read(f)
	if err != nil {
		return nil, err
	}
	p := &Provider{where: where, contexts: map[string]reached{}}
	for _, r := range f.Fleet.Spec.Regions {
		c, err := contextOf(config, r.Context)
		if err != nil {
			return nil, fmt.Errorf("%s: region %s: %w", where, r.Name, err)
		}
		p.contexts[r.Name] = c
	}
	return p, nil
}

// Open opens clusters by a kubeconfig whose contexts are named like regions.
func Open(path string) (*Provider, error) {
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return nil, err
	}
	p := &Provider{where: path, contexts: map[string]reached{}}
	for name := range config.Contexts {
		if p.contexts[name], err = contextOf(config, name); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return p, nil
}

// read finds the kubeconfig of a file: the one that it names, else the one that
// kubectl would take. Paths in it are absolute then, so that a copy works elsewhere.
func read(f *fleet.File) (config *clientcmdapi.Config, where string, err error) {
	if f.Fleet.Spec.Kubeconfig == "" {
		rules := clientcmd.NewDefaultClientConfigLoadingRules()
		config, err = rules.Load()
		return config, strings.Join(rules.GetLoadingPrecedence(), string(filepath.ListSeparator)), err
	}
	where = f.Fleet.Spec.Kubeconfig
	if !filepath.IsAbs(where) {
		where = filepath.Join(filepath.Dir(f.Path), where)
	}
	if where, err = filepath.Abs(where); err != nil {
		return nil, where, err
	}
	if config, err = clientcmd.LoadFromFile(where); err != nil {
		return nil, where, fmt.Errorf("the kubeconfig of spec.kubeconfig: %w", err)
	}
	return config, where, clientcmd.ResolveLocalPaths(config)
}

// reached is how a cluster is reached, and as whom.
type reached struct {
	name    string // of the context in the user's file
	cluster *clientcmdapi.Cluster
	user    *clientcmdapi.AuthInfo
}

func contextOf(config *clientcmdapi.Config, name string) (reached, error) {
	context := config.Contexts[name]
	if context == nil {
		return reached{}, fmt.Errorf("there is no context %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(config.Contexts)), ", "))
	}
	c := reached{name: name, cluster: config.Clusters[context.Cluster], user: config.AuthInfos[context.AuthInfo]}
	if c.cluster == nil {
		return c, fmt.Errorf("context %q names the cluster %q, which isn't there", name, context.Cluster)
	}
	if c.user == nil {
		if context.AuthInfo != "" {
			return c, fmt.Errorf("context %q names the user %q, who isn't there", name, context.AuthInfo)
		}
		c.user = clientcmdapi.NewAuthInfo()
	}
	return c, nil
}
