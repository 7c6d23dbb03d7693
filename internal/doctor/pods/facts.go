package pods

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	configv1beta1 "github.com/ringspan/ringspan/api/config/v1beta1"
	"github.com/ringspan/ringspan/internal/install"
)

// facts are what a region's API server knows.
type facts struct {
	zones []string            // with a node that is ready; "" when nodes have none
	nodes map[string]nodeFact // by name
	dns   netip.Addr          // of the Service kubernetes, which every cluster's DNS knows
	peers map[string]endpoint // API servers as this region's operator reaches them, by region
	rings []corev1.Pod        // Cassandra pods that are ready
}

type nodeFact struct {
	zone    string
	address netip.Addr
}

type endpoint struct {
	host string
	port int
}

// knownService is in every cluster.
const knownService = "kubernetes.default.svc"

func (r Region) facts(ctx context.Context) (f facts, err error) {
	var nodes corev1.NodeList
	if err := r.Client.List(ctx, &nodes); err != nil {
		return f, err
	}
	f.nodes = map[string]nodeFact{}
	for i := range nodes.Items {
		n := &nodes.Items[i]
		f.nodes[n.Name] = nodeFact{n.Labels[corev1.LabelTopologyZone], internalIP(n)}
		if nodeReady(n) && !slices.Contains(f.zones, f.nodes[n.Name].zone) {
			f.zones = append(f.zones, f.nodes[n.Name].zone)
		}
	}
	if len(f.zones) == 0 {
		return f, fmt.Errorf("none of its %d nodes is ready", len(nodes.Items))
	}
	slices.Sort(f.zones)
	var service corev1.Service
	if err := r.Client.Get(ctx, client.ObjectKey{Namespace: "default", Name: "kubernetes"}, &service); err != nil {
		return f, err
	}
	f.dns, _ = netip.ParseAddr(service.Spec.ClusterIP) // invalid means that any answer will do
	if f.peers, err = r.peers(ctx); err != nil {
		return f, err
	}
	f.rings, err = r.cassandraPods(ctx)
	return f, err
}

func nodeReady(n *corev1.Node) bool {
	return slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

func internalIP(n *corev1.Node) netip.Addr {
	for _, a := range n.Status.Addresses {
		if a.Type == corev1.NodeInternalIP {
			if ip, err := netip.ParseAddr(a.Address); err == nil {
				return ip
			}
		}
	}
	return netip.Addr{}
}

// peers reads where the region's operator finds the other API servers. Before
// the installation there is nothing to read.
func (r Region) peers(ctx context.Context) (map[string]endpoint, error) {
	peers := map[string]endpoint{}
	var configs configv1beta1.ClientConfigList
	err := r.Client.List(ctx, &configs, client.InNamespace(install.Namespace))
	if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
		return peers, nil
	}
	if err != nil {
		return nil, err
	}
	for _, c := range configs.Items {
		var secret corev1.Secret
		if err := r.Client.Get(ctx, client.ObjectKey{Namespace: c.Namespace, Name: c.Spec.KubeConfigSecret.Name}, &secret); err != nil {
			return nil, err
		}
		config, err := clientcmd.RESTConfigFromKubeConfig(secret.Data[configv1beta1.KubeConfigKey])
		if err != nil {
			return nil, fmt.Errorf("kubeconfig in Secret %s/%s: %w", secret.Namespace, secret.Name, err)
		}
		if e, ok := endpointOf(config.Host); ok {
			peers[c.Spec.ContextName] = e
		}
	}
	return peers, nil
}

func endpointOf(server string) (endpoint, bool) {
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" {
		return endpoint{}, false
	}
	port := 443
	if n, err := strconv.Atoi(u.Port()); err == nil {
		port = n
	}
	return endpoint{u.Hostname(), port}, true
}

func (r Region) cassandraPods(ctx context.Context) (ready []corev1.Pod, err error) {
	var pods corev1.PodList
	if err := r.Client.List(ctx, &pods, client.HasLabels{cassandra.DatacenterLabel}); err != nil {
		return nil, err
	}
	for _, p := range pods.Items {
		if p.Status.PodIP != "" && p.DeletionTimestamp == nil && podReady(&p) {
			ready = append(ready, p)
		}
	}
	return ready, nil
}

func podReady(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
