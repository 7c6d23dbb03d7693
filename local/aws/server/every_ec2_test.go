package server_test

import (
	"encoding/base64"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// want compares what a call shows with what it should.
func want[T comparable](t *testing.T, what string, got, expected T) {
	t.Helper()
	if got != expected {
		t.Errorf("%s is %v, want %v", what, got, expected)
	}
}

func TestRegionsAndZones(t *testing.T) {
	c := start(t)
	api := c.ec2("us-west-1")
	want(t, "the number of enabled regions", len(must(api.DescribeRegions(ctx, &ec2.DescribeRegionsInput{}))(t).Regions), 17)
	want(t, "the opt-in status", *must(api.DescribeRegions(ctx, &ec2.DescribeRegionsInput{RegionNames: []string{"me-south-1"}, AllRegions: aws.Bool(true)}))(t).Regions[0].OptInStatus, "not-opted-in")
	zones := must(api.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{Filters: filter("state", "available")}))(t).AvailabilityZones
	want(t, "the second zone", *zones[1].ZoneName+" "+*zones[1].ZoneId, "us-west-1c usw1-az2")
	want(t, "the default VPC", *must(api.DescribeAccountAttributes(ctx, &ec2.DescribeAccountAttributesInput{AttributeNames: []ec2types.AccountAttributeName{"default-vpc"}}))(t).AccountAttributes[0].AttributeValues[0].AttributeValue, "none")
	want(t, "the number of prefix lists", len(must(api.DescribePrefixLists(ctx, &ec2.DescribePrefixListsInput{}))(t).PrefixLists), 1)
}

func TestVPCsAndSubnets(t *testing.T) {
	c := start(t)
	n := c.network("eu-west-1", "10.1.0.0/16")
	added := must(n.api.AssociateVpcCidrBlock(ctx, &ec2.AssociateVpcCidrBlockInput{VpcId: &n.vpc, CidrBlock: aws.String("10.8.0.0/16")}))(t).CidrBlockAssociation.AssociationId
	_, err := n.api.AssociateVpcCidrBlock(ctx, &ec2.AssociateVpcCidrBlockInput{VpcId: &n.vpc, CidrBlock: aws.String("10.8.4.0/24")})
	wantCode(t, err, "InvalidVpc.Range")
	want(t, "the number of local routes", len(must(n.api.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{n.table}}))(t).RouteTables[0].Routes), 2)
	extra := n.newSubnet("10.8.0.0/24", "eu-west-1c")
	_, err = n.api.DisassociateVpcCidrBlock(ctx, &ec2.DisassociateVpcCidrBlockInput{AssociationId: added})
	wantCode(t, err, "OperationNotPermitted")
	must(n.api.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &extra}))(t)
	must(n.api.DisassociateVpcCidrBlock(ctx, &ec2.DisassociateVpcCidrBlockInput{AssociationId: added}))(t)
	want(t, "DNS hostnames", *must(n.api.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: &n.vpc, Attribute: "enableDnsHostnames"}))(t).EnableDnsHostnames.Value, true)

	for cidr, code := range map[string]string{"10.1.1.128/25": "InvalidSubnet.Conflict", "10.9.0.0/24": "InvalidSubnet.Range", "10.1.0.0/29": "InvalidSubnet.Range", "ten": "InvalidParameterValue"} {
		_, err := n.api.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &n.vpc, CidrBlock: &cidr})
		wantCode(t, err, code)
	}
	_, err = n.api.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &n.vpc, CidrBlock: aws.String("10.1.9.0/24"), AvailabilityZone: aws.String("eu-west-2a")})
	wantCode(t, err, "InvalidParameterValue")
	must(n.api.ModifySubnetAttribute(ctx, &ec2.ModifySubnetAttributeInput{SubnetId: &n.other, MapPublicIpOnLaunch: &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}}))(t)
	public := must(n.api.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: filter("vpc-id", n.vpc, "map-public-ip-on-launch", "true")}))(t).Subnets
	want(t, "the subnet with public addresses", *public[0].SubnetId, n.other)
	want(t, "free addresses beside the NAT gateway", *must(n.api.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{n.subnet}}))(t).Subnets[0].AvailableIpAddressCount, 250)
	want(t, "the number of DHCP options", len(must(n.api.DescribeDhcpOptions(ctx, &ec2.DescribeDhcpOptionsInput{}))(t).DhcpOptions), 1)
	want(t, "the attached gateway", *must(n.api.DescribeInternetGateways(ctx, &ec2.DescribeInternetGatewaysInput{Filters: filter("attachment.vpc-id", n.vpc)}))(t).InternetGateways[0].InternetGatewayId, n.gateway)
}

func TestRoutes(t *testing.T) {
	c := start(t)
	n, o := c.network("eu-west-1", "10.1.0.0/16"), c.network("eu-central-1", "10.2.0.0/16")
	route := func(f func(*ec2.CreateRouteInput)) error {
		in := &ec2.CreateRouteInput{RouteTableId: &n.table, DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: &n.gateway}
		f(in)
		return call(n.api.CreateRoute, in)()
	}
	for range 2 { // the same route twice is one
		if err := route(func(*ec2.CreateRouteInput) {}); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, route(func(in *ec2.CreateRouteInput) { in.GatewayId, in.NatGatewayId = nil, &n.nat }), "RouteAlreadyExists")
	wantCode(t, route(func(in *ec2.CreateRouteInput) { in.DestinationCidrBlock = aws.String("10.1.4.0/24") }), "InvalidParameterValue")
	wantCode(t, route(func(in *ec2.CreateRouteInput) { in.NatGatewayId = &n.nat }), "InvalidParameterCombination")
	wantCode(t, route(func(in *ec2.CreateRouteInput) { in.GatewayId = &o.gateway }), "InvalidGatewayID.NotFound") // another region's
	must(n.api.ReplaceRoute(ctx, &ec2.ReplaceRouteInput{RouteTableId: &n.table, DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: &n.nat}))(t)
	must(n.api.DeleteRoute(ctx, &ec2.DeleteRouteInput{RouteTableId: &n.table, DestinationCidrBlock: aws.String("0.0.0.0/0")}))(t)
	_, err := n.api.DeleteRoute(ctx, &ec2.DeleteRouteInput{RouteTableId: &n.table, DestinationCidrBlock: aws.String("0.0.0.0/0")})
	wantCode(t, err, "InvalidRoute.NotFound")

	main := must(n.api.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: filter("vpc-id", n.vpc, "association.main", "true")}))(t).RouteTables[0]
	moved := must(n.api.ReplaceRouteTableAssociation(ctx, &ec2.ReplaceRouteTableAssociationInput{AssociationId: main.Associations[0].RouteTableAssociationId, RouteTableId: &n.table}))(t)
	if moved.NewAssociationId == nil {
		t.Error("the main association has no new id")
	}
	must(n.api.DeleteRouteTable(ctx, &ec2.DeleteRouteTableInput{RouteTableId: main.RouteTableId}))(t) // it isn't the main one any more
	own := must(n.api.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: filter("association.subnet-id", n.subnet)}))(t).RouteTables[0]
	for _, a := range own.Associations {
		if !*a.Main {
			must(n.api.DisassociateRouteTable(ctx, &ec2.DisassociateRouteTableInput{AssociationId: a.RouteTableAssociationId}))(t)
		}
	}

	pcx := peer(t, n, o)
	options := func(in *ec2.ModifyVpcPeeringConnectionOptionsInput) error {
		in.VpcPeeringConnectionId = &pcx
		return call(n.api.ModifyVpcPeeringConnectionOptions, in)()
	}
	yes := &ec2types.PeeringConnectionOptionsRequest{AllowDnsResolutionFromRemoteVpc: aws.Bool(true)}
	if err := options(&ec2.ModifyVpcPeeringConnectionOptionsInput{RequesterPeeringConnectionOptions: yes}); err != nil {
		t.Error(err)
	}
	wantCode(t, options(&ec2.ModifyVpcPeeringConnectionOptionsInput{AccepterPeeringConnectionOptions: yes}), "InvalidParameterCombination")
}

func TestSecurityGroupRules(t *testing.T) {
	c := start(t)
	n, o := c.network("eu-west-1", "10.1.0.0/16"), c.network("eu-central-1", "10.2.0.0/16")
	gossip := []ec2types.IpPermission{{IpProtocol: aws.String("6"), FromPort: aws.Int32(7000), ToPort: aws.Int32(7001), IpRanges: []ec2types.IpRange{
		{CidrIp: aws.String("10.2.0.0/16"), Description: aws.String("eu-central-1")}, {CidrIp: aws.String("10.3.0.0/16")},
	}}}
	add := func(p ...ec2types.IpPermission) error {
		return call(n.api.AuthorizeSecurityGroupIngress, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &n.group, IpPermissions: p})()
	}
	made := must(n.api.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &n.group, IpPermissions: gossip, TagSpecifications: []ec2types.TagSpecification{
		{ResourceType: ec2types.ResourceTypeSecurityGroupRule, Tags: []ec2types.Tag{{Key: aws.String("fleet"), Value: aws.String("a")}}},
	}}))(t).SecurityGroupRules
	want(t, "the number of rules", len(made), 2)
	want(t, "the protocol", *made[0].IpProtocol, "tcp")
	wantCode(t, add(gossip...), "InvalidPermission.Duplicate")
	wantCode(t, add(ec2types.IpPermission{IpProtocol: aws.String("tcp"), IpRanges: gossip[0].IpRanges}), "InvalidParameterValue")
	wantCode(t, add(ec2types.IpPermission{IpProtocol: aws.String("-1"), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: &o.group}}}), "InvalidGroup.NotFound") // of another region
	c.drive("PUT", "quotas", map[string]any{"code": "L-0EA8095F", "value": 2}, nil)
	wantCode(t, add(ec2types.IpPermission{IpProtocol: aws.String("-1"), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("10.4.0.0/16")}}}), "RulesPerSecurityGroupLimitExceeded")

	must(n.api.ModifySecurityGroupRules(ctx, &ec2.ModifySecurityGroupRulesInput{GroupId: &n.group, SecurityGroupRules: []ec2types.SecurityGroupRuleUpdate{
		{SecurityGroupRuleId: made[1].SecurityGroupRuleId, SecurityGroupRule: &ec2types.SecurityGroupRuleRequest{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(9042), ToPort: aws.Int32(9042), CidrIpv4: aws.String("10.3.0.0/16")}},
	}}))(t)
	must(n.api.UpdateSecurityGroupRuleDescriptionsIngress(ctx, &ec2.UpdateSecurityGroupRuleDescriptionsIngressInput{GroupId: &n.group, SecurityGroupRuleDescriptions: []ec2types.SecurityGroupRuleDescription{
		{SecurityGroupRuleId: made[1].SecurityGroupRuleId, Description: aws.String("CQL")},
	}}))(t)
	r := must(n.api.DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{Filters: filter("group-id", n.group, "tag:fleet", "a")}))(t).SecurityGroupRules
	want(t, "the changed rule", *r[1].Description+" "+*r[1].CidrIpv4, "CQL 10.3.0.0/16")
	want(t, "the permissions", len(must(n.api.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{n.group}}))(t).SecurityGroups[0].IpPermissions), 2)
	must(n.api.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: &n.group, SecurityGroupRuleIds: []string{*made[1].SecurityGroupRuleId}}))(t)
	_, err := n.api.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: &n.group, IpPermissions: gossip})
	wantCode(t, err, "InvalidPermission.NotFound")

	all := []ec2types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0"), Description: aws.String("out")}}}}
	must(n.api.UpdateSecurityGroupRuleDescriptionsEgress(ctx, &ec2.UpdateSecurityGroupRuleDescriptionsEgressInput{GroupId: &n.group, IpPermissions: all}))(t)
	must(n.api.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: &n.group, IpPermissions: all}))(t)
	must(n.api.AuthorizeSecurityGroupEgress(ctx, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: &n.group, IpPermissions: all}))(t)
}

func TestTags(t *testing.T) {
	c := start(t)
	n := c.network("eu-west-1", "10.1.0.0/16")
	fleet := []ec2types.Tag{{Key: aws.String("fleet"), Value: aws.String("a")}}
	must(n.api.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{n.vpc, n.nat, n.table, n.address}, Tags: fleet}))(t)
	found := must(n.api.DescribeTags(ctx, &ec2.DescribeTagsInput{Filters: filter("key", "fleet", "resource-type", "natgateway")}))(t).Tags
	want(t, "the tagged NAT gateway", *found[0].ResourceId, n.nat)
	want(t, "the tagged address", *must(n.api.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: filter("tag:fleet", "a")}))(t).Addresses[0].AllocationId, n.address)
	must(n.api.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{n.vpc}, Tags: []ec2types.Tag{{Key: aws.String("fleet")}}}))(t)
	want(t, "the number of tags left", len(must(n.api.DescribeTags(ctx, &ec2.DescribeTagsInput{Filters: filter("tag:fleet", "a")}))(t).Tags), 3)
	_, err := n.api.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{n.vpc}, Tags: []ec2types.Tag{{Key: aws.String("aws:x"), Value: aws.String("y")}}})
	wantCode(t, err, "InvalidParameterValue")
	_, err = n.api.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{n.vpc, "vpc-none"}, Tags: fleet})
	wantCode(t, err, "InvalidVpcID.NotFound")
}

func TestNetworkACLs(t *testing.T) {
	c := start(t)
	n := c.network("eu-west-1", "10.1.0.0/16")
	id := must(n.api.CreateNetworkAcl(ctx, &ec2.CreateNetworkAclInput{VpcId: &n.vpc}))(t).NetworkAcl.NetworkAclId
	entry := &ec2.CreateNetworkAclEntryInput{NetworkAclId: id, RuleNumber: aws.Int32(10), Egress: aws.Bool(false), Protocol: aws.String("tcp"), RuleAction: ec2types.RuleActionAllow, CidrBlock: aws.String("10.2.0.0/16"), PortRange: &ec2types.PortRange{From: aws.Int32(7000), To: aws.Int32(7001)}}
	must(n.api.CreateNetworkAclEntry(ctx, entry))(t)
	_, err := n.api.CreateNetworkAclEntry(ctx, entry)
	wantCode(t, err, "NetworkAclEntryAlreadyExists")
	must(n.api.ReplaceNetworkAclEntry(ctx, &ec2.ReplaceNetworkAclEntryInput{NetworkAclId: id, RuleNumber: aws.Int32(10), Egress: aws.Bool(false), Protocol: aws.String("-1"), RuleAction: ec2types.RuleActionDeny, CidrBlock: aws.String("10.2.0.0/16")}))(t)
	of := must(n.api.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{Filters: filter("association.subnet-id", n.subnet)}))(t).NetworkAcls[0]
	want(t, "the subnet's first ACL", *of.IsDefault, true)
	for _, a := range of.Associations {
		if *a.SubnetId == n.subnet {
			must(n.api.ReplaceNetworkAclAssociation(ctx, &ec2.ReplaceNetworkAclAssociationInput{AssociationId: a.NetworkAclAssociationId, NetworkAclId: id}))(t)
		}
	}
	_, err = n.api.DeleteNetworkAcl(ctx, &ec2.DeleteNetworkAclInput{NetworkAclId: id})
	wantCode(t, err, "DependencyViolation")
	must(n.api.DeleteNetworkAclEntry(ctx, &ec2.DeleteNetworkAclEntryInput{NetworkAclId: id, RuleNumber: aws.Int32(10), Egress: aws.Bool(false)}))(t)
}

func TestInterfacesAndAddresses(t *testing.T) {
	c := start(t)
	n := c.network("eu-west-1", "10.1.0.0/16")
	eni := must(n.api.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: &n.other, PrivateIpAddress: aws.String("10.1.2.77")}))(t).NetworkInterface.NetworkInterfaceId
	_, err := n.api.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: &n.other, PrivateIpAddress: aws.String("10.1.2.77")})
	wantCode(t, err, "InvalidIPAddress.InUse")
	more := must(n.api.AssignPrivateIpAddresses(ctx, &ec2.AssignPrivateIpAddressesInput{NetworkInterfaceId: eni, SecondaryPrivateIpAddressCount: aws.Int32(2)}))(t).AssignedPrivateIpAddresses
	must(n.api.UnassignPrivateIpAddresses(ctx, &ec2.UnassignPrivateIpAddressesInput{NetworkInterfaceId: eni, PrivateIpAddresses: []string{*more[0].PrivateIpAddress}}))(t)
	must(n.api.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: eni, SourceDestCheck: &ec2types.AttributeBooleanValue{Value: aws.Bool(false)}}))(t)
	ip := must(n.api.AllocateAddress(ctx, &ec2.AllocateAddressInput{}))(t)
	held := must(n.api.AssociateAddress(ctx, &ec2.AssociateAddressInput{AllocationId: ip.AllocationId, NetworkInterfaceId: eni}))(t).AssociationId
	i := must(n.api.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{NetworkInterfaceIds: []string{*eni}}))(t).NetworkInterfaces[0]
	want(t, "the public address", *i.Association.PublicIp, *ip.PublicIp)
	want(t, "the number of addresses", len(i.PrivateIpAddresses), 2)
	want(t, "the number of names in DNS", len(must(n.api.DescribeAddressesAttribute(ctx, &ec2.DescribeAddressesAttributeInput{}))(t).Addresses), 0)
	must(n.api.DisassociateAddress(ctx, &ec2.DisassociateAddressInput{AssociationId: held}))(t)
	must(n.api.ReleaseAddress(ctx, &ec2.ReleaseAddressInput{AllocationId: ip.AllocationId}))(t)
}

func TestMachines(t *testing.T) {
	c := start(t)
	n := c.network("eu-west-1", "10.1.0.0/16")
	image := must(n.api.DescribeImages(ctx, &ec2.DescribeImagesInput{Owners: []string{"amazon"}, Filters: filter("name", "al2023-ami-*-x86_64", "architecture", "x86_64")}))(t).Images[0].ImageId
	want(t, "memory of m5.large", *must(n.api.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: []ec2types.InstanceType{"m5.large"}}))(t).InstanceTypes[0].MemoryInfo.SizeInMiB, 8192)
	want(t, "zones with m5.large", len(must(n.api.DescribeInstanceTypeOfferings(ctx, &ec2.DescribeInstanceTypeOfferingsInput{LocationType: ec2types.LocationTypeAvailabilityZone, Filters: filter("instance-type", "m5.large")}))(t).InstanceTypeOfferings), 3)

	lt := must(n.api.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{LaunchTemplateName: aws.String("jump"), LaunchTemplateData: &ec2types.RequestLaunchTemplateData{
		ImageId: image, InstanceType: "t3.micro", SecurityGroupIds: []string{n.group}, UserData: aws.String(base64.StdEncoding.EncodeToString([]byte("#!/bin/sh"))),
	}}))(t).LaunchTemplate
	must(n.api.CreateLaunchTemplateVersion(ctx, &ec2.CreateLaunchTemplateVersionInput{LaunchTemplateId: lt.LaunchTemplateId, LaunchTemplateData: &ec2types.RequestLaunchTemplateData{ImageId: image, InstanceType: "t3.small"}}))(t)
	must(n.api.ModifyLaunchTemplate(ctx, &ec2.ModifyLaunchTemplateInput{LaunchTemplateId: lt.LaunchTemplateId, DefaultVersion: aws.String("2")}))(t)
	want(t, "the default version", *must(n.api.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{LaunchTemplateNames: []string{"jump"}}))(t).LaunchTemplates[0].DefaultVersionNumber, 2)
	want(t, "the first version's type", must(n.api.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: lt.LaunchTemplateId, Versions: []string{"1"}}))(t).LaunchTemplateVersions[0].LaunchTemplateData.InstanceType, "t3.micro")

	made := must(n.api.RunInstances(ctx, &ec2.RunInstancesInput{MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SubnetId: &n.other, LaunchTemplate: &ec2types.LaunchTemplateSpecification{LaunchTemplateId: lt.LaunchTemplateId, Version: aws.String("1")}}))(t).Instances[0]
	want(t, "a new machine", made.State.Name, ec2types.InstanceStateNamePending)
	status := must(n.api.DescribeInstanceStatus(ctx, &ec2.DescribeInstanceStatusInput{InstanceIds: []string{*made.InstanceId}}))(t).InstanceStatuses
	want(t, "its status", status[0].InstanceStatus.Status, ec2types.SummaryStatusOk)
	want(t, "its user data", *must(n.api.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{InstanceId: made.InstanceId, Attribute: "userData"}))(t).UserData.Value, "IyEvYmluL3No")
	want(t, "its credits", *must(n.api.DescribeInstanceCreditSpecifications(ctx, &ec2.DescribeInstanceCreditSpecificationsInput{InstanceIds: []string{*made.InstanceId}}))(t).InstanceCreditSpecifications[0].CpuCredits, "unlimited")

	second := must(n.api.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: &n.other}))(t).NetworkInterface.NetworkInterfaceId
	attached := must(n.api.AttachNetworkInterface(ctx, &ec2.AttachNetworkInterfaceInput{InstanceId: made.InstanceId, NetworkInterfaceId: second, DeviceIndex: aws.Int32(1)}))(t).AttachmentId
	_, err := n.api.DeleteNetworkInterface(ctx, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: second})
	wantCode(t, err, "InvalidParameterValue")
	must(n.api.DetachNetworkInterface(ctx, &ec2.DetachNetworkInterfaceInput{AttachmentId: attached}))(t)

	protect := func(on bool) {
		must(n.api.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{InstanceId: made.InstanceId, DisableApiTermination: &ec2types.AttributeBooleanValue{Value: &on}}))(t)
	}
	protect(true)
	_, err = n.api.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{*made.InstanceId}})
	wantCode(t, err, "OperationNotPermitted")
	protect(false)
	must(n.api.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{*made.InstanceId}}))(t)
	want(t, "the number of disks left", len(must(n.api.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{}))(t).Volumes), 0)
	must(n.api.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateId: lt.LaunchTemplateId}))(t)

	kept := must(n.api.RunInstances(ctx, &ec2.RunInstancesInput{
		MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SubnetId: &n.other, ImageId: image, InstanceType: "t3.micro",
		BlockDeviceMappings: []ec2types.BlockDeviceMapping{{DeviceName: aws.String("/dev/sdb"), Ebs: &ec2types.EbsBlockDevice{VolumeSize: aws.Int32(5), DeleteOnTermination: aws.Bool(false)}}},
	}))(t).Instances[0]
	must(n.api.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{*kept.InstanceId}}))(t)
	disks := must(n.api.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{Filters: filter("status", "available")}))(t).Volumes
	if len(disks) != 1 || !slices.Contains(c.left()["eu-west-1"], *disks[0].VolumeId) {
		t.Fatalf("the disk that outlives its machine: %v", disks)
	}
	must(n.api.DeleteVolume(ctx, &ec2.DeleteVolumeInput{VolumeId: disks[0].VolumeId}))(t)
}
