package desired

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/network"
)

// peeringMTU is the largest packet, in bytes, that passes a peering between two
// regions (Amazon EC2, "Network maximum transmission unit"). Pods default to
// 9001, which passes within a region only.
const peeringMTU = "8500"

// PeerGroup is the Kubernetes group of the other regions' operators.
const PeerGroup = "ringspan:peers"

// logs of a control plane: all that there are.
var logs = []string{"api", "audit", "authenticator", "controllerManager", "scheduler"}

// ClusterName of a region.
func ClusterName(fleet, region string) string { return fleet + "-" + region }

func (d *desire) arn(kind, name string) string {
	return fmt.Sprintf("arn:%s:iam::%s:%s", d.partition, kind, name)
}

// managed is the ARN of a policy of AWS's own.
func (d *desire) managed(name string) string { return d.arn("aws", "policy/"+name) }

// role is one that a service of AWS assumes. Roles are global, so that they are
// named by fleet and region.
func (d *desire) role(s *infra.Site, name, trust string, policies ...string) string {
	id := s.Name + "/role/" + name
	for i := range policies {
		policies[i] = d.managed(policies[i])
	}
	d.add(infra.Resource{ID: id, Kind: infra.Role, Want: map[string]string{"trust": trust, "policies": infra.List(policies)},
		Make: map[string]string{"name": d.roleName(s, name)}})
	return id
}

func (d *desire) roleName(s *infra.Site, name string) string {
	return RolePrefix + d.Fleet + "-" + s.Name + "-" + name
}

// RolesPath is under which all fleets' roles are found.
const RolesPath = "/ringspan/"

// RolePath is under which a fleet's IAM roles are found, and no other fleet's.
func RolePath(fleet string) string { return RolesPath + fleet + "/" }

// RolePrefix is what the names of all IAM roles begin with.
const RolePrefix = "ringspan-"

// Services of AWS that assume roles.
const (
	trustEKS  = "eks.amazonaws.com"
	trustEC2  = "ec2.amazonaws.com"
	trustPods = "pods.eks.amazonaws.com"
)

// cluster is a region's EKS cluster with what it needs before Cassandra.
func (d *desire) cluster(r *fleetv1.Region, s *infra.Site) {
	id := s.Name + "/cluster"
	if adopted := d.Seen.Adopted[s.Name]; s.Adopted && adopted.Cluster != "" {
		d.add(infra.Resource{ID: id, Kind: infra.Cluster, Region: s.Region, Adopted: adopted.Cluster})
		d.rules(s, id)
		return
	}
	role := d.role(s, "cluster", trustEKS, "AmazonEKSClusterPolicy")
	c := infra.Resource{ID: id, Kind: infra.Cluster, Region: s.Region, Refs: map[string]string{"role": role},
		Want: map[string]string{"services": s.Services.String(), "private": "true", "logs": infra.List(logs), "support": "STANDARD"},
		Make: map[string]string{"name": ClusterName(d.Fleet, s.Name)}}
	c.Want["public"] = strconv.FormatBool(r.APIEndpoint.Access == fleetv1.EndpointPublic)
	if r.APIEndpoint.Access == fleetv1.EndpointPublic {
		c.Want["publicRanges"] = infra.List(r.APIEndpoint.AllowedCIDRs)
		if len(r.APIEndpoint.AllowedCIDRs) == 0 {
			c.Want["publicRanges"] = anywhere
		}
	}
	if r.KubernetesVersion != "" {
		c.Want["version"] = r.KubernetesVersion
	} // else EKS takes its default, which is always in standard support
	d.inSubnets(&c, s, s.Zones)
	d.add(c)
	d.rules(s, id)
	d.access(s, id)
	d.nodes(r, s, id)
}

// inSubnets places a resource in the private subnets of zones.
func (d *desire) inSubnets(r *infra.Resource, s *infra.Site, zones []string) {
	if s.Adopted {
		r.Make["subnets"] = infra.List(d.Seen.Adopted[s.Name].Subnets)
		return
	}
	for _, zone := range zones {
		r.Refs["subnet "+zone] = s.Name + "/subnet/private/" + zone
	}
}

// rules open the cluster's security group for what the other networks need, and
// nothing else. Groups of another region can't be named in rules: ranges are.
func (d *desire) rules(s *infra.Site, cluster string) {
	for i := range d.out.Sites {
		peer := &d.out.Sites[i]
		if peer.Name == s.Name {
			continue
		}
		ports := network.Opened()
		if peer.Name == infra.JumpHost { // people and their tools
			ports = slices.DeleteFunc(ports, func(p network.Port) bool {
				return p.Need != network.NeedClients && p.Need != network.NeedOperators && p != network.Fragmentation
			})
		}
		d.add(infra.Resource{ID: s.Name + "/rules/" + peer.Name, Kind: infra.FirewallRules, Region: s.Region,
			Want: map[string]string{"rules": Rulebook(ports, peer.CIDR.String())}, Refs: map[string]string{"cluster": cluster}})
	}
}

// Rulebook writes rules as "tcp 7000-7001 172.22.0.0/16", neighbouring ports in
// one rule: a security group has 60 at most.
func Rulebook(ports []network.Port, from string) string {
	type span struct{ first, last int }
	var spans []span
	var all []string
	for _, p := range ports {
		switch {
		case p.Protocol == network.ICMP:
			all = append(all, fmt.Sprintf("icmp %d-%d %s", p.Number, p.Code, from))
		case len(spans) > 0 && spans[len(spans)-1].last+1 == p.Number:
			spans[len(spans)-1].last = p.Number
		default:
			spans = append(spans, span{p.Number, p.Number})
		}
	}
	for _, s := range spans {
		all = append(all, fmt.Sprintf("tcp %d-%d %s", s.first, s.last, from))
	}
	return infra.List(all)
}

// access are the access entries of administrators and of the other regions' operators. Who
// makes the cluster is an administrator without one.
func (d *desire) access(s *infra.Site, cluster string) {
	refs := map[string]string{"cluster": cluster}
	for _, arn := range d.Spec.Admins {
		d.add(infra.Resource{ID: s.Name + "/access/" + arn[strings.LastIndex(arn, ":")+1:], Kind: infra.AccessEntry, Region: s.Region, Refs: refs,
			Want: map[string]string{"principal": arn, "policy": "AmazonEKSClusterAdminPolicy", "groups": ""}})
	}
	for i := range d.out.Sites {
		peer := &d.out.Sites[i]
		if peer.Name == s.Name || peer.Name == infra.JumpHost || d.adoptsCluster(peer) {
			continue
		}
		arn := d.arn(d.Seen.Account, "role"+RolePath(d.Fleet)+d.roleName(peer, "operator"))
		d.add(infra.Resource{ID: s.Name + "/access/operator/" + peer.Name, Kind: infra.AccessEntry, Region: s.Region, Refs: refs, After: []string{peer.Name + "/role/operator"},
			Want: map[string]string{"principal": arn, "policy": "", "groups": PeerGroup}})
	}
}

func (d *desire) adoptsCluster(s *infra.Site) bool {
	return s.Adopted && d.Seen.Adopted[s.Name].Cluster != ""
}

// nodes are the node group and the add-ons: the network plugin comes before the first node,
// what runs on nodes after them.
func (d *desire) nodes(r *fleetv1.Region, s *infra.Site, cluster string) {
	before := []string{
		d.addon(s, "vpc-cni", d.networkPlugin(s), nil),
		d.addon(s, "kube-proxy", nil, nil),
		d.addon(s, "eks-pod-identity-agent", nil, nil),
	}
	role := d.role(s, "node", trustEC2, "AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy")
	csi := d.role(s, "ebs-csi", trustPods, "service-role/AmazonEBSCSIDriverPolicy")
	operator := d.role(s, "operator", trustPods)
	d.identity(s, cluster, "ebs-csi", csi, "kube-system", "ebs-csi-controller-sa")
	d.identity(s, cluster, "operator", operator, "ringspan-system", "ringspan-operator")
	group := infra.Resource{ID: s.Name + "/nodes", Kind: infra.NodePool, Region: s.Region, After: before,
		Refs: map[string]string{"cluster": cluster, "role": role},
		Want: map[string]string{"instanceType": r.Nodes.InstanceType, "diskGiB": strconv.Itoa(int(r.Nodes.DiskGiB)), "capacity": string(r.Nodes.Capacity), "count": strconv.Itoa(int(r.Nodes.Count))},
		Make: map[string]string{"name": "nodes"}}
	zones := s.Zones
	if len(r.Nodes.Zones) > 0 {
		zones = r.Nodes.Zones
	}
	d.inSubnets(&group, s, zones)
	if !s.Adopted { // without a default route a node can't join
		for _, zone := range zones {
			group.After = append(group.After, s.Name+"/association/private/"+zone)
		}
		for i := range d.out.Resources {
			if id := d.out.Resources[i].ID; strings.HasPrefix(id, s.Name+"/route/private") && strings.HasSuffix(id, anywhere) {
				group.After = append(group.After, id)
			}
		}
	}
	d.add(group)
	after := []string{group.ID, s.Name + "/identity/ebs-csi"}
	d.addon(s, "coredns", nil, after)
	d.addon(s, "aws-ebs-csi-driver", map[string]any{"controller": map[string]any{"extraVolumeTags": d.out.Tags}}, after)
}

func (d *desire) identity(s *infra.Site, cluster, name, role, namespace, account string) {
	d.add(infra.Resource{ID: s.Name + "/identity/" + name, Kind: infra.WorkloadIdentity, Region: s.Region,
		Want: map[string]string{"namespace": namespace, "serviceAccount": account}, Refs: map[string]string{"cluster": cluster, "role": role}})
}

// addon returns its id.
func (d *desire) addon(s *infra.Site, name string, configuration map[string]any, after []string) string {
	text := ""
	if configuration != nil {
		data, err := json.Marshal(configuration) // keys are sorted: the same text every time
		if err != nil {
			panic(err) // maps of strings always marshal
		}
		text = string(data)
	}
	id := s.Name + "/addon/" + name
	d.add(infra.Resource{ID: id, Kind: infra.Addon, Region: s.Region, Want: map[string]string{"configuration": text}, Make: map[string]string{"name": name},
		Refs: map[string]string{"cluster": s.Name + "/cluster"}, After: after})
	return id
}

// networkPlugin keeps pods' own addresses on their way to the other networks,
// and their packets small enough for peerings.
func (d *desire) networkPlugin(s *infra.Site) map[string]any {
	var peers []string
	for i := range d.out.Sites {
		if d.out.Sites[i].Name != s.Name {
			peers = append(peers, d.out.Sites[i].CIDR.String())
		}
	}
	if len(peers) == 0 {
		return nil
	}
	return map[string]any{"env": map[string]any{"AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS": infra.List(peers), "POD_MTU": peeringMTU}}
}
