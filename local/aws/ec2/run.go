package ec2

import (
	"context"
	"strings"

	"github.com/ringspan/ringspan/local/aws/wire"
)

// RunInstancesInput is RunInstances's.
type RunInstancesInput struct {
	ImageId, InstanceType, SubnetId, PrivateIpAddress, UserData, ClientToken string
	MinCount, MaxCount                                                       int
	SecurityGroupIds                                                         []string                        `wire:"SecurityGroupId"`
	NetworkInterfaces                                                        []NetworkInterfaceSpecification `wire:"NetworkInterface"`
	BlockDeviceMappings                                                      []BlockDevice                   `wire:"BlockDeviceMapping"`
	IamInstanceProfile                                                       *ProfileSpecification
	MetadataOptions                                                          *MetadataOptionsRequest
	LaunchTemplate                                                           *LaunchTemplateSpecification
	TagSpecifications                                                        []TagSpecification `wire:"TagSpecification"`
	Monitoring                                                               *struct{ Enabled bool }
	EbsOptimized, DisableApiTermination                                      bool
	InstanceInitiatedShutdownBehavior                                        string
	CreditSpecification                                                      *struct{ CpuCredits string }
	Placement                                                                *Placement
	HibernationOptions                                                       *struct{ Configured bool }
	EnclaveOptions                                                           *struct{ Enabled bool }
}

// NetworkInterfaceSpecification is an interface that an instance shall have.
type NetworkInterfaceSpecification struct {
	DeviceIndex                                                 int
	NetworkInterfaceId, SubnetId, Description, PrivateIpAddress string
	Groups                                                      []string `wire:"SecurityGroupId"`
	AssociatePublicIpAddress, DeleteOnTermination               *bool
}

// ProfileSpecification names an instance profile.
type ProfileSpecification struct {
	Arn, Name string
}

// MetadataOptionsRequest asks for settings of the metadata service.
type MetadataOptionsRequest struct {
	HttpTokens, HttpEndpoint, HttpProtocolIpv6, InstanceMetadataTags string
	HttpPutResponseHopLimit                                          int `wire:",omitempty"`
}

// LaunchTemplateSpecification names a launch template.
type LaunchTemplateSpecification struct {
	LaunchTemplateId, LaunchTemplateName, Version string
}

// RunInstances starts machines.
func (a *API) RunInstances(_ context.Context, in *RunInstancesInput) (*Reservation, error) {
	if in.LaunchTemplate != nil {
		if err := a.fillFromTemplate(in); err != nil {
			return nil, err
		}
	}
	if in.MinCount < 1 || in.MaxCount < in.MinCount {
		return nil, wire.Errorf("InvalidParameterValue", "MinCount must be at least 1, and MaxCount at least MinCount")
	}
	if in.HibernationOptions != nil && in.HibernationOptions.Configured || in.EnclaveOptions != nil && in.EnclaveOptions.Enabled {
		return nil, wire.Errorf("UnsupportedOperation", "this cloud has neither hibernation nor enclaves")
	}
	l, err := a.newLaunch(in)
	if err != nil {
		return nil, err
	}
	r := &Reservation{ReservationId: a.world.IDs.New("r"), OwnerId: a.world.Account}
	for i := range in.MaxCount {
		n, err := l.run(a, r.ReservationId, i)
		if err != nil {
			if i >= in.MinCount {
				break
			}
			return nil, err
		}
		r.Instances = append(r.Instances, a.instanceView(n))
	}
	return r, nil
}

// launch is a validated request for machines.
type launch struct {
	in                     *RunInstancesInput
	image                  *Image
	machine                machine
	subnet                 *Subnet
	first                  NetworkInterfaceSpecification
	spot                   bool
	profile                *IamInstanceProfile
	tags, netTags, volTags []Tag
}

func (a *API) newLaunch(in *RunInstancesInput) (*launch, error) {
	l := &launch{in: in, first: NetworkInterfaceSpecification{SubnetId: in.SubnetId, Groups: in.SecurityGroupIds, PrivateIpAddress: in.PrivateIpAddress}}
	if len(in.NetworkInterfaces) > 0 {
		l.first = in.NetworkInterfaces[0]
		if l.first.SubnetId == "" {
			l.first.SubnetId = in.SubnetId
		}
	}
	for _, check := range []func(*API) error{l.findImage, l.findSubnet, l.findProfile, l.findTags} {
		if err := check(a); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *launch) findImage(a *API) (err error) {
	if l.in.ImageId == "" {
		return missing("ImageId")
	}
	if l.image, err = a.findImage(l.in.ImageId); err != nil {
		return err
	}
	if l.in.InstanceType == "" {
		l.in.InstanceType = "t3.micro"
	}
	if l.machine, err = machineOf(l.in.InstanceType); err != nil {
		return wire.Errorf("InvalidParameterValue", "Invalid value '%s' for InstanceType.", l.in.InstanceType)
	}
	if l.machine.arch() != l.image.Architecture {
		return wire.Errorf("InvalidParameterValue",
			"The architecture '%s' of the specified instance type does not match the architecture '%s' of the specified AMI.", l.machine.arch(), l.image.Architecture)
	}
	return nil
}

func (l *launch) findSubnet(a *API) (err error) {
	if l.first.NetworkInterfaceId != "" {
		i, err := find(a, networkInterfaces, l.first.NetworkInterfaceId)
		if err != nil {
			return err
		}
		l.first.SubnetId = i.SubnetId
	}
	if l.first.SubnetId == "" {
		return wire.Errorf("MissingInput", "No subnets found for the default VPC: there is none; please specify a subnet.")
	}
	l.subnet, err = find(a, subnets, l.first.SubnetId)
	return err
}

func (l *launch) findProfile(a *API) error {
	p := l.in.IamInstanceProfile
	if p == nil {
		return nil
	}
	name := p.Name
	if name == "" {
		name = p.Arn[strings.LastIndex(p.Arn, "/")+1:]
	}
	if a.Profile == nil {
		return nil
	}
	arn, id, ok := a.Profile(name)
	if !ok {
		return wire.Errorf("InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", name)
	}
	l.profile = &IamInstanceProfile{arn, id}
	return nil
}

func (l *launch) findTags(*API) (err error) {
	specs, types := l.in.TagSpecifications, []string{"instance", "volume", "network-interface", "spot-instances-request"}
	if l.tags, err = tagsFor(specs, "instance", types...); err != nil {
		return err
	}
	if l.volTags, err = tagsFor(specs, "volume", types...); err != nil {
		return err
	}
	l.netTags, err = tagsFor(specs, "network-interface", types...)
	return err
}

// run starts one machine.
func (l *launch) run(a *API, reservation string, index int) (*Instance, error) {
	if err := a.vcpuLimit(l.machine, l.spot); err != nil {
		return nil, err
	}
	i, err := l.primary(a)
	if err != nil {
		return nil, err
	}
	n := &Instance{
		InstanceId: a.world.IDs.New("i"), ImageId: l.image.ImageId, InstanceType: l.machine.name, PrivateDnsName: i.PrivateDnsName,
		PrivateIpAddress: i.PrivateIpAddress, SubnetId: i.SubnetId, VpcId: i.VpcId, State: statePending, AmiLaunchIndex: index,
		Architecture: l.image.Architecture, ClientToken: l.in.ClientToken, RootDeviceName: l.image.RootDeviceName, RootDeviceType: "ebs",
		VirtualizationType: "hvm", Hypervisor: "xen", PlatformDetails: "Linux/UNIX", EbsOptimized: l.in.EbsOptimized, EnaSupport: true,
		LaunchTime: a.now(), Placement: Placement{AvailabilityZone: i.AvailabilityZone, Tenancy: "default"}, Monitoring: NestedState{"disabled"},
		IamInstanceProfile: l.profile, MetadataOptions: metadataOptions(l.in.MetadataOptions), Tagged: Tagged{l.tags}, ReservationId: reservation,
		UserData: l.in.UserData, ProtectTerminate: l.in.DisableApiTermination, OnShutdown: "stop", Primary: i.NetworkInterfaceId, Due: a.world.In(instancePending),
	}
	if l.spot {
		n.InstanceLifecycle = lifecycleSpot
	}
	if l.in.InstanceInitiatedShutdownBehavior != "" {
		n.OnShutdown = l.in.InstanceInitiatedShutdownBehavior
	}
	if l.in.Monitoring != nil && l.in.Monitoring.Enabled {
		n.Monitoring.State = "enabled"
	}
	i.attach(&InterfaceAttachment{
		AttachmentId: a.world.IDs.New("eni-attach"), InstanceId: n.InstanceId, InstanceOwnerId: a.world.Account, Status: "attached", AttachTime: a.now(),
		DeleteOnTermination: l.first.NetworkInterfaceId == "" && (l.first.DeleteOnTermination == nil || *l.first.DeleteOnTermination),
	})
	a.addDisks(n, l)
	put(a, instances, n)
	return n, nil
}

// primary is the machine's first interface, made or taken.
func (l *launch) primary(a *API) (*NetworkInterface, error) {
	if l.first.NetworkInterfaceId != "" {
		i := a.region.Interfaces.Get(l.first.NetworkInterfaceId)
		if i.Status == "in-use" {
			return nil, wire.Errorf("InvalidNetworkInterface.InUse", "Interface: %s in use.", i.NetworkInterfaceId)
		}
		return i, nil
	}
	i, err := a.newInterface(l.subnet, interfaceSpec{private: l.first.PrivateIpAddress, description: l.first.Description, groups: l.first.Groups, tags: l.netTags})
	if err != nil {
		return nil, err
	}
	public := l.subnet.MapPublicIpOnLaunch
	if l.first.AssociatePublicIpAddress != nil {
		public = *l.first.AssociatePublicIpAddress
	}
	if public {
		address := a.newPublicIP()
		i.setAssociation(&InterfaceAssociation{IpOwnerId: "amazon", PublicIp: address, PublicDnsName: a.publicName(address)})
	}
	return i, nil
}

func metadataOptions(r *MetadataOptionsRequest) MetadataOptions {
	o := MetadataOptions{State: "applied", HttpTokens: "required", HttpEndpoint: "enabled", HttpProtocolIpv6: "disabled", InstanceMetadataTags: "disabled", HttpPutResponseHopLimit: 2}
	if r == nil {
		return o
	}
	for _, s := range []struct {
		to   *string
		from string
	}{{&o.HttpTokens, r.HttpTokens}, {&o.HttpEndpoint, r.HttpEndpoint}, {&o.HttpProtocolIpv6, r.HttpProtocolIpv6}, {&o.InstanceMetadataTags, r.InstanceMetadataTags}} {
		if s.from != "" {
			*s.to = s.from
		}
	}
	if r.HttpPutResponseHopLimit > 0 {
		o.HttpPutResponseHopLimit = r.HttpPutResponseHopLimit
	}
	return o
}
