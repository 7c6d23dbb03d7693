package peers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
)

// refresh makes the peers those of the ClientConfigs.
func (p *Peers) refresh(ctx context.Context) error {
	var list configv1beta1.ClientConfigList
	if err := p.Client.List(ctx, &list, client.InNamespace(p.Namespace)); err != nil {
		return err
	}
	slices.SortFunc(list.Items, func(a, b configv1beta1.ClientConfig) int { return strings.Compare(a.Name, b.Name) })
	named := map[string]string{}
	for i := range list.Items {
		c := &list.Items[i]
		region := c.GetContextName()
		switch {
		case region == p.Region:
			p.warn(c, fmt.Sprintf("it names region %s, which is this one: it has no effect here", region))
		case named[region] != "":
			p.warn(c, fmt.Sprintf("ClientConfig %s names region %s already: this one has no effect", named[region], region))
		default:
			named[region] = c.Name
			if err := p.configure(ctx, region, c); err != nil {
				return err
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listed = true
	for region, one := range p.peers {
		if _, wanted := named[region]; !wanted {
			one.stop()
			delete(p.peers, region)
		}
	}
	return nil
}

func (p *peer) stop() {
	if p.cancel != nil {
		p.cancel()
	}
}

// configure makes a peer of a ClientConfig, unless it is one already. What can't be used is a region that can't be
// reached, and says why.
func (p *Peers) configure(ctx context.Context, region string, c *configv1beta1.ClientConfig) error {
	var secret corev1.Secret
	key := types.NamespacedName{Namespace: c.Namespace, Name: c.Spec.KubeConfigSecret.Name}
	err := p.Client.Get(ctx, key, &secret)
	if err != nil && !apierrors.IsNotFound(err) {
		return err // ours, and not the user's
	}
	kubeconfig := secret.Data[configv1beta1.KubeConfigKey]
	var config *rest.Config
	switch {
	case key.Name == "":
		err = fmt.Errorf("%s: spec.kubeConfigSecret.name is empty", "ClientConfig "+c.Name)
	case err != nil:
		err = fmt.Errorf("%s: spec.kubeConfigSecret: Secret %s does not exist in its namespace", "ClientConfig "+c.Name, key.Name)
	case len(kubeconfig) == 0:
		err = fmt.Errorf("%s: spec.kubeConfigSecret: Secret %s has no key %s", "ClientConfig "+c.Name, key.Name, configv1beta1.KubeConfigKey)
	default:
		config, err = restConfig(kubeconfig, region)
		if err != nil {
			err = fmt.Errorf("%s: Secret %s: %w", "ClientConfig "+c.Name, key.Name, err)
		}
	}
	if err != nil {
		p.replace(region, "", nil, err.Error(), c)
		return nil
	}
	if old := p.peer(region); old != nil && old.source == string(kubeconfig) {
		return nil
	}
	// The same kinds are there: asking the peer for them would fail while it is away.
	kube, err := client.New(config, client.Options{Scheme: p.Client.Scheme(), Mapper: p.Client.RESTMapper()})
	if err != nil {
		return fmt.Errorf("peer %s: %w", region, err)
	}
	p.replace(region, string(kubeconfig), kube, "", c)
	return nil
}

func (p *Peers) peer(region string) *peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peers[region]
}

// replace sets a region's connection, or what is wrong with it. What was seen of it stays.
func (p *Peers) replace(region, source string, kube client.Client, wrong string, c *configv1beta1.ClientConfig) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.peers[region]
	if wrong != "" && old != nil && old.seen.Client == nil && old.seen.Message == wrong {
		return
	}
	next := &peer{source: source, seen: Snapshot{Region: region}}
	if old != nil {
		old.stop()
		next.seen = old.seen
	}
	next.seen.Client, next.seen.Asked = kube, false
	if wrong != "" {
		next.missing = failuresToGo // no look will tell more
		next.seen.Message = wrong
		p.turn(next, false)
		p.warn(c, wrong)
	}
	p.peers = maps.Clone(p.peers)
	if p.peers == nil {
		p.peers = map[string]*peer{}
	}
	p.peers[region] = next
}

// restConfig is the connection of the context that is named like the region.
func restConfig(kubeconfig []byte, region string) (*rest.Config, error) {
	file, err := clientcmd.Load(kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("its key %s is no kubeconfig", configv1beta1.KubeConfigKey) // the text could hold a token
	}
	if file.Contexts[region] == nil {
		return nil, fmt.Errorf("its kubeconfig has no context %s, only: %s", region, strings.Join(slices.Sorted(maps.Keys(file.Contexts)), ", "))
	}
	config, err := clientcmd.NewNonInteractiveClientConfig(*file, region, nil, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("its kubeconfig: %w", err)
	}
	config.Timeout = lookTimeout
	config.QPS, config.Burst = 20, 40
	return config, nil
}

// warn puts a word on a ClientConfig, once.
func (p *Peers) warn(c *configv1beta1.ClientConfig, words string) {
	if p.warned == nil {
		p.warned = map[types.UID]string{}
	}
	if p.warned[c.UID] != words {
		p.warned[c.UID] = words
		p.Events.Eventf(c, nil, corev1.EventTypeWarning, "NotUsed", "Reconcile", "%s", words)
	}
}
