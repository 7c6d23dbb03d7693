package peers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
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
		p.cannotList(err)
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
			p.configure(ctx, region, c)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listed, p.unlisted = true, ""
	for region, one := range p.peers {
		if _, wanted := named[region]; !wanted {
			one.stop()
			delete(p.peers, region)
		}
	}
	return nil
}

func (one *peer) stop() {
	if one.cancel != nil {
		one.cancel()
	}
}

// cannotList notes why the peers aren't known, for those who wait for them.
func (p *Peers) cannotList(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unlisted = fmt.Sprintf("the ClientConfigs of namespace %s can't be listed: %v", p.Namespace, err)
}

// configure makes a peer of a ClientConfig, unless it is one already. One that can't be used is a region that can't be
// reached, and says why; it never is a reason to leave the other ones.
func (p *Peers) configure(ctx context.Context, region string, c *configv1beta1.ClientConfig) {
	kubeconfig, err := p.kubeconfig(ctx, c)
	old := p.peer(region)
	if errors.Is(err, errCannotRead) && old != nil && old.seen.Client != nil {
		p.warn(c, err.Error()+"; the connection that was made before stays")
		return
	}
	if err == nil && old != nil && old.source == string(kubeconfig) {
		p.mu.Lock()
		old.config = c
		p.mu.Unlock()
		return
	}
	var way connection
	if err == nil {
		way, err = p.connect(kubeconfig, region, c)
	}
	if err != nil {
		p.replace(region, "", connection{}, fmt.Sprintf("ClientConfig %s: %v", c.Name, err), c)
		return
	}
	p.replace(region, string(kubeconfig), way, "", c)
}

// errCannotRead says that this region's API server doesn't give a Secret out: no word about what is in it.
var errCannotRead = errors.New("it can't be read")

// kubeconfig reads what a ClientConfig names.
func (p *Peers) kubeconfig(ctx context.Context, c *configv1beta1.ClientConfig) ([]byte, error) {
	var secret corev1.Secret
	key := types.NamespacedName{Namespace: c.Namespace, Name: c.Spec.KubeConfigSecret.Name}
	if key.Name == "" {
		return nil, errors.New("spec.kubeConfigSecret.name is empty")
	}
	err := p.Client.Get(ctx, key, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return nil, fmt.Errorf("spec.kubeConfigSecret: Secret %s does not exist in its namespace", key.Name)
	case err != nil:
		return nil, fmt.Errorf("spec.kubeConfigSecret: Secret %s: %w: %w", key.Name, errCannotRead, err)
	case len(secret.Data[configv1beta1.KubeConfigKey]) == 0:
		return nil, fmt.Errorf("spec.kubeConfigSecret: Secret %s has no key %s", key.Name, configv1beta1.KubeConfigKey)
	}
	return secret.Data[configv1beta1.KubeConfigKey], nil
}

// connection is a client of a peer, and one for streams, which last longer than an answer may take; forget makes the next
// call connect anew, as dialAll says.
type connection struct {
	kube    client.Client
	streams client.WithWatch
	forget  func()
}

// connect makes the client of a kubeconfig. Nothing is asked of the peer yet.
func (p *Peers) connect(kubeconfig []byte, region string, c *configv1beta1.ClientConfig) (connection, error) {
	config, forget, err := restConfig(kubeconfig, region)
	if err == nil {
		config.QPS = p.Calls
		if p.Calls == 0 {
			config.QPS, config.Burst = 20, 40
		}
		var way connection
		if way, err = p.clients(config); err == nil {
			way.forget = forget
			return way, nil
		}
	}
	return connection{}, fmt.Errorf("Secret %s: %w", c.Spec.KubeConfigSecret.Name, err)
}

// clients are two that share their connections.
func (p *Peers) clients(config *rest.Config) (way connection, err error) {
	answers, err := rest.HTTPClientFor(config)
	if err != nil {
		return way, err
	}
	// The same kinds are there: asking the peer for them would fail while it is away.
	options := client.Options{Scheme: p.Client.Scheme(), Mapper: p.Client.RESTMapper(), HTTPClient: answers}
	if way.kube, err = client.New(config, options); err != nil {
		return way, err
	}
	lasting := rest.CopyConfig(config)
	lasting.Timeout = 0
	options.HTTPClient = &http.Client{Transport: answers.Transport}
	way.streams, err = client.NewWithWatch(lasting, options)
	return way, err
}

func (p *Peers) peer(region string) *peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peers[region]
}

// replace sets a region's connection, or what is wrong with it. What was seen of it stays.
func (p *Peers) replace(region, source string, way connection, wrong string, c *configv1beta1.ClientConfig) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.peers[region]
	if wrong != "" && old != nil && old.seen.Client == nil && old.seen.Message == wrong {
		return
	}
	next := &peer{config: c, source: source, way: way, seen: Snapshot{Region: region}, ended: p.Now(), again: make(chan struct{}), streams: map[reflect.Type]*stream{}}
	if old != nil {
		old.stop()
		next.seen = old.seen
	}
	next.seen.Client, next.seen.Asked = way.kube, false
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

// restConfig is the connection of the context that is named like the region, and forget of dialAll.
func restConfig(kubeconfig []byte, region string) (config *rest.Config, forget func(), err error) {
	file, err := clientcmd.Load(kubeconfig)
	if err != nil {
		return nil, nil, fmt.Errorf("its key %s is no kubeconfig", configv1beta1.KubeConfigKey) // the text could hold a token
	}
	if file.Contexts[region] == nil {
		return nil, nil, fmt.Errorf("its kubeconfig has no context %s, only: %s", region, strings.Join(slices.Sorted(maps.Keys(file.Contexts)), ", "))
	}
	config, err = clientcmd.NewNonInteractiveClientConfig(*file, region, nil, nil).ClientConfig()
	if err != nil {
		return nil, nil, fmt.Errorf("its kubeconfig: %w", err)
	}
	config.Timeout = lookTimeout
	forget, err = dialAll(config, file.Clusters[file.Contexts[region].Cluster])
	return config, forget, err
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

// Warn records an event on the ClientConfig of a region: about what isn't taken from there, when nothing here is of it.
func (p *Peers) Warn(region, reason, words string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.peers[region]; one != nil {
		p.Events.Eventf(one.config, nil, corev1.EventTypeWarning, reason, "Reconcile", "%s", words)
	}
}
