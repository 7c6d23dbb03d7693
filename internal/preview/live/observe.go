package live

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/datacenter/controller"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/mgmtapi"
	"github.com/ringspan/ringspan/internal/region"
)

// site is a region as it was read.
type site struct {
	region.Region

	err         error // it doesn't answer
	ring        *k8ssandra.K8ssandraCluster
	datacenters []cassandra.CassandraDatacenter // all that there are
	agent       string                          // the image of the agent that its operator takes
}

// read asks all regions at once.
func read(ctx context.Context, regions []region.Region, ring client.ObjectKey) []*site {
	sites := make([]*site, len(regions))
	var group sync.WaitGroup
	for i, r := range regions {
		group.Go(func() {
			sites[i] = &site{Region: r}
			within, cancel := context.WithTimeout(ctx, region.AnswerLimit)
			defer cancel()
			sites[i].err = sites[i].read(within, ring)
		})
	}
	group.Wait()
	return sites
}

func (s *site) read(ctx context.Context, ring client.ObjectKey) error {
	var all cassandra.CassandraDatacenterList
	if err := s.Client.List(ctx, &all); err != nil {
		return err
	}
	s.datacenters = all.Items
	k := &k8ssandra.K8ssandraCluster{}
	switch err := s.Client.Get(ctx, ring, k); {
	case err == nil:
		s.ring = k
	case !apierrors.IsNotFound(err):
		return err
	}
	operator := &appsv1.Deployment{}
	err := s.Client.Get(ctx, client.ObjectKey{Namespace: install.Namespace, Name: install.OperatorName}, operator)
	s.agent = agentImage(operator)
	return client.IgnoreNotFound(err)
}

// agentImage is the one that an operator's arguments say, "" when they leave it to its version.
func agentImage(d *appsv1.Deployment) string {
	for _, c := range d.Spec.Template.Spec.Containers {
		if i := slices.Index(c.Args, "--agent-image"); i >= 0 && i+1 < len(c.Args) {
			return c.Args[i+1]
		}
	}
	return ""
}

func (s *site) datacenter(key types.NamespacedName) *cassandra.CassandraDatacenter {
	i := slices.IndexFunc(s.datacenters, func(dc cassandra.CassandraDatacenter) bool { return client.ObjectKeyFromObject(&dc) == key })
	if i < 0 {
		return nil
	}
	return &s.datacenters[i]
}

// lookLimit bounds how long the agents of a datacenter are asked.
const lookLimit = 60 * time.Second

// look is what the region's operator would observe of each of these.
func (s *site) look(ctx context.Context, dcs ...*cassandra.CassandraDatacenter) (seen []*datacenter.State, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	a := &agents{site: s, known: map[types.UID]mgmtapi.Node{}}
	defer a.close()
	r := &controller.Reconciler{Client: s.Client, Live: s.Client, Now: time.Now, Agent: s.agent, Node: func(pod *corev1.Pod) mgmtapi.Node { return a.of(ctx, pod) }}
	for _, dc := range dcs {
		one, err := r.Look(ctx, dc)
		if err != nil {
			return nil, err
		}
		seen = append(seen, one)
	}
	return seen, nil
}

// agents are reached through the API server, each by one connection.
type agents struct {
	site *site

	mu     sync.Mutex
	known  map[types.UID]mgmtapi.Node
	closes []func()
}

func (a *agents) of(ctx context.Context, pod *corev1.Pod) mgmtapi.Node {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known[pod.UID] == nil {
		node, closeIdle, err := a.site.Agent(ctx, pod)
		if err != nil {
			a.known[pod.UID] = mgmtapi.New("http://"+pod.Name, &http.Client{Transport: failing{err}})
			return a.known[pod.UID]
		}
		a.known[pod.UID], a.closes = node, append(a.closes, closeIdle)
	}
	return a.known[pod.UID]
}

func (a *agents) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, one := range a.closes {
		one()
	}
}

// failing is how an agent is reached that can't be.
type failing struct{ err error }

// RoundTrip implements http.RoundTripper.
func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// refusal are the API server's words about an object that it doesn't take; "" when the error is another one.
func refusal(err error) string {
	var status *apierrors.StatusError
	if errors.As(err, &status) && (apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err)) {
		return status.ErrStatus.Message
	}
	return ""
}
