package infra

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSummarize(t *testing.T) {
	got := Summarize([]Found{
		{ID: "west/vpc", Kind: Network, Physical: "vpc-2", State: Ready, Have: map[string]string{"cidr": "172.21.0.0/16"}},
		{ID: "west/cluster", Kind: Cluster, Physical: "f-west", State: Pending, Detail: "it is CREATING", Have: map[string]string{"version": "1.34"}},
		{ID: "west/nodes", Kind: NodePool, Physical: "nodes", State: Ready, Have: map[string]string{"count": "3"}},
		{ID: "west/nat/a", Kind: NAT, Physical: "nat-1", State: Ready},
		{ID: "peering/west/central", Kind: Link, Physical: "pcx-1", State: Failed, Detail: "it was rejected", Have: map[string]string{"status": "rejected"}},
		{ID: "peering/west/north", Kind: Link, Physical: "pcx-2", State: Ready, Detail: "Active", Have: map[string]string{"status": "active"}},
		{ID: "old/vpc", Kind: Network, Physical: "vpc-0", State: Gone},
		{ID: "jumpHost/vpc", Kind: Network, Physical: "vpc-1", State: Ready, Have: map[string]string{"cidr": "172.20.0.0/16"}},
	})
	want := Summary{
		Sites: []SiteSummary{
			{Name: "jumpHost", Network: "vpc-1", CIDR: "172.20.0.0/16", State: Ready},
			{Name: "west", Network: "vpc-2", CIDR: "172.21.0.0/16", State: Ready, Cluster: "f-west", Version: "1.34", Control: Pending, Nodes: 3, Machines: Ready, Detail: "cluster: it is CREATING"},
		},
		Peerings: []PeeringSummary{
			{From: "west", To: "central", ID: "pcx-1", Status: "rejected", Detail: "it was rejected"},
			{From: "west", To: "north", ID: "pcx-2", Status: "active"},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
