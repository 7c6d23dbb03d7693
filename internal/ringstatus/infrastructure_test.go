package ringstatus

import (
	"strings"
	"testing"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

func TestRenderInfrastructure(t *testing.T) {
	var out strings.Builder
	err := RenderInfrastructure(&out, NewInfrastructure("123456789012", []infra.Found{
		{ID: "west/vpc", Kind: infra.Network, Physical: "vpc-2", State: infra.Ready, Have: map[string]string{"cidr": "172.21.0.0/16"}},
		{ID: "west/cluster", Kind: infra.Cluster, Physical: "f-west", State: infra.Failed, Detail: "it is FAILED", Have: map[string]string{"version": "1.34"}},
		{ID: "peering/west/central", Kind: infra.Link, Physical: "pcx-1", State: infra.Failed, Detail: "Rejected by 1", Have: map[string]string{"status": "rejected"}},
		{ID: "peering/west/north", Kind: infra.Link, Physical: "pcx-2", State: infra.Ready, Have: map[string]string{"status": "active"}},
	}))
	want := `Infrastructure in account 123456789012
======================================
Region  VPC    Range          Cluster  Kubernetes  Control plane  Nodes
west    vpc-2  172.21.0.0/16  f-west   1.34        failed         -
west: cluster: it is FAILED
Peering pcx-1 of west and central is rejected: Rejected by 1
1 of 2 peerings are active.

`
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s", err, &out)
	}
}

// An account may call a cluster by the version that was asked for, and run another one.
func TestInfrastructureShowsTheVersionThatRuns(t *testing.T) {
	i := NewInfrastructure("1", []infra.Found{{ID: "west/cluster", Kind: infra.Cluster, Physical: "f-west", State: infra.Ready, Have: map[string]string{"version": "1.35"}}})
	i.Sites[0].Runs = "v1.36.3"
	var out strings.Builder
	if err := RenderInfrastructure(&out, i); err != nil || !strings.Contains(out.String(), " v1.36.3 ") || strings.Contains(out.String(), "1.35") {
		t.Errorf("%v\n%s", err, &out)
	}
}
