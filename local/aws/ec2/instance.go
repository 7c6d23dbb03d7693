package ec2

import (
	"context"
	"time"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// How long an instance takes on AWS, about.
const (
	instancePending  = 15 * time.Second
	instanceStopping = 40 * time.Second
	instanceListed   = time.Hour // a terminated one stays in lists
)

// States of an instance, with EC2's codes.
var (
	statePending      = InstanceState{0, "pending"}
	stateRunning      = InstanceState{16, "running"}
	stateShuttingDown = InstanceState{32, "shutting-down"}
	stateTerminated   = InstanceState{48, "terminated"}
)

// Instance is a machine.
type Instance struct {
	InstanceId, ImageId, InstanceType, PrivateDnsName, PrivateIpAddress, SubnetId, VpcId string
	State                                                                                InstanceState `wire:"instanceState"`
	PublicDnsName                                                                        string        `wire:"dnsName"`
	PublicIpAddress                                                                      string        `wire:"ipAddress"`
	AmiLaunchIndex                                                                       int
	Architecture, ClientToken, RootDeviceName, RootDeviceType, VirtualizationType        string
	Hypervisor, PlatformDetails, InstanceLifecycle                                       string
	EbsOptimized, EnaSupport, SourceDestCheck                                            bool
	LaunchTime                                                                           time.Time
	Placement                                                                            Placement
	Monitoring                                                                           NestedState
	IamInstanceProfile                                                                   *IamInstanceProfile
	MetadataOptions                                                                      MetadataOptions
	SecurityGroups                                                                       []GroupIdentifier     `wire:"groupSet"`
	BlockDeviceMappings                                                                  []InstanceBlockDevice `wire:"blockDeviceMapping"`
	NetworkInterfaces                                                                    []*NetworkInterface   `wire:"networkInterfaceSet" json:"-"`
	StateReason                                                                          *StateReason
	Tagged

	ReservationId    string    `wire:"-"`
	UserData         string    `wire:"-"`
	ProtectTerminate bool      `wire:"-"`
	OnShutdown       string    `wire:"-"`
	Primary          string    `wire:"-"` // network interface
	Due              time.Time `wire:"-"` // when the state changes by itself
}

// InstanceState is a state with its code.
type InstanceState struct {
	Code int
	Name string
}

// StateReason says why an instance is in its state.
type StateReason struct {
	Code, Message string
}

// Placement is where an instance runs.
type Placement struct {
	AvailabilityZone, GroupName, Tenancy string
}

// IamInstanceProfile is the role that an instance has.
type IamInstanceProfile struct {
	Arn, Id string
}

// MetadataOptions are those of the metadata service.
type MetadataOptions struct {
	State, HttpTokens, HttpEndpoint, HttpProtocolIpv6, InstanceMetadataTags string
	HttpPutResponseHopLimit                                                 int
}

// InstanceBlockDevice is an instance's disk.
type InstanceBlockDevice struct {
	DeviceName string
	Ebs        EbsInstanceBlockDevice
}

// EbsInstanceBlockDevice is the volume behind a disk.
type EbsInstanceBlockDevice struct {
	VolumeId, Status    string
	DeleteOnTermination bool
	AttachTime          time.Time
}

var instances = &kind[Instance]{
	noun: "instance ID", code: "InvalidInstanceID", prefix: "i",
	table: func(r *Region) *world.Table[Instance] { return &r.Instances },
	id:    func(n *Instance) string { return n.InstanceId },
	tags:  func(n *Instance) *[]Tag { return &n.Tags },
	filters: map[string]func(*API, *Instance) []string{
		"instance-id":         of(func(n *Instance) string { return n.InstanceId }),
		"instance-type":       of(func(n *Instance) string { return n.InstanceType }),
		"instance-state-name": of(func(n *Instance) string { return n.State.Name }),
		"image-id":            of(func(n *Instance) string { return n.ImageId }),
		"subnet-id":           of(func(n *Instance) string { return n.SubnetId }),
		"vpc-id":              of(func(n *Instance) string { return n.VpcId }),
		"availability-zone":   of(func(n *Instance) string { return n.Placement.AvailabilityZone }),
		"private-ip-address":  of(func(n *Instance) string { return n.PrivateIpAddress }),
		"private-dns-name":    of(func(n *Instance) string { return n.PrivateDnsName }),
		"ip-address":          of(func(n *Instance) string { return n.PublicIpAddress }),
		"client-token":        of(func(n *Instance) string { return n.ClientToken }),
		"reservation-id":      of(func(n *Instance) string { return n.ReservationId }),
		"architecture":        of(func(n *Instance) string { return n.Architecture }),
		"instance.group-id": many(func(n *Instance) []string {
			return each(n.SecurityGroups, func(g GroupIdentifier) string { return g.GroupId })
		}),
		"iam-instance-profile.arn": many(func(n *Instance) []string {
			if n.IamInstanceProfile == nil {
				return nil
			}
			return []string{n.IamInstanceProfile.Arn}
		}),
	},
}

func (n *Instance) primaryInterface() string { return n.Primary }

// gone tells whether an instance is terminated or being terminated.
func (n *Instance) gone() bool { return n.State == stateTerminated || n.State == stateShuttingDown }

// instanceView is an instance with its interfaces as they are now.
func (a *API) instanceView(n *Instance) *Instance {
	view := *n
	for _, i := range a.region.Interfaces.All() {
		if i.instance() == n.InstanceId {
			view.NetworkInterfaces = append(view.NetworkInterfaces, i)
		}
	}
	if i := a.region.Interfaces.Get(n.Primary); i != nil {
		view.SecurityGroups, view.SourceDestCheck = i.Groups, i.SourceDestCheck
		if i.Association != nil {
			view.PublicIpAddress, view.PublicDnsName = i.Association.PublicIp, i.Association.PublicDnsName
		}
	}
	return &view
}

// Reservation is what one RunInstances made.
type Reservation struct {
	ReservationId, OwnerId, RequesterId string
	Groups                              []GroupIdentifier `wire:"groupSet"`
	Instances                           []*Instance       `wire:"instancesSet"`
}

// DescribeInstancesInput is DescribeInstances's.
type DescribeInstancesInput struct {
	InstanceIds             []string `wire:"InstanceId"`
	Filters                 []Filter `wire:"Filter"`
	IncludeManagedResources bool
	Page
}

// DescribeInstancesOutput is DescribeInstances's.
type DescribeInstancesOutput struct {
	Reservations []*Reservation `wire:"reservationSet"`
	NextToken    string
}

// DescribeInstances lists machines, for an hour the terminated ones too.
func (a *API) DescribeInstances(_ context.Context, in *DescribeInstancesInput) (*DescribeInstancesOutput, error) {
	found, next, err := list(a, instances, in.InstanceIds, in.Filters, in.Page)
	if err != nil {
		return nil, err
	}
	out := &DescribeInstancesOutput{NextToken: next}
	for _, n := range found {
		last := len(out.Reservations) - 1
		if last < 0 || out.Reservations[last].ReservationId != n.ReservationId {
			out.Reservations = append(out.Reservations, &Reservation{ReservationId: n.ReservationId, OwnerId: a.world.Account})
			last++
		}
		out.Reservations[last].Instances = append(out.Reservations[last].Instances, a.instanceView(n))
	}
	return out, nil
}

// InstanceStatus says whether a machine is well.
type InstanceStatus struct {
	InstanceId, AvailabilityZone string
	InstanceState                InstanceState
	InstanceStatus, SystemStatus StatusSummary
}

// StatusSummary is one verdict.
type StatusSummary struct {
	Status string
}

// DescribeInstanceStatusInput is DescribeInstanceStatus's.
type DescribeInstanceStatusInput struct {
	InstanceIds         []string `wire:"InstanceId"`
	Filters             []Filter `wire:"Filter"`
	IncludeAllInstances bool
	Page
}

// DescribeInstanceStatusOutput is DescribeInstanceStatus's.
type DescribeInstanceStatusOutput struct {
	InstanceStatuses []InstanceStatus `wire:"instanceStatusSet"`
	NextToken        string
}

// DescribeInstanceStatus says of running machines that they are well.
func (a *API) DescribeInstanceStatus(_ context.Context, in *DescribeInstanceStatusInput) (*DescribeInstanceStatusOutput, error) {
	filters := in.Filters
	if !in.IncludeAllInstances {
		filters = append(filters, Filter{"instance-state-name", []string{"running"}})
	}
	found, next, err := list(a, instances, in.InstanceIds, filters, in.Page)
	if err != nil {
		return nil, err
	}
	out := &DescribeInstanceStatusOutput{NextToken: next}
	for _, n := range found {
		verdict := StatusSummary{"ok"}
		if n.State != stateRunning {
			verdict.Status = "not-applicable"
		}
		out.InstanceStatuses = append(out.InstanceStatuses, InstanceStatus{n.InstanceId, n.Placement.AvailabilityZone, n.State, verdict, verdict})
	}
	return out, nil
}

// TerminateInstancesInput is TerminateInstances's.
type TerminateInstancesInput struct {
	InstanceIds []string `wire:"InstanceId"`
}

// InstanceStateChange tells a state before and after.
type InstanceStateChange struct {
	InstanceId                  string
	CurrentState, PreviousState InstanceState
}

// TerminateInstancesOutput is TerminateInstances's.
type TerminateInstancesOutput struct {
	TerminatingInstances []InstanceStateChange `wire:"instancesSet"`
}

// TerminateInstances begins to end machines: all of them or, when one is
// protected or doesn't exist, none.
func (a *API) TerminateInstances(_ context.Context, in *TerminateInstancesInput) (*TerminateInstancesOutput, error) {
	out := &TerminateInstancesOutput{}
	var ending []*Instance
	for _, id := range in.InstanceIds {
		n, err := find(a, instances, id)
		if err != nil {
			return nil, err
		}
		if n.ProtectTerminate {
			return nil, wire.Errorf("OperationNotPermitted", "The instance '%s' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.", id)
		}
		ending = append(ending, n)
	}
	for _, n := range ending {
		before := n.State
		a.Terminate(n.InstanceId)
		out.TerminatingInstances = append(out.TerminatingInstances, InstanceStateChange{n.InstanceId, n.State, before})
	}
	return out, nil
}

// Terminate begins to end a machine, if there is one.
func (a *API) Terminate(id string) {
	if n := a.region.Instances.Get(id); n != nil && !n.gone() {
		n.State, n.Due = stateShuttingDown, a.world.In(instanceStopping)
		n.StateReason = &StateReason{"Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown: User initiated shutdown"}
	}
}

// settleInstance moves a machine to its next state.
func (a *API) settleInstance(n *Instance) {
	switch n.State {
	case statePending:
		n.State, n.Due = stateRunning, time.Time{}
	case stateShuttingDown:
		a.endInstance(n)
		n.State, n.Due = stateTerminated, a.now().Add(instanceListed)
	default:
		a.region.Instances.Delete(n.InstanceId)
	}
}

// endInstance deletes a machine's interfaces and disks, those that outlive
// it only from it.
func (a *API) endInstance(n *Instance) {
	for _, i := range a.region.Interfaces.All() {
		switch {
		case i.instance() != n.InstanceId:
		case i.Attachment.DeleteOnTermination:
			a.dropInterface(i)
		default:
			i.detach()
		}
	}
	for _, v := range a.region.Volumes.All() {
		if len(v.Attachments) > 0 && v.Attachments[0].InstanceId == n.InstanceId {
			if v.Attachments[0].DeleteOnTermination {
				a.region.Volumes.Delete(v.VolumeId)
			} else {
				v.State, v.Attachments = "available", nil
			}
		}
	}
	n.PrivateIpAddress, n.PrivateDnsName = "", ""
}

// DescribeInstanceAttributeInput is DescribeInstanceAttribute's.
type DescribeInstanceAttributeInput struct {
	InstanceId, Attribute string
}

// DescribeInstanceAttributeOutput is DescribeInstanceAttribute's.
type DescribeInstanceAttributeOutput struct {
	InstanceId                                                                string
	DisableApiTermination, DisableApiStop, EbsOptimized, SourceDestCheck      *AttributeValue
	InstanceInitiatedShutdownBehavior, InstanceType, RootDeviceName, UserData *StringValue
	Groups                                                                    []GroupIdentifier `wire:"groupSet,omitempty"`
}

// StringValue is a text as EC2 nests it.
type StringValue struct {
	Value string
}

// DescribeInstanceAttribute tells one attribute.
func (a *API) DescribeInstanceAttribute(_ context.Context, in *DescribeInstanceAttributeInput) (*DescribeInstanceAttributeOutput, error) {
	n, err := find(a, instances, in.InstanceId)
	if err != nil {
		return nil, err
	}
	out := &DescribeInstanceAttributeOutput{InstanceId: n.InstanceId}
	switch in.Attribute {
	case "disableApiTermination":
		out.DisableApiTermination = &AttributeValue{n.ProtectTerminate}
	case "disableApiStop":
		out.DisableApiStop = &AttributeValue{}
	case "ebsOptimized":
		out.EbsOptimized = &AttributeValue{n.EbsOptimized}
	case "sourceDestCheck":
		out.SourceDestCheck = &AttributeValue{a.instanceView(n).SourceDestCheck}
	case "instanceInitiatedShutdownBehavior":
		out.InstanceInitiatedShutdownBehavior = &StringValue{n.OnShutdown}
	case "instanceType":
		out.InstanceType = &StringValue{n.InstanceType}
	case "rootDeviceName":
		out.RootDeviceName = &StringValue{n.RootDeviceName}
	case "userData":
		out.UserData = &StringValue{n.UserData}
	case "groupSet":
		out.Groups = a.instanceView(n).SecurityGroups
	default:
		return nil, invalid("attribute", in.Attribute)
	}
	return out, nil
}

// ModifyInstanceAttributeInput is ModifyInstanceAttribute's.
type ModifyInstanceAttributeInput struct {
	InstanceId                             string
	DisableApiTermination, SourceDestCheck *AttributeValue
	Groups                                 []string `wire:"GroupId"`
}

// ModifyInstanceAttribute changes an attribute.
func (a *API) ModifyInstanceAttribute(ctx context.Context, in *ModifyInstanceAttributeInput) (*Done, error) {
	n, err := find(a, instances, in.InstanceId)
	if err != nil {
		return nil, err
	}
	if in.DisableApiTermination != nil {
		n.ProtectTerminate = in.DisableApiTermination.Value
		return done()
	}
	return a.ModifyNetworkInterfaceAttribute(ctx, &ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: n.Primary, SourceDestCheck: in.SourceDestCheck, Groups: in.Groups})
}

// CreditSpecification is how a burstable machine earns CPU time.
type CreditSpecification struct {
	InstanceId, CpuCredits string
}

// DescribeInstanceCreditSpecificationsInput is
// DescribeInstanceCreditSpecifications's.
type DescribeInstanceCreditSpecificationsInput struct {
	InstanceIds []string `wire:"InstanceId"`
	Filters     []Filter `wire:"Filter"`
	Page
}

// DescribeInstanceCreditSpecificationsOutput is
// DescribeInstanceCreditSpecifications's.
type DescribeInstanceCreditSpecificationsOutput struct {
	InstanceCreditSpecifications []CreditSpecification `wire:"instanceCreditSpecificationSet"`
	NextToken                    string
}

// DescribeInstanceCreditSpecifications says unlimited, the default, of
// burstable machines.
func (a *API) DescribeInstanceCreditSpecifications(_ context.Context, in *DescribeInstanceCreditSpecificationsInput) (*DescribeInstanceCreditSpecificationsOutput, error) {
	found, next, err := list(a, instances, in.InstanceIds, in.Filters, in.Page)
	out := &DescribeInstanceCreditSpecificationsOutput{NextToken: next}
	for _, n := range found {
		if n.InstanceType[0] == 't' {
			out.InstanceCreditSpecifications = append(out.InstanceCreditSpecifications, CreditSpecification{n.InstanceId, "unlimited"})
		}
	}
	return out, err
}

// Managed lists the machines that run and have an instance profile, which is
// what Session Manager needs.
func (a *API) Managed() []*Instance {
	var out []*Instance
	for _, n := range a.region.Instances.All() {
		if n.State == stateRunning && n.IamInstanceProfile != nil {
			out = append(out, n)
		}
	}
	return out
}
