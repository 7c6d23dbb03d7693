package aws

import (
	"context"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

func (j *job) createAddon(ctx context.Context) error {
	cluster, name := j.ref("cluster"), j.want("name")
	j.physical = cluster + "/" + name
	in := &eks.CreateAddonInput{ClusterName: &cluster, AddonName: &name, ResolveConflicts: types.ResolveConflictsOverwrite, Tags: j.tags()}
	if c := j.want("configuration"); c != "" {
		in.ConfigurationValues = &c
	}
	err := j.cloud.settle(ctx, "adding "+j.physical, func(ctx context.Context) error {
		_, err := j.eks.CreateAddon(ctx, in)
		return err
	}, notFound, notYet)
	if is(err, inUse) {
		return nil
	}
	return err
}

func (j *job) addon(ctx context.Context) (*types.Addon, error) {
	cluster, name := j.part()
	out, err := j.eks.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: &cluster, AddonName: &name})
	if is(err, notFound) {
		return nil, nil //nolint:nilnil // not there is no error here
	}
	if err != nil {
		return nil, err
	}
	return out.Addon, nil
}

// awaitAddon: one that needs nodes is DEGRADED until they come, and then gets
// well by itself; those that come after the nodes are waited for.
func (j *job) awaitAddon(ctx context.Context) error {
	j.waits("to install add-on %s", j.physical)
	return j.cloud.until(ctx, clusterBudget, "add-on "+j.physical, func(ctx context.Context) (bool, error) {
		a, err := j.addon(ctx)
		if err != nil || a == nil {
			return false, err
		}
		switch a.Status {
		case types.AddonStatusCreateFailed, types.AddonStatusUpdateFailed:
			return false, failure("add-on %s is %s%s", j.physical, a.Status, addonHealth(a))
		case types.AddonStatusActive, types.AddonStatusDegraded:
			return true, nil
		default:
			return false, nil
		}
	})
}

func (j *job) changeAddon(ctx context.Context) error {
	cluster, name := j.part()
	err := j.cloud.settle(ctx, "changing "+j.physical, func(ctx context.Context) error {
		_, err := j.eks.UpdateAddon(ctx, &eks.UpdateAddonInput{ClusterName: &cluster, AddonName: &name, ConfigurationValues: awssdk.String(j.want("configuration")), ResolveConflicts: types.ResolveConflictsOverwrite})
		return err
	}, inUse)
	if err != nil {
		return err
	}
	return j.awaitAddon(ctx)
}

func (j *job) removeAddon(ctx context.Context) error {
	cluster, name := j.part()
	err := j.gone(ctx, "deleting "+j.physical, func(ctx context.Context) error {
		_, err := j.eks.DeleteAddon(ctx, &eks.DeleteAddonInput{ClusterName: &cluster, AddonName: &name})
		return err
	})
	if err != nil {
		return err
	}
	return j.cloud.until(ctx, clusterBudget, "the end of "+j.physical, func(ctx context.Context) (bool, error) {
		a, err := j.addon(ctx)
		return err == nil && a == nil, err
	})
}

func (j *job) createEntry(ctx context.Context) error {
	cluster, principal := j.ref("cluster"), j.want("principal")
	j.physical = cluster + " " + principal
	err := j.cloud.settle(ctx, "letting "+principal+" in", func(ctx context.Context) error {
		_, err := j.eks.CreateAccessEntry(ctx, &eks.CreateAccessEntryInput{ClusterName: &cluster, PrincipalArn: &principal, KubernetesGroups: infra.Values(j.want("groups")), Tags: j.tags()})
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
		return awssdk.String("arn:" + j.cloud.Partition + ":eks::aws:cluster-access-policy/" + name)
	}
	if want != "" && want != have {
		err := j.cloud.settle(ctx, "giving "+principal+" "+want, func(ctx context.Context) error {
			_, err := j.eks.AssociateAccessPolicy(ctx, &eks.AssociateAccessPolicyInput{ClusterName: &cluster, PrincipalArn: &principal, PolicyArn: arn(want), AccessScope: &types.AccessScope{Type: types.AccessScopeTypeCluster}})
			return err
		}, notFound)
		if err != nil {
			return err
		}
	}
	for _, old := range without(infra.Values(have), []string{want}) {
		_, err := j.eks.DisassociateAccessPolicy(ctx, &eks.DisassociateAccessPolicyInput{ClusterName: &cluster, PrincipalArn: &principal, PolicyArn: arn(old)})
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
		_, err := j.eks.UpdateAccessEntry(ctx, &eks.UpdateAccessEntryInput{ClusterName: &cluster, PrincipalArn: &principal, KubernetesGroups: groups})
		if err != nil {
			return err
		}
	}
	return j.policy(ctx, cluster, principal, f.Have["policy"], j.want("policy"))
}

func (j *job) removeEntry(ctx context.Context) error {
	cluster, principal, _ := strings.Cut(j.physical, " ")
	return j.gone(ctx, "ending an access entry", func(ctx context.Context) error {
		_, err := j.eks.DeleteAccessEntry(ctx, &eks.DeleteAccessEntryInput{ClusterName: &cluster, PrincipalArn: &principal})
		return err
	})
}

func (j *job) createIdentity(ctx context.Context) error {
	cluster := j.ref("cluster")
	err := j.cloud.settle(ctx, "giving a pod its role", func(ctx context.Context) error {
		out, err := j.eks.CreatePodIdentityAssociation(ctx, &eks.CreatePodIdentityAssociationInput{ClusterName: &cluster, Namespace: awssdk.String(j.want("namespace")), ServiceAccount: awssdk.String(j.want("serviceAccount")),
			RoleArn: awssdk.String(j.roleARN(j.ref("role"))), Tags: j.tags()})
		if err == nil {
			j.physical = awssdk.ToString(out.Association.AssociationId)
		}
		return err
	}, notFound, notYet)
	if is(err, inUse) {
		return nil
	}
	return err
}

func (j *job) changeIdentity(ctx context.Context) error {
	_, err := j.eks.UpdatePodIdentityAssociation(ctx, &eks.UpdatePodIdentityAssociationInput{ClusterName: awssdk.String(j.ref("cluster")), AssociationId: &j.physical, RoleArn: awssdk.String(j.roleARN(j.ref("role")))})
	return err
}

func (j *job) removeIdentity(ctx context.Context) error {
	return j.gone(ctx, "ending a pod's role", func(ctx context.Context) error {
		_, err := j.eks.DeletePodIdentityAssociation(ctx, &eks.DeletePodIdentityAssociationInput{ClusterName: awssdk.String(j.step.Found.Refs["cluster"]), AssociationId: &j.physical})
		return err
	})
}
