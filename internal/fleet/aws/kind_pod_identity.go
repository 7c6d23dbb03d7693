package aws

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var podIdentityKind = kind{create: (*job).createIdentity, change: (*job).changeIdentity, remove: (*job).removeIdentity}

func (o *observation) askIdentities(ctx context.Context, k *observedCluster) error {
	all, err := o.in.podIdentities(ctx, k.cluster.Name)
	if err != nil {
		return err
	}
	for _, a := range all {
		out, err := o.in.eks.DescribePodIdentityAssociation(ctx, &eks.DescribePodIdentityAssociationInput{ClusterName: k.cluster.Name, AssociationId: a.AssociationId})
		if err != nil && !is(err, notFound) {
			return err
		}
		if err == nil && out.Association.Tags[infra.TagFleetID] == o.question.ID {
			k.identities = append(k.identities, out.Association)
		}
	}
	return nil
}

func (k *observedCluster) foundIdentities(region string) (all []infra.Found) {
	name := awssdk.ToString(k.cluster.Name)
	for _, a := range k.identities {
		all = append(all, infra.Found{ID: a.Tags[infra.TagRole], Kind: infra.WorkloadIdentity, Region: region, Physical: awssdk.ToString(a.AssociationId), State: infra.Ready, Tags: a.Tags,
			Have: map[string]string{"arn": awssdk.ToString(a.AssociationArn), "namespace": awssdk.ToString(a.Namespace), "serviceAccount": awssdk.ToString(a.ServiceAccount)},
			Refs: map[string]string{"cluster": name, "role": lastPart(awssdk.ToString(a.RoleArn))}})
	}
	return all
}

func (j *job) createIdentity(ctx context.Context) error {
	cluster := j.ref("cluster")
	err := j.cloud.retry(ctx, "giving a pod its role", func(ctx context.Context) error {
		out, err := j.region.eks.CreatePodIdentityAssociation(ctx, &eks.CreatePodIdentityAssociationInput{ClusterName: &cluster, Namespace: awssdk.String(j.want("namespace")), ServiceAccount: awssdk.String(j.want("serviceAccount")),
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
	_, err := j.region.eks.UpdatePodIdentityAssociation(ctx, &eks.UpdatePodIdentityAssociationInput{ClusterName: awssdk.String(j.ref("cluster")), AssociationId: &j.physical, RoleArn: awssdk.String(j.roleARN(j.ref("role")))})
	return err
}

func (j *job) removeIdentity(ctx context.Context) error {
	return j.deleteWhenUnused(ctx, "ending a pod's role", func(ctx context.Context) error {
		_, err := j.region.eks.DeletePodIdentityAssociation(ctx, &eks.DeletePodIdentityAssociationInput{ClusterName: awssdk.String(j.step.Found.Refs["cluster"]), AssociationId: &j.physical})
		return err
	})
}
