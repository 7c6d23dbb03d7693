package ec2

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/ringspan/ringspan/local/aws/wire"
)

// Image is a machine image. This cloud has Amazon's for jump hosts and nodes.
type Image struct {
	ImageId, Name, Description, Architecture, CreationDate, ImageType, PlatformDetails string
	OwnerId                                                                            string `wire:"imageOwnerId"`
	OwnerAlias                                                                         string `wire:"imageOwnerAlias"`
	State                                                                              string `wire:"imageState"`
	Public                                                                             bool   `wire:"isPublic"`
	RootDeviceName, RootDeviceType, VirtualizationType, Hypervisor                     string
	EnaSupport                                                                         bool
	BlockDeviceMappings                                                                []BlockDevice `wire:"blockDeviceMapping"`

	Parameter string `wire:"-"` // public SSM parameter that names the image
}

// BlockDevice is a disk of an image or an instance.
type BlockDevice struct {
	DeviceName string
	Ebs        *EbsBlockDevice
}

// EbsBlockDevice is a disk's settings.
type EbsBlockDevice struct {
	DeleteOnTermination, Encrypted   *bool
	VolumeSize, Iops, Throughput     int `wire:",omitempty"`
	VolumeType, KmsKeyId, SnapshotId string
}

// Versions are the Kubernetes versions for which there are node images, the
// newest first.
var Versions = []string{"1.36", "1.35", "1.34", "1.33", "1.32", "1.31"}

const (
	imageDate = "2026-05-01T00:00:00.000Z"
	amazon    = "137112412989" // Amazon Linux's account
	eksImages = "602401143452" // of Amazon EKS's images
)

// Images lists a region's images.
func Images(region string) []Image {
	var out []Image
	for _, arch := range []string{"x86_64", "arm64"} {
		for _, kernel := range []string{"6.1", "default"} {
			out = append(out, newImage(region, "al2023-ami-2023.7.20260501.0-kernel-"+kernel+"-"+arch, arch, amazon,
				"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-"+kernel+"-"+arch))
		}
		for _, v := range Versions {
			out = append(out, newImage(region, "amazon-eks-node-al2023-"+arch+"-standard-"+v+"-v20260501", arch, eksImages,
				"/aws/service/eks/optimized-ami/"+v+"/amazon-linux-2023/"+arch+"/standard/recommended/image_id"))
		}
	}
	return out
}

func newImage(region, name, arch, owner, parameter string) Image {
	sum := sha256.Sum256([]byte(region + name))
	keep := true
	return Image{
		ImageId: "ami-" + hex.EncodeToString(sum[:])[:17], Name: name, Description: name, Architecture: arch, CreationDate: imageDate,
		ImageType: "machine", PlatformDetails: "Linux/UNIX", OwnerId: owner, OwnerAlias: "amazon", State: "available", Public: true,
		RootDeviceName: "/dev/xvda", RootDeviceType: "ebs", VirtualizationType: "hvm", Hypervisor: "xen", EnaSupport: true, Parameter: parameter,
		BlockDeviceMappings: []BlockDevice{{"/dev/xvda", &EbsBlockDevice{DeleteOnTermination: &keep, VolumeSize: 8, VolumeType: "gp3"}}},
	}
}

// findImage is an image by id or by resolve:ssm:PARAMETER.
func (a *API) findImage(id string) (*Image, error) {
	for _, i := range Images(a.region.Name) {
		if i.ImageId == id || "resolve:ssm:"+i.Parameter == id {
			return &i, nil
		}
	}
	return nil, wire.Errorf("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
}

var imageKind = &kind[Image]{filters: map[string]func(*API, *Image) []string{
	"image-id":            of(func(i *Image) string { return i.ImageId }),
	"name":                of(func(i *Image) string { return i.Name }),
	"description":         of(func(i *Image) string { return i.Description }),
	"architecture":        of(func(i *Image) string { return i.Architecture }),
	"owner-id":            of(func(i *Image) string { return i.OwnerId }),
	"owner-alias":         of(func(i *Image) string { return i.OwnerAlias }),
	"state":               of(func(i *Image) string { return i.State }),
	"is-public":           of(func(i *Image) string { return flag(i.Public) }),
	"root-device-type":    of(func(i *Image) string { return i.RootDeviceType }),
	"virtualization-type": of(func(i *Image) string { return i.VirtualizationType }),
	"image-type":          of(func(i *Image) string { return i.ImageType }),
	"hypervisor":          of(func(i *Image) string { return i.Hypervisor }),
	"ena-support":         of(func(i *Image) string { return flag(i.EnaSupport) }),
}}

// DescribeImagesInput is DescribeImages's.
type DescribeImagesInput struct {
	ImageIds          []string `wire:"ImageId"`
	Owners            []string `wire:"Owner"`
	Filters           []Filter `wire:"Filter"`
	IncludeDeprecated bool
	Page
}

// DescribeImagesOutput is DescribeImages's.
type DescribeImagesOutput struct {
	Images    []*Image `wire:"imagesSet"`
	NextToken string
}

// DescribeImages lists images, in one page.
func (a *API) DescribeImages(_ context.Context, in *DescribeImagesInput) (*DescribeImagesOutput, error) {
	for _, id := range in.ImageIds {
		if _, err := a.findImage(id); err != nil {
			return nil, err
		}
	}
	out := &DescribeImagesOutput{}
	for _, i := range Images(a.region.Name) {
		ok, err := passes(a, imageKind, &i, in.Filters)
		if err != nil {
			return nil, err
		}
		owned := len(in.Owners) == 0 || slices.Contains(in.Owners, i.OwnerId) || slices.Contains(in.Owners, i.OwnerAlias)
		if ok && owned && (len(in.ImageIds) == 0 || slices.Contains(in.ImageIds, i.ImageId)) {
			out.Images = append(out.Images, &i)
		}
	}
	return out, nil
}
