package eks

import (
	"cmp"
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/local/aws/plane"
)

// body is one thing that the plane shall have: what it is, how it is made or
// changed, and how it is ended.
type body struct {
	key    string // region/cluster, region/cluster/nodes/ID, …
	want   string // changes when the thing shall change
	make   func(context.Context, plane.Clusters) (plane.Endpoint, error)
	remove func(context.Context, plane.Clusters) error
}

// parent is the key of the cluster that a body belongs to.
func (b body) parent() string {
	parts := strings.SplitN(b.key, "/", 3)
	return parts[0] + "/" + parts[1]
}

func (b body) isCluster() bool { return b.key == b.parent() }

// wanted lists all that the plane shall have. Inside Do.
func (s *Service) wanted() []body {
	var out []body
	for name := range s.state.Regions {
		a := s.In(name, "")
		for _, c := range a.region.Clusters.All() {
			if c.Status != deleting && c.Status != failed {
				out = append(out, a.wantedOf(c)...)
			}
		}
	}
	slices.SortFunc(out, func(x, y body) int { return cmp.Compare(x.key, y.key) })
	return out
}

func (a *API) wantedOf(c *Cluster) []body {
	out := []body{a.wantCluster(c), a.wantAccess(c)}
	for _, d := range c.Addons.All() {
		if d.Status != deleting {
			out = append(out, wantAddon(c, d))
		}
	}
	for _, n := range c.Nodegroups.All() {
		if n.Status == deleting {
			continue
		}
		for _, id := range n.Machines {
			out = append(out, a.wantNode(c, n, id))
		}
	}
	return out
}

func (a *API) wantCluster(c *Cluster) body {
	v := plane.Cluster{
		ID: c.id(), Region: c.Region, Name: c.Name, VPC: c.ResourcesVpcConfig.VpcId, Version: c.Version,
		ServiceCIDR: netip.MustParsePrefix(c.KubernetesNetworkConfig.ServiceIpv4Cidr), Interfaces: a.ec2.InterfacesOf(c.id()), Public: c.ResourcesVpcConfig.EndpointPublicAccess,
	}
	return body{
		key: c.id(), want: text(v),
		make:   func(ctx context.Context, p plane.Clusters) (plane.Endpoint, error) { return p.CreateCluster(ctx, v) },
		remove: func(ctx context.Context, p plane.Clusters) error { return p.DeleteCluster(ctx, v.ID) },
	}
}

func (a *API) wantAccess(c *Cluster) body {
	id, grants := c.id(), grantsOf(c)
	return body{
		key: id + "/access", want: text(grants),
		make:   makes(func(ctx context.Context, p plane.Clusters) error { return p.SetAccess(ctx, id, grants) }),
		remove: func(context.Context, plane.Clusters) error { return nil }, // it ends with its cluster
	}
}

func wantAddon(c *Cluster, d *Addon) body {
	id, name, configuration := c.id(), d.AddonName, d.ConfigurationValues
	return body{
		key: id + "/addons/" + name, want: d.AddonVersion + " " + configuration,
		make:   makes(func(ctx context.Context, p plane.Clusters) error { return p.SetAddon(ctx, id, name, configuration) }),
		remove: func(ctx context.Context, p plane.Clusters) error { return p.DeleteAddon(ctx, id, name) },
	}
}

func (a *API) wantNode(c *Cluster, n *Nodegroup, id string) body {
	m := a.ec2.Machine(id)
	if m == nil {
		return body{key: c.id() + "/nodes/" + id, make: makes(func(context.Context, plane.Clusters) error { return nil }), remove: func(context.Context, plane.Clusters) error { return nil }}
	}
	zone, network := m.Where()
	v := plane.Node{
		Cluster: c.id(), Name: m.PrivateDnsName, InstanceID: id, InstanceType: m.InstanceType, Zone: zone, Interface: network, CapacityType: n.CapacityType,
		Labels: map[string]string{"eks.amazonaws.com/nodegroup": n.NodegroupName, "eks.amazonaws.com/capacityType": n.CapacityType},
	}
	v.CPUs, v.Memory = m.Capacity()
	for k, l := range n.Labels {
		v.Labels[k] = l
	}
	for _, t := range n.Taints {
		v.Taints = append(v.Taints, t.Key+"="+t.Value+":"+effects[t.Effect])
	}
	return body{
		key: c.id() + "/nodes/" + id, want: id,
		make:   makes(func(ctx context.Context, p plane.Clusters) error { return p.CreateNode(ctx, v) }),
		remove: func(ctx context.Context, p plane.Clusters) error { return p.DeleteNode(ctx, v.Cluster, v.Name) },
	}
}

// effects are Kubernetes's names for EKS's.
var effects = map[string]string{"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}

func makes(f func(context.Context, plane.Clusters) error) func(context.Context, plane.Clusters) (plane.Endpoint, error) {
	return func(ctx context.Context, p plane.Clusters) (plane.Endpoint, error) {
		return plane.Endpoint{}, f(ctx, p)
	}
}

func text(v any) string {
	b, _ := json.Marshal(v) // plain values
	return string(b)
}

// grantsOf says who is who inside a cluster. EKS's own permissions become
// groups: that of cluster administrators is system:masters, others are
// eks-access-policy:NAME, with :NAMESPACE where they hold in one only.
func grantsOf(c *Cluster) []plane.Grant {
	var out []plane.Grant
	for _, e := range c.Entries.All() {
		g := plane.Grant{PrincipalARN: e.PrincipalArn, Username: e.Username, Groups: slices.Clone(e.KubernetesGroups)}
		for _, p := range e.Policies {
			g.Groups = append(g.Groups, policyGroups(p)...)
		}
		out = append(out, g)
	}
	slices.SortFunc(out, func(x, y plane.Grant) int { return cmp.Compare(x.PrincipalARN, y.PrincipalARN) })
	return out
}

func policyGroups(p AssociatedPolicy) []string {
	name := strings.TrimPrefix(p.PolicyArn, policyPrefix)
	if p.AccessScope.Type == "cluster" {
		if name == clusterAdmin {
			return []string{"system:masters"}
		}
		return []string{"eks-access-policy:" + name}
	}
	var out []string
	for _, n := range p.AccessScope.Namespaces {
		out = append(out, "eks-access-policy:"+name+":"+n)
	}
	return out
}
