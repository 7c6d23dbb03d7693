package aws

import (
	"context"
	"encoding/base64"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var instanceKind = kind{create: (*job).createInstance, await: (*job).awaitInstance, remove: (*job).removeInstance}

// jumpDisk in GiB.
const jumpDisk = 20

func (n *contents) askInstances(ctx context.Context) (err error) {
	n.instances, err = n.in.instances(ctx, n.filters...)
	return err
}

func (o *observation) foundInstances() (all []infra.Found) {
	for _, i := range o.ours.instances {
		f := tagged(infra.Machine, i.InstanceId, i.Tags)
		f.Have["instanceType"] = string(i.InstanceType)
		f.Refs["subnet"], f.Refs["vpc"] = awssdk.ToString(i.SubnetId), awssdk.ToString(i.VpcId)
		for _, g := range i.SecurityGroups {
			f.Refs["group"] = awssdk.ToString(g.GroupId)
		}
		if p := i.IamInstanceProfile; p != nil {
			f.Refs["profile"] = lastPart(awssdk.ToString(p.Arn))
		}
		if i.State != nil {
			f.Detail = "it is " + string(i.State.Name)
			switch i.State.Name {
			case types.InstanceStateNamePending:
				f.State = infra.Pending
			case types.InstanceStateNameShuttingDown:
				f.State = infra.Deleting
			case types.InstanceStateNameTerminated:
				f.State, f.Refs = infra.Gone, nil
			default:
			}
		}
		all = append(all, f)
	}
	return all
}

// createInstance: its metadata answers to tokens only, its disk is encrypted,
// and it has no public address.
func (j *job) createInstance(ctx context.Context) error {
	in := &ec2.RunInstancesInput{
		ImageId: awssdk.String(j.want("image")), InstanceType: types.InstanceType(j.want("instanceType")), MinCount: awssdk.Int32(1), MaxCount: awssdk.Int32(1),
		ClientToken: j.token(), UserData: awssdk.String(base64.StdEncoding.EncodeToString([]byte(j.want("userData")))),
		SubnetId: awssdk.String(j.ref("subnet")), SecurityGroupIds: []string{j.ref("group")},
		IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: awssdk.String(j.ref("profile"))},
		MetadataOptions:    &types.InstanceMetadataOptionsRequest{HttpTokens: types.HttpTokensStateRequired, HttpPutResponseHopLimit: awssdk.Int32(1)},
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: awssdk.String("/dev/xvda"), Ebs: &types.EbsBlockDevice{
			Encrypted: awssdk.Bool(true), VolumeType: types.VolumeTypeGp3, VolumeSize: awssdk.Int32(jumpDisk), DeleteOnTermination: awssdk.Bool(true)}}},
		TagSpecifications: append(j.tagged(types.ResourceTypeInstance), j.tagged(types.ResourceTypeVolume)...),
	}
	return j.cloud.retry(ctx, "starting the jump host", func(ctx context.Context) error {
		out, err := j.region.ec2.RunInstances(ctx, in)
		if err == nil {
			j.physical = awssdk.ToString(out.Instances[0].InstanceId)
		}
		return err
	}, notFound, notYet)
}

func (j *job) instance(ctx context.Context) (types.InstanceStateName, error) {
	out, err := j.region.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{j.physical}})
	if is(err, notFound) || err == nil && (len(out.Reservations) == 0 || len(out.Reservations[0].Instances) == 0) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return out.Reservations[0].Instances[0].State.Name, nil
}

func (j *job) awaitInstance(ctx context.Context) error {
	j.waits("to start instance %s", j.physical)
	return j.cloud.poll(ctx, networkBudget, "instance "+j.physical, func(ctx context.Context) (bool, error) {
		state, err := j.instance(ctx)
		if state == types.InstanceStateNameTerminated || state == types.InstanceStateNameShuttingDown {
			return false, failure("%s ended before it ran", j.physical)
		}
		return state == types.InstanceStateNameRunning, err
	})
}

func (j *job) removeInstance(ctx context.Context) error {
	err := j.deleteWhenUnused(ctx, "ending "+j.physical, func(ctx context.Context) error {
		_, err := j.region.ec2.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{j.physical}})
		return err
	})
	if err != nil {
		return err
	}
	j.waits("to end instance %s", j.physical)
	return j.cloud.poll(ctx, networkBudget, "the end of "+j.physical, func(ctx context.Context) (bool, error) {
		state, err := j.instance(ctx)
		return err == nil && (state == "" || state == types.InstanceStateNameTerminated), err
	})
}
