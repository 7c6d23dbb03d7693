package controller

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// Snapshot is the last that was seen of a peer. It stays when the peer goes.
type Snapshot struct {
	Region    string
	Reachable bool
	Since     time.Time // of Reachable
	Message   string
	Rings     []api.K8ssandraCluster
	DCs       []cassandra.CassandraDatacenter

	client client.Client
}

// Peers follows the other regions, each in a goroutine of its own. They are
// named by ClientConfigs; a change of one takes effect without a restart.
type Peers struct {
	Client    client.Client // of this region
	Region    string
	Namespace string // of the ClientConfigs
	Now       func() time.Time
	Changed   chan event.GenericEvent // gets a ring when something of a peer's has changed

	mu       sync.Mutex
	watchers map[string]*watcher
}

type watcher struct {
	source string // what it was made from
	cancel context.CancelFunc
	done   chan struct{}
	seen   Snapshot
}

// How often peers are looked for and looked at, and how long one look may take.
const (
	configInterval = 2 * time.Second
	peerInterval   = time.Second
	peerTimeout    = 4 * time.Second
)

// Start follows the peers until the context ends.
func (p *Peers) Start(ctx context.Context) error {
	tick := time.NewTicker(configInterval)
	defer tick.Stop()
	defer p.stopAll()
	for {
		_ = p.refresh(ctx) // what can't be read now is read at the next tick
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// refresh starts and stops watchers to match the ClientConfigs.
func (p *Peers) refresh(ctx context.Context) error {
	var list configv1beta1.ClientConfigList
	if err := p.Client.List(ctx, &list, client.InNamespace(p.Namespace)); err != nil {
		return err
	}
	want := map[string]bool{}
	var errs []error
	for i := range list.Items {
		c := &list.Items[i]
		region := c.GetContextName()
		if region == p.Region {
			continue
		}
		want[region] = true
		var secret corev1.Secret
		if err := p.Client.Get(ctx, types.NamespacedName{Namespace: c.Namespace, Name: c.Spec.KubeConfigSecret.Name}, &secret); err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, p.watch(ctx, region, string(secret.Data[configv1beta1.KubeConfigKey])))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for region, w := range p.watchers {
		if !want[region] {
			w.cancel()
			delete(p.watchers, region)
		}
	}
	return errors.Join(errs...)
}

func (p *Peers) watch(ctx context.Context, region, kubeconfig string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watchers == nil {
		p.watchers = map[string]*watcher{}
	}
	old := p.watchers[region]
	if old != nil && old.source == kubeconfig {
		return nil
	}
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(kubeconfig))
	if err != nil {
		return fmt.Errorf("peer %s: its kubeconfig: %w", region, err)
	}
	config.Timeout = peerTimeout
	config.QPS, config.Burst = 20, 40
	mapper := p.Client.RESTMapper() // the same kinds are there; asking the peer would fail while it is away
	kube, err := client.New(config, client.Options{Scheme: p.Client.Scheme(), Mapper: mapper})
	if err != nil {
		return fmt.Errorf("peer %s: %w", region, err)
	}
	if old != nil {
		old.cancel()
	}
	inner, cancel := context.WithCancel(ctx)
	w := &watcher{source: kubeconfig, cancel: cancel, done: make(chan struct{}), seen: Snapshot{Region: region, Since: p.Now(), Message: "not asked yet", client: kube}}
	if old != nil {
		w.seen.Rings, w.seen.DCs = old.seen.Rings, old.seen.DCs
	}
	p.watchers[region] = w
	go p.follow(inner, w)
	return nil
}

func (p *Peers) stopAll() {
	p.mu.Lock()
	all := p.watchers
	p.watchers = nil
	p.mu.Unlock()
	for _, w := range all {
		w.cancel()
		<-w.done
	}
}

// follow looks at one peer again and again.
func (p *Peers) follow(ctx context.Context, w *watcher) {
	defer close(w.done)
	tick := time.NewTicker(peerInterval)
	defer tick.Stop()
	for {
		p.look(ctx, w)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p *Peers) look(ctx context.Context, w *watcher) {
	ctx, cancel := context.WithTimeout(ctx, peerTimeout)
	defer cancel()
	var rings api.K8ssandraClusterList
	err := w.seen.client.List(ctx, &rings)
	var dcs cassandra.CassandraDatacenterList
	if err == nil {
		err = w.seen.client.List(ctx, &dcs)
	}
	p.mu.Lock()
	before := w.seen
	if err != nil {
		w.seen.Message = plainError(err)
	} else {
		w.seen.Message, w.seen.Rings, w.seen.DCs = "", rings.Items, dcs.Items
	}
	if reachable := err == nil; reachable != before.Reachable {
		w.seen.Reachable, w.seen.Since = reachable, p.Now()
	}
	after := w.seen
	p.mu.Unlock()
	if before.Reachable != after.Reachable || !reflect.DeepEqual(versions(before), versions(after)) {
		p.wake(append(before.Rings, after.Rings...))
	}
}

// plainError is an error without what differs from try to try.
func plainError(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	return text
}

// versions tell whether anything has changed.
func versions(s Snapshot) map[string]string {
	out := map[string]string{}
	for _, r := range s.Rings {
		out[string(r.UID)] = fmt.Sprint(r.Generation, r.Annotations, r.DeletionTimestamp)
	}
	for _, d := range s.DCs {
		out[string(d.UID)] = d.ResourceVersion
	}
	return out
}

func (p *Peers) wake(rings []api.K8ssandraCluster) {
	names := map[types.NamespacedName]bool{}
	for i := range rings {
		names[client.ObjectKeyFromObject(&rings[i])] = true
	}
	for name := range names {
		p.Changed <- event.GenericEvent{Object: &api.K8ssandraCluster{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}}}
	}
}

// Snapshots are the peers by name.
func (p *Peers) Snapshots() (all []Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.watchers {
		all = append(all, w.seen)
	}
	slices.SortFunc(all, func(a, b Snapshot) int { return strings.Compare(a.Region, b.Region) })
	return all
}

// ring finds the peer's copy; nil when it has none.
func (s *Snapshot) ring(name types.NamespacedName) *api.K8ssandraCluster {
	for i := range s.Rings {
		if client.ObjectKeyFromObject(&s.Rings[i]) == name {
			return &s.Rings[i]
		}
	}
	return nil
}
