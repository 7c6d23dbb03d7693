package existing

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// answerLimit bounds what one cluster is asked.
const answerLimit = 10 * time.Second

// Observe looks at the clusters, all at once. When a fleet is deleted nothing is found:
// the clusters are others', and stay.
func (p *Provider) Observe(ctx context.Context, q provision.Question) (*infra.Seen, error) {
	seen := &infra.Seen{Account: p.where}
	if q.Deleting {
		return seen, nil
	}
	found, errs := make([][]infra.Found, len(q.Regions)), make([]error, len(q.Regions))
	var group sync.WaitGroup
	for i, region := range q.Regions {
		group.Go(func() {
			ask, cancel := context.WithTimeout(ctx, answerLimit)
			defer cancel()
			found[i], errs[i] = p.cluster(ask, region)
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	seen.Found = slices.Concat(found...)
	return seen, errors.Join(errs...)
}

// cluster is what a region's API server says of itself and of its nodes.
func (p *Provider) cluster(ctx context.Context, region string) ([]infra.Found, error) {
	c, ok := p.contexts[region]
	if !ok {
		return nil, fmt.Errorf("%s knows no region %s", p.where, region)
	}
	config, err := c.config()
	if err != nil {
		return nil, fmt.Errorf("region %s: %w", region, err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("region %s: %w", region, err)
	}
	version, err := client.ServerVersion()
	if err != nil {
		return nil, explain(region, err)
	}
	system, err := client.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return nil, explain(region, err)
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, explain(region, err)
	}
	return []infra.Found{
		{ID: region + "/cluster", Kind: infra.Cluster, Region: region, Physical: c.name, State: infra.Ready,
			Have: map[string]string{"version": version.Major + "." + version.Minor, uid: string(system.UID)}},
		machines(region, c.name, nodes.Items),
	}, nil
}

// machines are a cluster's nodes, taken together.
func machines(region, cluster string, nodes []corev1.Node) infra.Found {
	f := infra.Found{ID: region + "/nodes", Kind: infra.NodePool, Region: region, Physical: cluster + "/nodes", State: infra.Ready,
		Have: map[string]string{"count": strconv.Itoa(len(nodes))}, Refs: map[string]string{"cluster": cluster}}
	down := 0
	for i := range nodes {
		if !slices.ContainsFunc(nodes[i].Status.Conditions, func(c corev1.NodeCondition) bool {
			return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
		}) {
			down++
		}
	}
	if down > 0 || len(nodes) == 0 {
		f.State, f.Detail = infra.Pending, fmt.Sprintf("%d of %d nodes are ready", len(nodes)-down, len(nodes))
	}
	return f
}

// explain tells a region that doesn't answer from one that refuses.
func explain(region string, err error) error {
	if Silent(err) {
		return &provision.Unreachable{Who: "the API server", Region: region, Err: err}
	}
	return fmt.Errorf("region %s: %w", region, err)
}

// Silent tells whether an error says only that nobody answers: a time that is over, or a
// connection that couldn't be made. A wrong authority or a login that has expired is an
// answer, though Kubernetes' clients wrap these in errors of the network too.
func Silent(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return true
	}
	network, ok := errors.AsType[net.Error](err)
	return ok && network.Timeout()
}

func (c reached) config() (*rest.Config, error) {
	one := clientcmdapi.NewConfig()
	one.Clusters["it"], one.AuthInfos["it"] = c.cluster, c.user
	one.Contexts["it"] = &clientcmdapi.Context{Cluster: "it", AuthInfo: "it"}
	config, err := clientcmd.NewNonInteractiveClientConfig(*one, "it", nil, nil).ClientConfig()
	if err != nil {
		return nil, err
	}
	config.Timeout = answerLimit
	return config, nil
}
