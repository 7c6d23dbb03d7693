package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

var volumeKind = kind{remove: (*job).removeVolume}

// askVolumes finds volumes that the clusters' CSI drivers made and didn't delete.
func (n *contents) askVolumes(ctx context.Context) (err error) {
	n.volumes, err = n.in.volumes(ctx, n.filters...)
	return err
}

func (o *observation) foundVolumes() (all []infra.Found) {
	for _, v := range o.ours.volumes {
		f := tagged(infra.Volume, v.VolumeId, v.Tags)
		f.ID = o.in.name + "/volume/" + f.Physical
		all = append(all, f)
	}
	return all
}

func (j *job) removeVolume(ctx context.Context) error {
	return j.deleteWhenUnused(ctx, "deleting "+j.physical, func(ctx context.Context) error {
		_, err := j.region.ec2.DeleteVolume(ctx, &ec2.DeleteVolumeInput{VolumeId: &j.physical})
		return err
	})
}
