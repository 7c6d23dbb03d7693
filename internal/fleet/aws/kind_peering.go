package aws

import (
	"context"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var peeringKind = kind{create: (*job).createPeering, await: (*job).awaitPeering, remove: (*job).removePeering}

// askPeerings lists a peering in both of its regions, each time with that region's tags.
func (n *contents) askPeerings(ctx context.Context) (err error) {
	n.peerings, err = n.in.peerings(ctx, n.filters...)
	return err
}

// foundPeerings: the requester's region has the peering, the accepter's its
// acceptance. Both carry tags of their own.
func (o *observation) foundPeerings() (all []infra.Found) {
	for _, p := range o.ours.peerings {
		f := tagged(infra.Link, p.VpcPeeringConnectionId, p.Tags)
		requester, accepter := p.RequesterVpcInfo, p.AccepterVpcInfo
		if requester == nil || accepter == nil || strings.HasPrefix(f.ID, "acceptance/") && awssdk.ToString(requester.Region) != o.in.name {
			if f.ID != "" {
				f.Kind = infra.LinkAcceptance
				f.Have["mine"] = "true" // only its tags count: see deriveAcceptances
				all = append(all, f)
			}
			continue
		}
		f.ID = strings.Replace(f.ID, "acceptance/", "peering/", 1) // both sides in one region
		f.Refs["vpc"], f.Refs["peer"] = awssdk.ToString(requester.VpcId), awssdk.ToString(accepter.VpcId)
		f.Have["accepter"], f.Have["status"] = awssdk.ToString(accepter.Region), ""
		if p.Status != nil {
			f.Have["status"] = string(p.Status.Code)
			f.State, f.Detail = peeringState(p.Status.Code), awssdk.ToString(p.Status.Message)
		}
		all = append(all, f)
	}
	return all
}

func peeringState(code types.VpcPeeringConnectionStateReasonCode) infra.State {
	switch code {
	case types.VpcPeeringConnectionStateReasonCodeInitiatingRequest:
		return infra.Pending
	case types.VpcPeeringConnectionStateReasonCodeFailed, types.VpcPeeringConnectionStateReasonCodeRejected, types.VpcPeeringConnectionStateReasonCodeExpired:
		return infra.Failed
	case types.VpcPeeringConnectionStateReasonCodeDeleting:
		return infra.Deleting
	case types.VpcPeeringConnectionStateReasonCodeDeleted:
		return infra.Gone
	default:
		return infra.Ready
	}
}

// livePeering filters for peerings that work or are on their way.
func livePeering() types.Filter {
	return filter("status-code", "initiating-request", "pending-acceptance", "provisioning", "active")
}

func (j *job) createPeering(ctx context.Context) error {
	err := j.cloud.retry(ctx, "asking for a peering", func(ctx context.Context) error {
		out, err := j.region.ec2.CreateVpcPeeringConnection(ctx, &ec2.CreateVpcPeeringConnectionInput{VpcId: awssdk.String(j.ref("vpc")), PeerVpcId: awssdk.String(j.ref("peer")),
			PeerRegion: awssdk.String(j.want("peerRegion")), TagSpecifications: j.tagged(types.ResourceTypeVpcPeeringConnection)})
		if err == nil {
			j.physical = awssdk.ToString(out.VpcPeeringConnection.VpcPeeringConnectionId)
		}
		return err
	}, notFound)
	if !is(err, exists) {
		return err
	}
	return j.useOthers(ctx, func(ctx context.Context) (ids []string, err error) {
		all, err := j.region.peerings(ctx, append(j.role(), livePeering())...)
		return idsOf(all, func(p types.VpcPeeringConnection) *string { return p.VpcPeeringConnectionId }), err
	}, err)
}

// peering's state, as the region of this step sees it.
func (j *job) peering(ctx context.Context, id string) (code types.VpcPeeringConnectionStateReasonCode, message string, err error) {
	out, err := j.region.ec2.DescribeVpcPeeringConnections(ctx, &ec2.DescribeVpcPeeringConnectionsInput{VpcPeeringConnectionIds: []string{id}})
	if is(err, notFound) || err == nil && (len(out.VpcPeeringConnections) == 0 || out.VpcPeeringConnections[0].Status == nil) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	status := out.VpcPeeringConnections[0].Status
	return status.Code, awssdk.ToString(status.Message), nil
}

// awaitPeering: AWS says at once when the ranges overlap.
func (j *job) awaitPeering(ctx context.Context) error {
	return j.cloud.poll(ctx, settleBudget, "peering "+j.physical, func(ctx context.Context) (bool, error) {
		code, message, err := j.peering(ctx, j.physical)
		if err != nil {
			return false, err
		}
		switch code {
		case "", types.VpcPeeringConnectionStateReasonCodeInitiatingRequest:
			return false, nil
		case types.VpcPeeringConnectionStateReasonCodeFailed, types.VpcPeeringConnectionStateReasonCodeRejected, types.VpcPeeringConnectionStateReasonCodeExpired:
			return false, failure("%s is %s: %s. Do the ranges of the two networks overlap?", j.physical, code, message)
		default:
			return true, nil
		}
	})
}

func (j *job) removePeering(ctx context.Context) error {
	err := j.deleteWhenUnused(ctx, "deleting "+j.physical, func(ctx context.Context) error {
		_, err := j.region.ec2.DeleteVpcPeeringConnection(ctx, &ec2.DeleteVpcPeeringConnectionInput{VpcPeeringConnectionId: &j.physical})
		return err
	})
	if err != nil {
		return err
	}
	return j.cloud.poll(ctx, settleBudget, "the end of "+j.physical, func(ctx context.Context) (bool, error) {
		code, _, err := j.peering(ctx, j.physical)
		return err == nil && code != types.VpcPeeringConnectionStateReasonCodeDeleting && code != types.VpcPeeringConnectionStateReasonCodeActive, err
	})
}
