package rollout

import (
	"context"
	"fmt"
	"strings"
	"time"

	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// How long regions may take to agree on an edit that was just made, and how often they are asked.
const (
	agreeLimit = 20 * time.Second
	agreeAgain = 500 * time.Millisecond
)

// settled finds a ring of which all regions that answer hold the same revision. One that was just edited in another region would else be
// edited beside that, and diverge.
func (c *call) settled(ctx context.Context, args []string) (*found, error) {
	within, cancel := context.WithTimeout(ctx, agreeLimit)
	defer cancel()
	tick := time.NewTicker(agreeAgain)
	defer tick.Stop()
	for {
		r, err := c.find(ctx, args)
		if err != nil {
			return nil, err
		}
		if err := r.refused(); err != nil {
			return nil, fmt.Errorf("ring %s: nothing was changed: %w", r.key, err)
		}
		apart := r.apart()
		if apart == "" {
			return r, nil
		}
		select {
		case <-within.Done():
			return nil, fmt.Errorf("ring %s: nothing was changed: its regions don't agree on what it is now: %s", r.key, apart)
		case <-tick.C:
		}
	}
}

// refused is why a ring isn't edited at all.
func (r *found) refused() error {
	for _, p := range r.places {
		switch {
		case !p.copy.DeletionTimestamp.IsZero():
			return fmt.Errorf("it is being deleted in region %s", p.Name)
		case p.copy.Status.IsTrue(k8ssandra.ClusterDiverged):
			return fmt.Errorf("it has diverged, and has to be one again first: %s", p.copy.Status.Condition(k8ssandra.ClusterDiverged).Message)
		case p.copy.Spec.Cassandra == nil || len(p.copy.Spec.Cassandra.Datacenters) == 0:
			return fmt.Errorf("in region %s it has no datacenters", p.Name)
		}
	}
	return nil
}

// apart says how regions differ; "" when they don't. What was written in the region where the ring is edited, and its operator has yet to
// look at, is what is gone back from; elsewhere it would be an edit beside it.
func (r *found) apart() string {
	var all []string
	differ, home := false, r.home()
	for _, p := range r.places {
		revision := revisionOf(p.copy)
		differ = differ || revision == "" || revision != revisionOf(home.copy) || p.Name != home.Name && p.copy.Status.Seen() != p.copy.Generation
		all = append(all, fmt.Sprintf("%s has revision %q, looked at up to generation %d of %d", p.Name, revision, p.copy.Status.Seen(), p.copy.Generation))
	}
	if !differ {
		return ""
	}
	return strings.Join(all, "; ")
}

// home is where the ring is edited: in the region of its first datacenter, as up does, else in one that has a copy.
func (r *found) home() place {
	for _, p := range r.places {
		if p.Name == p.copy.Spec.Cassandra.Datacenters[0].K8sContext {
			return p
		}
	}
	return r.places[0]
}
