package aws

import (
	"context"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var accessEntryKind = kind{create: (*job).createEntry, change: (*job).changeEntry, remove: (*job).removeEntry}

type observedEntry struct {
	entry  *types.AccessEntry
	policy string // name of the last part of the policy's ARN
}

func (o *observation) askEntries(ctx context.Context, k *observedCluster) error {
	arns, err := o.in.accessEntries(ctx, k.cluster.Name)
	if err != nil {
		return err
	}
	for _, arn := range arns {
		if err := o.askEntry(ctx, k, arn); err != nil && !is(err, notFound) {
			return err
		}
	}
	return nil
}

func (o *observation) askEntry(ctx context.Context, k *observedCluster, arn string) error {
	out, err := o.in.eks.DescribeAccessEntry(ctx, &eks.DescribeAccessEntryInput{ClusterName: k.cluster.Name, PrincipalArn: &arn})
	if err != nil || out.AccessEntry.Tags[infra.TagFleetID] != o.question.ID {
		return err
	}
	e := observedEntry{entry: out.AccessEntry}
	policies, err := o.in.accessPolicies(ctx, k.cluster.Name, &arn)
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

func (k *observedCluster) foundEntries(region string) (all []infra.Found) {
	name := awssdk.ToString(k.cluster.Name)
	for _, e := range k.entries {
		arn := awssdk.ToString(e.entry.PrincipalArn)
		all = append(all, infra.Found{ID: e.entry.Tags[infra.TagRole], Kind: infra.AccessEntry, Region: region, Physical: name + " " + arn, State: infra.Ready, Tags: e.entry.Tags,
			Have: map[string]string{"arn": awssdk.ToString(e.entry.AccessEntryArn), "principal": arn, "policy": e.policy, "groups": infra.List(e.entry.KubernetesGroups)}, Refs: map[string]string{"cluster": name}})
	}
	return all
}

func (j *job) createEntry(ctx context.Context) error {
	cluster, principal := j.ref("cluster"), j.want("principal")
	j.physical = cluster + " " + principal
	err := j.cloud.retry(ctx, "letting "+principal+" in", func(ctx context.Context) error {
		_, err := j.region.eks.CreateAccessEntry(ctx, &eks.CreateAccessEntryInput{ClusterName: &cluster, PrincipalArn: &principal, KubernetesGroups: infra.Values(j.want("groups")), Tags: j.tags()})
		return err
	}, notFound, notYet)
	if err != nil && !is(err, inUse) {
		return err
	}
	return j.policy(ctx, cluster, principal, "", j.want("policy"))
}

// policy moves an entry from one of EKS's access policies to another.
func (j *job) policy(ctx context.Context, cluster, principal, have, want string) error {
	arn := func(name string) *string {
		return awssdk.String("arn:" + j.cloud.partition + ":eks::aws:cluster-access-policy/" + name)
	}
	if want != "" && want != have {
		err := j.cloud.retry(ctx, "giving "+principal+" "+want, func(ctx context.Context) error {
			_, err := j.region.eks.AssociateAccessPolicy(ctx, &eks.AssociateAccessPolicyInput{ClusterName: &cluster, PrincipalArn: &principal, PolicyArn: arn(want), AccessScope: &types.AccessScope{Type: types.AccessScopeTypeCluster}})
			return err
		}, notFound)
		if err != nil {
			return err
		}
	}
	for _, old := range without(infra.Values(have), []string{want}) {
		_, err := j.region.eks.DisassociateAccessPolicy(ctx, &eks.DisassociateAccessPolicyInput{ClusterName: &cluster, PrincipalArn: &principal, PolicyArn: arn(old)})
		if err != nil && !is(err, notFound) {
			return err
		}
	}
	return nil
}

func (j *job) changeEntry(ctx context.Context) error {
	cluster, principal, _ := strings.Cut(j.physical, " ")
	f := j.step.Found
	if f.Have["groups"] != j.want("groups") {
		groups := infra.Values(j.want("groups"))
		if groups == nil {
			groups = []string{}
		}
		_, err := j.region.eks.UpdateAccessEntry(ctx, &eks.UpdateAccessEntryInput{ClusterName: &cluster, PrincipalArn: &principal, KubernetesGroups: groups})
		if err != nil {
			return err
		}
	}
	return j.policy(ctx, cluster, principal, f.Have["policy"], j.want("policy"))
}

func (j *job) removeEntry(ctx context.Context) error {
	cluster, principal, _ := strings.Cut(j.physical, " ")
	return j.deleteWhenUnused(ctx, "ending an access entry", func(ctx context.Context) error {
		_, err := j.region.eks.DeleteAccessEntry(ctx, &eks.DeleteAccessEntryInput{ClusterName: &cluster, PrincipalArn: &principal})
		return err
	})
}
