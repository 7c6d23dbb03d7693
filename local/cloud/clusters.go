package cloud

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/ringspan/ringspan/local/aws/iam"
	"github.com/ringspan/ringspan/local/aws/lab"
	"github.com/ringspan/ringspan/local/aws/plane"
)

// clusters are those that are made through the AWS API: a plane.Clusters.
type clusters struct {
	ctx      context.Context // of the lab: what is started ends with it
	s        *supervisor
	networks *lab.Networks
	sts      http.Handler // answers the calls that tokens stand for
	// credentials are those of the role that a service account has
	credentials func(cluster, namespace, account string) (iam.Key, error)

	ports sync.Mutex // held while choosing a port of the host

	mu  sync.Mutex
	all map[string]*hosted
}

var _ plane.Clusters = (*clusters)(nil)

func newClusters(ctx context.Context, s *supervisor, networks *lab.Networks) *clusters {
	return &clusters{
		ctx: ctx, s: s, networks: networks, all: map[string]*hosted{},
		sts: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { s.api.server.ServeHTTP(w, q) }),
		credentials: func(cluster, namespace, account string) (iam.Key, error) {
			return s.api.server.PodCredentials(cluster, namespace, account)
		},
	}
}

// clusterName is a cluster's id as a file's name.
func clusterName(id string) string { return strings.ReplaceAll(id, "/", ".") }

// idOf is a cluster's id, of which its name is made.
func idOf(c *cluster) string { return strings.Replace(c.name, ".", "/", 1) }

// hosted returns the cluster of an id, and makes an entry for it if it is new.
func (c *clusters) hosted(spec plane.Cluster) *hosted {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all[spec.ID] == nil {
		c.all[spec.ID] = newHosted(c, spec)
	}
	return c.all[spec.ID]
}

// with runs something on a cluster that is there, while nothing else changes it.
func (c *clusters) with(id string, do func(*hosted) error) error {
	c.mu.Lock()
	h := c.all[id]
	c.mu.Unlock()
	if h == nil {
		return fmt.Errorf("there is no cluster %s", id)
	}
	h.turn.Lock()
	defer h.turn.Unlock()
	if !h.started.Load() {
		return fmt.Errorf("cluster %s hasn't started", id)
	}
	return do(h)
}

// CreateCluster implements plane.Clusters.
func (c *clusters) CreateCluster(ctx context.Context, spec plane.Cluster) (plane.Endpoint, error) {
	h := c.hosted(spec)
	h.turn.Lock()
	defer h.turn.Unlock()
	h.spec = spec
	if err := h.start(ctx); err != nil {
		return plane.Endpoint{}, fmt.Errorf("cluster %s: %w", spec.ID, err)
	}
	return h.endpoint()
}

// DeleteCluster implements plane.Clusters.
func (c *clusters) DeleteCluster(_ context.Context, id string) error {
	c.mu.Lock()
	h := c.all[id]
	delete(c.all, id)
	c.mu.Unlock()
	if h != nil {
		h.turn.Lock()
		defer h.turn.Unlock()
		if err := h.remove(); err != nil {
			return fmt.Errorf("cluster %s: %w", id, err)
		}
	}
	return os.RemoveAll(c.dir(id)) // also what an earlier run of the lab left
}

func (c *clusters) dir(id string) string { return c.s.state.path("clusters", clusterName(id)) }

// SetAccess implements plane.Clusters.
func (c *clusters) SetAccess(ctx context.Context, id string, grants []plane.Grant) error {
	return c.with(id, func(h *hosted) error { return h.setAccess(ctx, grants) })
}

// SetAddon implements plane.Clusters.
func (c *clusters) SetAddon(ctx context.Context, id, name, configuration string) error {
	return c.with(id, func(h *hosted) error { return h.setAddon(ctx, name, configuration) })
}

// DeleteAddon implements plane.Clusters.
func (c *clusters) DeleteAddon(ctx context.Context, id, name string) error {
	return c.with(id, func(h *hosted) error { return h.deleteAddon(ctx, name) })
}

// CreateNode implements plane.Clusters.
func (c *clusters) CreateNode(ctx context.Context, n plane.Node) error {
	var found *hosted
	err := c.with(n.Cluster, func(h *hosted) error { found = h; return h.createNode(n) })
	if err != nil {
		return err
	}
	return found.awaitNode(ctx, n.Name) // others are started meanwhile
}

// DeleteNode implements plane.Clusters. A node, or cluster, that isn't there is
// no error.
func (c *clusters) DeleteNode(ctx context.Context, id, name string) error {
	c.mu.Lock()
	gone := c.all[id] == nil
	c.mu.Unlock()
	if gone {
		return nil
	}
	return c.with(id, func(h *hosted) error { return h.deleteNode(ctx, name) })
}

// list is what runs, in the order of the ids.
func (c *clusters) list() (running []*cluster) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(c.all)) {
		if h := c.all[id]; h.started.Load() {
			running = append(running, &h.cluster)
		}
	}
	return running
}

// inits are the first processes of all containers in a region.
func (c *clusters) inits(region string) (pids []int) {
	for _, one := range c.list() {
		if one.region != region {
			continue
		}
		for _, n := range one.runningNodes() {
			pids = append(pids, n.runtime.Inits()...)
		}
	}
	return pids
}

// translate brings the nodes of a region to what the faults say of addresses.
func (c *clusters) translate(region string) error {
	var errs []error
	for _, running := range c.list() {
		if running.region == region {
			errs = append(errs, c.with(idOf(running), (*hosted).setPodNetworks))
		}
	}
	return errors.Join(errs...)
}

// halt ends all clusters; their data stays.
func (c *clusters) halt() {
	c.mu.Lock()
	all := slices.Collect(maps.Values(c.all))
	c.mu.Unlock()
	var group sync.WaitGroup
	for _, h := range all {
		group.Go(func() {
			h.turn.Lock()
			defer h.turn.Unlock()
			if err := h.halt(); err != nil {
				h.say("cluster", "stopping: %v", err)
			}
		})
	}
	group.Wait()
}
