package ec2

import (
	"net/netip"
	"strings"

	"github.com/ringspan/ringspan/local/aws/wire"
)

// This file is what other services of AWS make in a customer's VPC. Its
// functions run inside World.Do.

// Subnets are subnets by id, all of one VPC.
func (a *API) Subnets(ids []string) ([]*Subnet, error) {
	var out []*Subnet
	for _, id := range ids {
		s, err := find(a, subnets, id)
		if err != nil {
			return nil, err
		}
		if len(out) > 0 && out[0].VpcId != s.VpcId {
			return nil, wire.Errorf("InvalidParameterValue", "subnets %s and %s belong to different networks", out[0].SubnetId, id)
		}
		out = append(out, s)
	}
	return out, nil
}

// FreeAddresses counts a subnet's addresses that nothing has.
func (a *API) FreeAddresses(s *Subnet) int {
	return size(s.prefix()) - reservedAddresses - len(a.usedAddresses(s.SubnetId))
}

// Ranges are a VPC's ranges.
func (a *API) Ranges(vpc string) []netip.Prefix {
	if v := a.region.Vpcs.Get(vpc); v != nil {
		return v.cidrs()
	}
	return nil
}

// NodesCanJoin says whether a VPC has the DNS attributes without which EKS's
// nodes can't register.
func (a *API) NodesCanJoin(vpc string) bool {
	v := a.region.Vpcs.Get(vpc)
	return v != nil && v.DNSSupport && v.DNSHostnames
}

// MakeGroup makes a security group whose members reach each other.
func (a *API) MakeGroup(vpc, name, description string, tags []Tag) *SecurityGroup {
	g := a.newGroup(vpc, name, description, tags)
	a.world.Lag.Known(a.region.Name + "/" + g.GroupId)
	a.addRule(&SecurityGroupRule{GroupId: g.GroupId, IpProtocol: "-1", FromPort: -1, ToPort: -1, ReferencedGroupInfo: &ReferencedGroup{GroupId: g.GroupId, UserId: a.world.Account}})
	return g
}

// DropGroup removes a security group unless something depends on it.
func (a *API) DropGroup(id string) {
	if g := a.region.SecurityGroups.Get(id); g != nil && !a.groupInUse(id) {
		a.deleteGroup(g)
	}
}

// MakeInterface makes an interface that AWS itself uses for owner.
func (a *API) MakeInterface(s *Subnet, owner, description string, groups []string) (*NetworkInterface, error) {
	i, err := a.newInterface(s, interfaceSpec{description: description, requester: "amazon-aws", groups: groups})
	if err != nil {
		return nil, err
	}
	i.Owner = owner
	a.world.Lag.Known(a.region.Name + "/" + i.NetworkInterfaceId)
	i.attach(&InterfaceAttachment{AttachmentId: a.world.IDs.New("eni-attach"), InstanceOwnerId: "amazon-aws", DeviceIndex: 1, Status: "attached"})
	return i, nil
}

// DropInterfaces removes the interfaces that AWS made for owner.
func (a *API) DropInterfaces(owner string) {
	for _, i := range a.region.Interfaces.All() {
		if i.Owner == owner && owner != "" {
			a.dropInterface(i)
		}
	}
}

// LeaveInterface leaves an interface behind that belongs to nothing, as the
// VPC CNI and load balancers do when they are stopped early.
func (a *API) LeaveInterface(s *Subnet, description string, groups []string, tags []Tag) (*NetworkInterface, error) {
	return a.newInterface(s, interfaceSpec{description: description, groups: groups, tags: tags})
}

// Node is what a cluster's machine shall be.
type Node struct {
	Subnet         *Subnet
	Image          string
	InstanceType   string
	Groups         []string
	Spot           bool
	DiskGiB        int
	Tags           []Tag
	LaunchTemplate *LaunchTemplateSpecification
}

// nodePrefixes is how many ranges of 16 addresses a machine gets for its pods
// where its subnet is of largeSubnet bits or fewer: enough for a few databases and
// what stands around them, and no more, because every router knows each of them.
const (
	nodePrefixes = 2
	largeSubnet  = 22
)

// RunNode starts a machine of a cluster, with ranges of 16 addresses for its pods
// (prefix delegation of the VPC CNI): nodePrefixes of them in a large subnet, one in
// others, where those that come after it would go short.
func (a *API) RunNode(n Node) (*Instance, error) {
	in := &RunInstancesInput{
		ImageId: n.Image, InstanceType: n.InstanceType, SubnetId: n.Subnet.SubnetId, SecurityGroupIds: n.Groups, LaunchTemplate: n.LaunchTemplate, MinCount: 1, MaxCount: 1,
	}
	if n.DiskGiB > 0 {
		in.BlockDeviceMappings = []BlockDevice{{"/dev/xvda", &EbsBlockDevice{VolumeSize: n.DiskGiB, VolumeType: "gp3"}}}
	}
	if in.LaunchTemplate != nil {
		if err := a.fillFromTemplate(in); err != nil {
			return nil, err
		}
	}
	l, err := a.newLaunch(in)
	if err != nil {
		return nil, err
	}
	l.tags = append(l.tags, n.Tags...)
	l.netTags = append(l.netTags, n.Tags...)
	l.spot = n.Spot
	machine, err := l.run(a, a.world.IDs.New("r"), 0)
	if err != nil {
		return nil, err
	}
	return machine, a.delegate(a.region.Interfaces.Get(machine.Primary), n)
}

// delegate gives an interface ranges of 16 addresses that nothing has.
func (a *API) delegate(i *NetworkInterface, n Node) error {
	free := a.freePrefixes(n.Subnet)
	if len(free) == 0 {
		return wire.Errorf("InsufficientCidrBlocks", "The specified subnet does not have enough free cidr blocks to satisfy the request.")
	}
	count := 1
	if n.Subnet.prefix().Bits() <= largeSubnet {
		count = min(nodePrefixes, len(free))
	}
	for _, p := range free[:count] {
		i.Ipv4Prefixes = append(i.Ipv4Prefixes, Ipv4Prefix{p.String()})
	}
	return nil
}

// freePrefixes are the ranges of 16 addresses of a subnet that nothing has:
// neither the first nor the last, which AWS keeps addresses of.
func (a *API) freePrefixes(s *Subnet) (all []netip.Prefix) {
	used := a.usedAddresses(s.SubnetId)
	for n := 16; n+16 < size(s.prefix()); n += 16 {
		if p := netip.PrefixFrom(nth(s.prefix(), n), 28); free(p, used) {
			all = append(all, p)
		}
	}
	return all
}

func free(p netip.Prefix, used map[netip.Addr]bool) bool {
	for n := range size(p) {
		if used[nth(p, n)] {
			return false
		}
	}
	return true
}

// Machine is an instance, or nil.
func (a *API) Machine(id string) *Instance { return a.region.Instances.Get(id) }

// Running says whether an instance runs.
func (a *API) Running(id string) bool {
	n := a.region.Instances.Get(id)
	return n != nil && n.State == stateRunning
}

// Ended says whether an instance is terminated or forgotten.
func (a *API) Ended(id string) bool {
	n := a.region.Instances.Get(id)
	return n == nil || n.State == stateTerminated
}

// Where is the zone of an instance, and its primary interface.
func (n *Instance) Where() (zone, networkInterface string) {
	return n.Placement.AvailabilityZone, n.Primary
}

// Capacity is what a machine of the instance's type has: virtual CPUs, and bytes
// of memory.
func (n *Instance) Capacity() (cpus int, memory uint64) {
	m, err := machineOf(n.InstanceType)
	if err != nil { // of an older version of this cloud
		return 0, 0
	}
	return m.vcpus, uint64(m.memory) << 20
}

// ImageOf is the node image of a Kubernetes version, "" when there is none.
func ImageOf(region, version, arch string) string {
	for _, i := range Images(region) {
		if strings.HasPrefix(i.Name, "amazon-eks-node-al2023-"+arch+"-standard-"+version+"-") {
			return i.ImageId
		}
	}
	return ""
}

// InterfacesOf are the interfaces that AWS made for owner.
func (a *API) InterfacesOf(owner string) []string {
	var out []string
	for _, i := range a.region.Interfaces.All() {
		if i.Owner == owner {
			out = append(out, i.NetworkInterfaceId)
		}
	}
	return out
}

// AddLoadBalancer leaves in a VPC what a Service of type LoadBalancer makes: a
// group and an interface in each subnet, which last until DropInterfaces.
func (a *API) AddLoadBalancer(name, cluster string, nets []*Subnet) error {
	g := a.newGroup(nets[0].VpcId, "k8s-elb-"+name, "Security group for Kubernetes ELB "+name, []Tag{{Key: "kubernetes.io/cluster/" + cluster, Value: "owned"}})
	for _, s := range nets {
		i, err := a.MakeInterface(s, LoadBalancer(name), "ELB "+name, []string{g.GroupId})
		if err != nil {
			return err
		}
		i.RequesterId = "amazon-elb"
		i.Attachment.InstanceOwnerId = "amazon-elb"
	}
	return nil
}

// LoadBalancer is the owner of a load balancer's interfaces.
func LoadBalancer(name string) string { return "load-balancer/" + name }
