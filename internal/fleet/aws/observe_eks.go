package aws

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"golang.org/x/sync/errgroup"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// clusterLook is one cluster with what is in it.
type clusterLook struct {
	cluster    *types.Cluster
	own        bool // not adopted
	group      *ec2types.SecurityGroup
	nodeGroups []*types.Nodegroup
	addons     []*types.Addon
	entries    []entryLook
	identities []*types.PodIdentityAssociation
}

type entryLook struct {
	entry  *types.AccessEntry
	policy string // name of the last part of the policy's ARN
}

// askClusters looks at the fleet's cluster of the region, and at one that it
// adopts. Its name says which it is; its tag proves it.
func (l *look) askClusters(ctx context.Context) error {
	names := []string{infra.ClusterName(l.question.Fleet, l.in.name)}
	adopted := l.question.adoptedCluster(l.in.name)
	if adopted != "" && adopted != names[0] {
		names = append(names, adopted)
	}
	for _, name := range names {
		out, err := l.in.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name})
		if is(err, notFound, unknown) { // an endpoint without clusters has none
			continue
		}
		if err != nil {
			return err
		}
		own := out.Cluster.Tags[infra.TagFleetID] == l.question.ID
		if !own && name != adopted {
			return fmt.Errorf("there is an EKS cluster %s in %s already, and it is not this fleet's: rename the fleet", name, l.in.name)
		}
		k := clusterLook{cluster: out.Cluster, own: own}
		if err := l.askCluster(ctx, &k); err != nil {
			return err
		}
		l.clusters = append(l.clusters, k)
	}
	return nil
}

func (l *look) askCluster(ctx context.Context, k *clusterLook) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return l.askClusterGroup(ctx, k) })
	if k.own {
		for _, ask := range []func(context.Context, *clusterLook) error{l.askNodeGroups, l.askAddons, l.askEntries, l.askIdentities} {
			group.Go(func() error { return ask(ctx, k) })
		}
	}
	err := group.Wait()
	if is(err, notFound) {
		return nil // it ended meanwhile: the next look won't see it
	}
	return err
}

// askClusterGroup looks at the rules of the cluster's security group.
func (l *look) askClusterGroup(ctx context.Context, k *clusterLook) error {
	if k.cluster.ResourcesVpcConfig == nil || awssdk.ToString(k.cluster.ResourcesVpcConfig.ClusterSecurityGroupId) == "" {
		return nil
	}
	out, err := l.in.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{*k.cluster.ResourcesVpcConfig.ClusterSecurityGroupId}})
	if err == nil && len(out.SecurityGroups) > 0 {
		k.group = &out.SecurityGroups[0]
	}
	return err
}

func (l *look) askNodeGroups(ctx context.Context, k *clusterLook) error {
	names, err := l.in.nodeGroupNames(ctx, k.cluster.Name)
	if err != nil {
		return err
	}
	for _, name := range names {
		out, err := l.in.eks.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: k.cluster.Name, NodegroupName: &name})
		if err != nil && !is(err, notFound) {
			return err
		}
		if err == nil {
			k.nodeGroups = append(k.nodeGroups, out.Nodegroup)
		}
	}
	return nil
}

func (l *look) askAddons(ctx context.Context, k *clusterLook) error {
	names, err := l.in.addonNames(ctx, k.cluster.Name)
	if err != nil {
		return err
	}
	for _, name := range names {
		out, err := l.in.eks.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: k.cluster.Name, AddonName: &name})
		if err != nil && !is(err, notFound) {
			return err
		}
		if err == nil {
			k.addons = append(k.addons, out.Addon)
		}
	}
	return nil
}

func (l *look) askEntries(ctx context.Context, k *clusterLook) error {
	arns, err := l.in.accessEntries(ctx, k.cluster.Name)
	if err != nil {
		return err
	}
	for _, arn := range arns {
		if err := l.askEntry(ctx, k, arn); err != nil && !is(err, notFound) {
			return err
		}
	}
	return nil
}

func (l *look) askEntry(ctx context.Context, k *clusterLook, arn string) error {
	out, err := l.in.eks.DescribeAccessEntry(ctx, &eks.DescribeAccessEntryInput{ClusterName: k.cluster.Name, PrincipalArn: &arn})
	if err != nil || out.AccessEntry.Tags[infra.TagFleetID] != l.question.ID {
		return err
	}
	e := entryLook{entry: out.AccessEntry}
	policies, err := l.in.accessPolicies(ctx, k.cluster.Name, &arn)
	if err != nil {
		return err
	}
	var names []string
	for _, p := range policies {
		names = append(names, lastPart(awssdk.ToString(p.PolicyArn)))
	}
	e.policy = infra.List(names)
	k.entries = append(k.entries, e)
	return nil
}

func (l *look) askIdentities(ctx context.Context, k *clusterLook) error {
	all, err := l.in.podIdentities(ctx, k.cluster.Name)
	if err != nil {
		return err
	}
	for _, a := range all {
		out, err := l.in.eks.DescribePodIdentityAssociation(ctx, &eks.DescribePodIdentityAssociationInput{ClusterName: k.cluster.Name, AssociationId: a.AssociationId})
		if err != nil && !is(err, notFound) {
			return err
		}
		if err == nil && out.Association.Tags[infra.TagFleetID] == l.question.ID {
			k.identities = append(k.identities, out.Association)
		}
	}
	return nil
}

func lastPart(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// found are the resources of a cluster; one that is adopted gives its rules only.
func (k *clusterLook) found(region, id string) (all []infra.Found) {
	c := k.cluster
	name := awssdk.ToString(c.Name)
	if k.group != nil {
		all = append(all, rulesIn(k.group, region, name, id)...)
	}
	if !k.own {
		return all
	}
	all = append(all, k.itself(region))
	for _, g := range k.nodeGroups {
		all = append(all, nodeGroupFound(g, region, name))
	}
	for _, a := range k.addons {
		all = append(all, infra.Found{ID: region + "/addon/" + awssdk.ToString(a.AddonName), Kind: infra.Addon, Region: region, Physical: name + "/" + awssdk.ToString(a.AddonName),
			State: addonState(a.Status), Detail: "it is " + string(a.Status) + addonHealth(a), Tags: a.Tags,
			Have: map[string]string{"arn": awssdk.ToString(a.AddonArn), "configuration": canonical(awssdk.ToString(a.ConfigurationValues))}, Refs: map[string]string{"cluster": name}})
	}
	for _, e := range k.entries {
		arn := awssdk.ToString(e.entry.PrincipalArn)
		all = append(all, infra.Found{ID: e.entry.Tags[infra.TagRole], Kind: infra.AccessEntry, Region: region, Physical: name + " " + arn, State: infra.Ready, Tags: e.entry.Tags,
			Have: map[string]string{"arn": awssdk.ToString(e.entry.AccessEntryArn), "principal": arn, "policy": e.policy, "groups": infra.List(e.entry.KubernetesGroups)}, Refs: map[string]string{"cluster": name}})
	}
	for _, a := range k.identities {
		all = append(all, infra.Found{ID: a.Tags[infra.TagRole], Kind: infra.PodIdentity, Region: region, Physical: awssdk.ToString(a.AssociationId), State: infra.Ready, Tags: a.Tags,
			Have: map[string]string{"arn": awssdk.ToString(a.AssociationArn), "namespace": awssdk.ToString(a.Namespace), "serviceAccount": awssdk.ToString(a.ServiceAccount)},
			Refs: map[string]string{"cluster": name, "role": lastPart(awssdk.ToString(a.RoleArn))}})
	}
	return all
}

func (k *clusterLook) itself(region string) infra.Found {
	c := k.cluster
	f := infra.Found{ID: region + "/cluster", Kind: infra.Cluster, Region: region, Physical: awssdk.ToString(c.Name), State: clusterState(c.Status), Detail: "it is " + string(c.Status), Tags: c.Tags,
		Have: map[string]string{"arn": awssdk.ToString(c.Arn), "version": awssdk.ToString(c.Version)}, Refs: map[string]string{"role": lastPart(awssdk.ToString(c.RoleArn))}}
	if v := c.ResourcesVpcConfig; v != nil {
		f.Have["public"], f.Have["private"] = strconv.FormatBool(v.EndpointPublicAccess), strconv.FormatBool(v.EndpointPrivateAccess)
		f.Have["publicRanges"] = infra.List(v.PublicAccessCidrs)
		f.Have["group"] = awssdk.ToString(v.ClusterSecurityGroupId)
		for _, s := range v.SubnetIds {
			f.Refs[s] = s
		}
	}
	if n := c.KubernetesNetworkConfig; n != nil {
		f.Have["services"] = awssdk.ToString(n.ServiceIpv4Cidr)
	}
	if p := c.UpgradePolicy; p != nil {
		f.Have["support"] = string(p.SupportType)
	}
	if c.Logging != nil {
		var on []string
		for _, s := range c.Logging.ClusterLogging {
			if awssdk.ToBool(s.Enabled) {
				for _, t := range s.Types {
					on = append(on, string(t))
				}
			}
		}
		f.Have["logs"] = infra.List(on)
	}
	return f
}

func nodeGroupFound(g *types.Nodegroup, region, cluster string) infra.Found {
	f := infra.Found{ID: region + "/" + awssdk.ToString(g.NodegroupName), Kind: infra.NodeGroup, Region: region, Physical: cluster + "/" + awssdk.ToString(g.NodegroupName), Tags: g.Tags,
		State: nodeGroupState(g.Status), Detail: "it is " + string(g.Status) + nodeGroupHealth(g),
		Have: map[string]string{"arn": awssdk.ToString(g.NodegroupArn), "instanceType": infra.List(g.InstanceTypes), "diskGiB": strconv.Itoa(int(awssdk.ToInt32(g.DiskSize))), "capacity": string(g.CapacityType)},
		Refs: map[string]string{"cluster": cluster, "role": lastPart(awssdk.ToString(g.NodeRole))}}
	if s := g.ScalingConfig; s != nil {
		f.Have["count"] = strconv.Itoa(int(awssdk.ToInt32(s.DesiredSize)))
	}
	for _, s := range g.Subnets {
		f.Refs[s] = s
	}
	return f
}

func nodeGroupHealth(g *types.Nodegroup) string {
	if g.Health == nil {
		return ""
	}
	var all []string
	for _, i := range g.Health.Issues {
		all = append(all, string(i.Code)+": "+awssdk.ToString(i.Message))
	}
	return prefixed("; ", strings.Join(all, "; "))
}

func addonHealth(a *types.Addon) string {
	if a.Health == nil {
		return ""
	}
	var all []string
	for _, i := range a.Health.Issues {
		all = append(all, string(i.Code)+": "+awssdk.ToString(i.Message))
	}
	return prefixed("; ", strings.Join(all, "; "))
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func clusterState(s types.ClusterStatus) infra.State {
	switch s {
	case types.ClusterStatusActive:
		return infra.Ready
	case types.ClusterStatusFailed:
		return infra.Failed
	case types.ClusterStatusDeleting:
		return infra.Leaving
	default:
		return infra.Pending
	}
}

func nodeGroupState(s types.NodegroupStatus) infra.State {
	switch s {
	case types.NodegroupStatusActive, types.NodegroupStatusDegraded, types.NodegroupStatusDeleteFailed:
		return infra.Ready
	case types.NodegroupStatusCreateFailed:
		return infra.Failed
	case types.NodegroupStatusDeleting:
		return infra.Leaving
	default:
		return infra.Pending
	}
}

// addonState: degraded ones get well by themselves when nodes come.
func addonState(s types.AddonStatus) infra.State {
	switch s {
	case types.AddonStatusActive, types.AddonStatusUpdateFailed, types.AddonStatusDeleteFailed, types.AddonStatusDegraded:
		return infra.Ready
	case types.AddonStatusCreateFailed:
		return infra.Failed
	case types.AddonStatusDeleting:
		return infra.Leaving
	default:
		return infra.Pending
	}
}

// canonical writes JSON with sorted keys, so that it can be compared.
func canonical(text string) string {
	var v any
	if text == "" || json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	data, err := json.Marshal(v)
	if err != nil || string(data) == "{}" {
		return ""
	}
	return string(data)
}

// describing is what the description of a rule says whose it is.
func describing(fleet, id string) string { return "ringspan " + fleet + " " + id }

// rulesIn are the fleet's rules of a group, by their description.
func rulesIn(g *ec2types.SecurityGroup, region, cluster, fleet string) (all []infra.Found) {
	rules := map[string][]string{}
	for _, p := range g.IpPermissions {
		for _, r := range p.IpRanges {
			if id, ok := strings.CutPrefix(awssdk.ToString(r.Description), describing(fleet, "")); ok {
				rules[id] = append(rules[id], ruleText(p, awssdk.ToString(r.CidrIp)))
			}
		}
	}
	for id, list := range rules {
		group := awssdk.ToString(g.GroupId)
		all = append(all, infra.Found{ID: id, Kind: infra.Rules, Region: region, Physical: group + " " + id, State: infra.Ready,
			Have: map[string]string{"rules": infra.List(list), "group": group}, Refs: map[string]string{"cluster": cluster}})
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	return all
}

// ruleText is a rule as infra.Rulebook writes it.
func ruleText(p ec2types.IpPermission, cidr string) string {
	return fmt.Sprintf("%s %d-%d %s", awssdk.ToString(p.IpProtocol), awssdk.ToInt32(p.FromPort), awssdk.ToInt32(p.ToPort), cidr)
}
