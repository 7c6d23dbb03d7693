package ec2

import (
	"context"
	"time"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// Volume is a disk.
type Volume struct {
	VolumeId, AvailabilityZone, VolumeType, SnapshotId string
	State                                              string `wire:"status"`
	Size, Iops, Throughput                             int
	Encrypted                                          bool
	CreateTime                                         time.Time
	Attachments                                        []VolumeAttachment `wire:"attachmentSet"`
	Tagged
}

// VolumeAttachment is the machine that a disk belongs to.
type VolumeAttachment struct {
	VolumeId, InstanceId, Device string
	State                        string `wire:"status"`
	DeleteOnTermination          bool
	AttachTime                   time.Time
}

var volumes = &kind[Volume]{
	noun: "volume", code: "InvalidVolume", prefix: "vol",
	table: func(r *Region) *world.Table[Volume] { return &r.Volumes },
	id:    func(v *Volume) string { return v.VolumeId },
	tags:  func(v *Volume) *[]Tag { return &v.Tags },
	filters: map[string]func(*API, *Volume) []string{
		"volume-id":         of(func(v *Volume) string { return v.VolumeId }),
		"volume-type":       of(func(v *Volume) string { return v.VolumeType }),
		"status":            of(func(v *Volume) string { return v.State }),
		"availability-zone": of(func(v *Volume) string { return v.AvailabilityZone }),
		"attachment.instance-id": many(func(v *Volume) []string {
			return each(v.Attachments, func(t VolumeAttachment) string { return t.InstanceId })
		}),
		"attachment.device": many(func(v *Volume) []string {
			return each(v.Attachments, func(t VolumeAttachment) string { return t.Device })
		}),
	},
}

// addDisks gives a new machine its disks: those of the image, changed and
// added to as the launch says.
func (a *API) addDisks(n *Instance, l *launch) {
	root := l.image.BlockDeviceMappings[0]
	disks := []BlockDevice{root}
	for _, d := range l.in.BlockDeviceMappings {
		if d.DeviceName == root.DeviceName {
			disks[0] = d
		} else {
			disks = append(disks, d)
		}
	}
	for _, d := range disks {
		if d.Ebs != nil {
			a.addDisk(n, d, l.volTags)
		}
	}
}

func (a *API) addDisk(n *Instance, d BlockDevice, tags []Tag) {
	v := &Volume{
		VolumeId: a.world.IDs.New("vol"), AvailabilityZone: n.Placement.AvailabilityZone, VolumeType: d.Ebs.VolumeType, SnapshotId: d.Ebs.SnapshotId,
		State: "in-use", Size: d.Ebs.VolumeSize, Iops: d.Ebs.Iops, Throughput: d.Ebs.Throughput, Encrypted: d.Ebs.Encrypted != nil && *d.Ebs.Encrypted,
		CreateTime: a.now(), Tagged: Tagged{tags},
	}
	if v.Size == 0 {
		v.Size = 8
	}
	if v.VolumeType == "" {
		v.VolumeType = "gp3"
	}
	if v.VolumeType == "gp3" {
		v.Iops, v.Throughput = max(v.Iops, 3000), max(v.Throughput, 125)
	}
	ends := d.Ebs.DeleteOnTermination == nil || *d.Ebs.DeleteOnTermination
	v.Attachments = []VolumeAttachment{{v.VolumeId, n.InstanceId, d.DeviceName, "attached", ends, a.now()}}
	put(a, volumes, v)
	n.BlockDeviceMappings = append(n.BlockDeviceMappings, InstanceBlockDevice{d.DeviceName, EbsInstanceBlockDevice{v.VolumeId, "attached", ends, a.now()}})
}

// DescribeVolumesInput is DescribeVolumes's.
type DescribeVolumesInput struct {
	VolumeIds []string `wire:"VolumeId"`
	Filters   []Filter `wire:"Filter"`
	Page
}

// DescribeVolumesOutput is DescribeVolumes's.
type DescribeVolumesOutput struct {
	Volumes   []*Volume `wire:"volumeSet"`
	NextToken string
}

// DescribeVolumes lists disks.
func (a *API) DescribeVolumes(_ context.Context, in *DescribeVolumesInput) (*DescribeVolumesOutput, error) {
	found, next, err := list(a, volumes, in.VolumeIds, in.Filters, in.Page)
	return &DescribeVolumesOutput{found, next}, err
}

// VolumeIdInput names a disk.
type VolumeIdInput struct {
	VolumeId string
}

// DeleteVolume removes a disk that no machine has.
func (a *API) DeleteVolume(_ context.Context, in *VolumeIdInput) (*Done, error) {
	v, err := find(a, volumes, in.VolumeId)
	if err != nil {
		return nil, err
	}
	if len(v.Attachments) > 0 {
		return nil, wire.Errorf("VolumeInUse", "Volume %s is currently attached to %s", v.VolumeId, v.Attachments[0].InstanceId)
	}
	a.region.Volumes.Delete(v.VolumeId)
	return done()
}
