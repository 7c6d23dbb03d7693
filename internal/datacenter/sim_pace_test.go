package datacenter_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/ringspan/ringspan/internal/topology"
)

// setPace changes a field that says how fast nodes are restarted, and which of them.
func (r *region) setPace(field, value string) {
	n, _ := strconv.Atoi(value)
	switch field {
	case "canaryUpgrade":
		r.dc.Spec.CanaryUpgrade = value == "true"
	case "canaryUpgradeCount":
		r.dc.Spec.CanaryUpgradeCount = int32(n)
	case "maxUnavailable":
		r.dc.Spec.MaxUnavailable = nil
		if value != "none" {
			r.dc.Spec.MaxUnavailable = new(intstr.Parse(value))
		}
	case "minReadySeconds":
		r.dc.Spec.MinReadySeconds = new(int32(n))
	}
}

// mayGoTogether tells whether the spec lets pods' nodes be away together, and no two of them hold replicas of one range, by what
// the nodes themselves say of their ring.
func (r *region) mayGoTogether(pods []string) bool {
	if r.dc.Spec.MaxUnavailable == nil {
		return false
	}
	rack, nodes := r.positionOf(pods[0]).Rack, 0
	for name := range r.pods {
		if r.positionOf(name).Rack == rack {
			nodes++
		}
	}
	limit, err := intstr.GetScaledValueFromIntOrPercent(r.dc.Spec.MaxUnavailable, nodes, false)
	if err != nil || len(pods) > max(1, limit) {
		return false
	}
	placed := r.placed()
	if placed == nil {
		return false
	}
	for _, one := range pods {
		shared := placed.SharedWith(r.nodes[one].HostID())
		for _, other := range pods {
			if r.positionOf(other).Rack != rack || r.nodes[other].HostID() == "" || shared[r.nodes[other].HostID()] != "" {
				return false
			}
		}
	}
	return true
}

// placed is where the replicas of all keyspaces are, as any living node knows it.
func (r *region) placed() *topology.Placement {
	ctx := context.Background()
	for _, n := range r.nodes {
		view, err := n.Endpoints(ctx)
		names, failed := n.Keyspaces(ctx)
		if err != nil || failed != nil {
			continue
		}
		var members []topology.Member
		for _, e := range view {
			members = append(members, topology.Member{HostID: e.HostID, Datacenter: e.Datacenter, Rack: e.Rack, Tokens: e.Tokens})
		}
		all := map[string]map[string]string{}
		for _, name := range names {
			all[name], _ = n.Replication(ctx, name)
		}
		placed, err := topology.Place(members, all)
		if err != nil {
			return nil
		}
		return placed
	}
	return nil
}

// progress lets time pass until nothing is left to do, and lists what the status said of the nodes that are as the spec asks.
func (w *world) progress(r *region) string {
	var said []string
	for range 60 {
		w.run("1")
		text := "no roll"
		if roll := r.dc.Status.Roll; roll != nil {
			text = fmt.Sprintf("%d of %d", roll.Done, roll.Of)
		}
		if len(said) == 0 || said[len(said)-1] != text {
			said = append(said, text)
		}
	}
	return strings.Join(said, "\n") + "\n"
}
