package cloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// restorePatience is how long nothing may get better while what the account had
// is made again.
const restorePatience = 3 * time.Minute

// restore waits until everything that the account had runs again, and reports it. It goes
// on after it has complained.
func (s *supervisor) restore(ctx context.Context) {
	had := s.api.server.Pending()
	progress, fewest, complained := time.Now(), len(had)+1, false
	said := map[string]bool{}
	for ctx.Err() == nil {
		missing := s.missing(ctx, had, said)
		if len(missing) == 0 {
			s.events.ready("the API answers, and all clusters run")
			return
		}
		if len(missing) < fewest {
			progress, fewest = time.Now(), len(missing)
		}
		if time.Since(progress) > restorePatience && !complained {
			complained = true
			s.events.fail("ready", "", fmt.Errorf("not after %s: %s", restorePatience, strings.Join(missing, "; ")))
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// missing names what of the things that the account had doesn't run yet; said
// are the clusters that were announced.
func (s *supervisor) missing(ctx context.Context, had []string, said map[string]bool) (missing []string) {
	for _, key := range s.api.server.Pending() {
		if slices.Contains(had, key) {
			missing = append(missing, key)
		}
	}
	for _, c := range s.clusters.list() {
		id := idOf(c)
		if said[id] || !slices.Contains(had, id) {
			continue
		}
		if slices.ContainsFunc(missing, func(key string) bool { return strings.HasPrefix(key+"/", id+"/") }) {
			continue
		}
		if err := s.clusters.with(id, func(h *hosted) error { return h.serves(ctx) }); err != nil {
			missing = append(missing, id+": "+err.Error())
			continue
		}
		said[id] = true
		c.say("cluster", "cluster ready with %d nodes", len(c.runningNodes()))
	}
	return missing
}

// serves tells what a first pod still lacks: nodes that are ready, where there is
// a network for pods at all, and DNS.
func (h *hosted) serves(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if h.addons[addonCNI] == nil {
		return nil
	}
	ready := h.readyNodes(ctx)
	for _, n := range h.runningNodes() {
		if !ready[n.name] {
			return fmt.Errorf("node %s is not ready", n.name)
		}
	}
	if h.addons[addonDNS] == nil {
		return nil
	}
	if err := h.lookup(ctx, "kubernetes.default.svc.cluster.local."); err != nil {
		return errors.Join(errors.New("DNS doesn't answer"), err)
	}
	return nil
}

func (h *hosted) lookup(ctx context.Context, name string) error {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return h.control.Dial(ctx, network, h.plane.Address.String()+":53")
	}}
	_, err := resolver.LookupHost(ctx, name)
	return err
}
