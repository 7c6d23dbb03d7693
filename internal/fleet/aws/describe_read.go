package aws

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/network"
)

// interfaceMTU is the largest packet of an instance's interface, in bytes, unless
// the network plugin is told otherwise (Amazon EC2, "Network maximum transmission
// unit").
const interfaceMTU = 9001

// region turns a region's answers into the oracle's terms.
func (d *description) region() (network.Region, error) {
	r := network.Region{Name: d.in.name, VPC: network.VPC{ID: awssdk.ToString(d.vpc.VpcId)}}
	for _, b := range d.vpc.CidrBlockAssociationSet {
		if p, err := netip.ParsePrefix(awssdk.ToString(b.CidrBlock)); err == nil {
			r.VPC.CIDRs = append(r.VPC.CIDRs, p)
		}
	}
	if p, err := netip.ParsePrefix(awssdk.ToString(d.vpc.CidrBlock)); err == nil && len(r.VPC.CIDRs) == 0 {
		r.VPC.CIDRs = append(r.VPC.CIDRs, p)
	}
	d.readSubnets(&r.VPC)
	d.readFilters(&r.VPC)
	mtu, err := d.readPlugin(&r)
	if err != nil {
		return r, err
	}
	for _, n := range d.nodes {
		if p, ok := endpointOfPods(n, mtu); ok {
			r.Pods = append(r.Pods, p)
		}
	}
	for _, i := range d.apiServer {
		a, err := netip.ParseAddr(awssdk.ToString(i.PrivateIpAddress))
		if err != nil {
			continue
		}
		r.API = append(r.API, network.Endpoint{Subnet: awssdk.ToString(i.SubnetId), SecurityGroups: groupIDs(i.Groups), Address: a, MTU: interfaceMTU})
	}
	return r, nil
}

// endpointOfPods is where a machine's pods are: with the security groups of its
// first interface, at an address that the network plugin has there.
func endpointOfPods(n types.Instance, mtu int) (p network.Endpoint, ok bool) {
	if len(n.NetworkInterfaces) == 0 {
		return p, false
	}
	face := n.NetworkInterfaces[0]
	for _, i := range n.NetworkInterfaces {
		if i.Attachment != nil && awssdk.ToInt32(i.Attachment.DeviceIndex) == 0 {
			face = i
		}
	}
	node, err := netip.ParseAddr(awssdk.ToString(face.PrivateIpAddress))
	if err != nil {
		return p, false
	}
	p = network.Endpoint{Subnet: awssdk.ToString(face.SubnetId), SecurityGroups: groupIDs(face.Groups), Node: node, Address: node, MTU: mtu}
	for _, a := range face.PrivateIpAddresses {
		if other, err := netip.ParseAddr(awssdk.ToString(a.PrivateIpAddress)); err == nil && other != node {
			p.Address = other
		}
	}
	for _, a := range face.Ipv4Prefixes {
		if prefix, err := netip.ParsePrefix(awssdk.ToString(a.Ipv4Prefix)); err == nil {
			p.Address = prefix.Addr()
		}
	}
	return p, true
}

func groupIDs(groups []types.GroupIdentifier) (ids []string) {
	for _, g := range groups {
		ids = append(ids, awssdk.ToString(g.GroupId))
	}
	return ids
}

// readSubnets joins subnets with their route tables and lists.
func (d *description) readSubnets(vpc *network.VPC) {
	tables, lists, main, standard := map[string]string{}, map[string]string{}, "", ""
	for _, t := range d.network.tables {
		id := awssdk.ToString(t.RouteTableId)
		for _, a := range t.Associations {
			if awssdk.ToBool(a.Main) {
				main = id
			}
			tables[awssdk.ToString(a.SubnetId)] = id
		}
		vpc.RouteTables = append(vpc.RouteTables, readTable(t))
	}
	for _, l := range d.network.lists {
		id := awssdk.ToString(l.NetworkAclId)
		if awssdk.ToBool(l.IsDefault) {
			standard = id
		}
		for _, a := range l.Associations {
			lists[awssdk.ToString(a.SubnetId)] = id
		}
	}
	for _, s := range d.network.subnets {
		p, err := netip.ParsePrefix(awssdk.ToString(s.CidrBlock))
		if err != nil {
			continue // of IPv6 only
		}
		id := awssdk.ToString(s.SubnetId)
		vpc.Subnets = append(vpc.Subnets, network.Subnet{ID: id, Zone: awssdk.ToString(s.AvailabilityZone), CIDR: p,
			RouteTable: cmp.Or(tables[id], main), NetworkACL: cmp.Or(lists[id], standard)})
	}
}

func readTable(t types.RouteTable) network.RouteTable {
	out := network.RouteTable{ID: awssdk.ToString(t.RouteTableId)}
	for _, r := range t.Routes {
		to, err := netip.ParsePrefix(awssdk.ToString(r.DestinationCidrBlock))
		if err != nil || awssdk.ToString(r.GatewayId) == "local" {
			continue // of IPv6, to a service of AWS, or the VPC's own
		}
		kind, target := routeTarget(r)
		if r.State == types.RouteStateBlackhole {
			kind = network.Blackhole
		}
		out.Routes = append(out.Routes, network.Route{Destination: to, Kind: kind, Target: target})
	}
	return out
}

// readFilters reads groups and lists.
func (d *description) readFilters(vpc *network.VPC) {
	for _, g := range d.network.groups {
		vpc.SecurityGroups = append(vpc.SecurityGroups, network.SecurityGroup{ID: awssdk.ToString(g.GroupId), Ingress: readRules(g.IpPermissions), Egress: readRules(g.IpPermissionsEgress)})
	}
	for _, l := range d.network.lists {
		out := network.NetworkACL{ID: awssdk.ToString(l.NetworkAclId)}
		for _, e := range l.Entries {
			if entry, ok := readEntry(e); ok {
				out.Entries = append(out.Entries, entry)
			}
		}
		vpc.NetworkACLs = append(vpc.NetworkACLs, out)
	}
}

// readRules leaves out what isn't of IPv4.
func readRules(all []types.IpPermission) (rules []network.GroupRule) {
	for _, r := range rulesOf(all) {
		protocol, ok := protocolNumber(r.protocol)
		if !ok {
			continue
		}
		one := network.GroupRule{Protocol: protocol, From: port(r.from), To: port(r.to), Group: r.group}
		if r.group == "" {
			cidr, err := netip.ParsePrefix(r.cidr)
			if err != nil {
				continue
			}
			one.CIDR = cidr
		}
		rules = append(rules, one)
	}
	return rules
}

// port of a rule; -1, all, when none is given.
func port(p *int32) int {
	if p == nil {
		return -1
	}
	return int(*p)
}

func readEntry(e types.NetworkAclEntry) (out network.ACLEntry, ok bool) {
	cidr, err := netip.ParsePrefix(awssdk.ToString(e.CidrBlock))
	protocol, known := protocolNumber(awssdk.ToString(e.Protocol))
	if err != nil || !known {
		return out, false
	}
	out = network.ACLEntry{Number: int(awssdk.ToInt32(e.RuleNumber)), Egress: awssdk.ToBool(e.Egress), Allow: e.RuleAction == types.RuleActionAllow, Protocol: protocol, CIDR: cidr, From: -1, To: -1}
	switch {
	case e.PortRange != nil:
		out.From, out.To = port(e.PortRange.From), port(e.PortRange.To)
	case e.IcmpTypeCode != nil:
		out.From, out.To = port(e.IcmpTypeCode.Type), port(e.IcmpTypeCode.Code)
	}
	return out, true
}

// protocolNumber reads EC2's names and IANA's numbers; -1 is all.
func protocolNumber(text string) (int, bool) {
	switch strings.ToLower(text) {
	case "tcp":
		return 6, true
	case "udp":
		return 17, true
	case "icmp":
		return 1, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// readPlugin reads the settings of add-on vpc-cni that matter to packets; mtu is
// that of pods, in bytes.
func (d *description) readPlugin(r *network.Region) (mtu int, err error) {
	var in struct {
		Env map[string]string `json:"env"`
	}
	if strings.TrimSpace(d.plugin) != "" {
		if err := json.Unmarshal([]byte(d.plugin), &in); err != nil {
			return 0, fmt.Errorf("settings of add-on vpc-cni: %w", err)
		}
	}
	r.SNAT.Off = strings.EqualFold(in.Env["AWS_VPC_K8S_CNI_EXTERNALSNAT"], "true")
	for _, text := range strings.FieldsFunc(in.Env["AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS"], func(c rune) bool { return c == ',' || c == ' ' }) {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return 0, fmt.Errorf("AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS of add-on vpc-cni: %w", err)
		}
		r.SNAT.Except = append(r.SNAT.Except, p)
	}
	for _, name := range []string{"POD_MTU", "AWS_VPC_ENI_MTU"} {
		if n, err := strconv.Atoi(in.Env[name]); err == nil {
			return n, nil
		}
	}
	return interfaceMTU, nil
}

func readPeering(p types.VpcPeeringConnection) network.Peering {
	out := network.Peering{ID: awssdk.ToString(p.VpcPeeringConnectionId)}
	if p.Status != nil {
		out.State = string(p.Status.Code)
	}
	if a, b := p.RequesterVpcInfo, p.AccepterVpcInfo; a != nil && b != nil {
		out.A, out.B = awssdk.ToString(a.VpcId), awssdk.ToString(b.VpcId)
		if awssdk.ToString(a.Region) == awssdk.ToString(b.Region) {
			out.MTU = interfaceMTU
		}
	}
	return out
}
