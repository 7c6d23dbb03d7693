package ec2

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/ringspan/ringspan/local/aws/wire"
)

// IpPermission is a protocol with its ports, for several sources or
// destinations: the older form of rules.
type IpPermission struct {
	IpProtocol       string
	FromPort, ToPort *int
	UserIdGroupPairs []UserIdGroupPair `wire:"groups"`
	IpRanges         []IpRange
	Ipv6Ranges       []Ipv6Range
	PrefixListIds    []PrefixListId
}

// IpRange is a range with a description.
type IpRange struct {
	CidrIp, Description string
}

// Ipv6Range is a range with a description.
type Ipv6Range struct {
	CidrIpv6, Description string
}

// PrefixListId is a prefix list with a description.
type PrefixListId struct {
	PrefixListId, Description string
}

// UserIdGroupPair is a group with a description.
type UserIdGroupPair struct {
	GroupId, GroupName, UserId, VpcId, VpcPeeringConnectionId, PeeringStatus, Description string
}

// protocols are the names of the protocols that have ports or types.
var protocols = map[string]string{"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}

// rules are a permission's rules, one for each source or destination.
func (p IpPermission) rules(account string) ([]*SecurityGroupRule, error) {
	var out []*SecurityGroupRule
	for _, r := range p.IpRanges {
		out = append(out, &SecurityGroupRule{CidrIpv4: r.CidrIp, Description: r.Description})
	}
	for _, r := range p.Ipv6Ranges {
		out = append(out, &SecurityGroupRule{CidrIpv6: r.CidrIpv6, Description: r.Description})
	}
	for _, r := range p.PrefixListIds {
		out = append(out, &SecurityGroupRule{PrefixListId: r.PrefixListId, Description: r.Description})
	}
	for _, g := range p.UserIdGroupPairs {
		user := g.UserId
		if user == "" {
			user = account
		}
		out = append(out, &SecurityGroupRule{ReferencedGroupInfo: &ReferencedGroup{GroupId: g.GroupId, UserId: user}, Description: g.Description})
	}
	for _, r := range out {
		if err := r.setPorts(p.IpProtocol, p.FromPort, p.ToPort); err != nil {
			return nil, err
		}
		if err := r.normalize(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// setPorts takes a protocol by name or number, and its ports.
func (r *SecurityGroupRule) setPorts(protocol string, from, to *int) error {
	protocol = strings.ToLower(protocol)
	if name, ok := protocols[protocol]; ok {
		protocol = name
	}
	r.IpProtocol, r.FromPort, r.ToPort = protocol, -1, -1
	switch protocol {
	case "tcp", "udp":
		if from == nil || to == nil || *from < 0 || *to > 65535 || *from > *to {
			return wire.Errorf("InvalidParameterValue", "Invalid value for portRange. Must specify both from and to ports with TCP/UDP, from 0 to 65535.")
		}
		r.FromPort, r.ToPort = *from, *to
	case "icmp", "icmpv6":
		if from != nil && to != nil {
			r.FromPort, r.ToPort = *from, *to
		}
	case "":
		return missing("ipProtocol")
	default:
		if n, err := strconv.Atoi(protocol); err != nil || n < -1 || n > 255 {
			return invalid("protocol", protocol)
		}
	}
	return nil
}

// normalize checks the source or destination and clears host bits.
func (r *SecurityGroupRule) normalize() error {
	if r.CidrIpv4 != "" {
		p, err := netip.ParsePrefix(r.CidrIpv4)
		if err != nil || !p.Addr().Is4() {
			return wire.Errorf("InvalidParameterValue", "CIDR block %s is malformed", r.CidrIpv4)
		}
		r.CidrIpv4 = p.Masked().String()
	}
	if r.CidrIpv6 != "" {
		p, err := netip.ParsePrefix(r.CidrIpv6)
		if err != nil || !p.Addr().Is6() {
			return wire.Errorf("InvalidParameterValue", "CIDR block %s is malformed", r.CidrIpv6)
		}
		r.CidrIpv6 = p.Masked().String()
	}
	if len(r.Description) > 255 || strings.ContainsAny(r.Description, "\n\t\"<>'`") {
		return wire.Errorf("InvalidParameterValue", "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*")
	}
	return nil
}

// permissionsOf groups rules by protocol and ports.
func permissionsOf(rules []*SecurityGroupRule) []IpPermission {
	var out []IpPermission
	place := map[string]int{}
	for _, r := range rules {
		key := r.IpProtocol + " " + strconv.Itoa(r.FromPort) + " " + strconv.Itoa(r.ToPort)
		i, ok := place[key]
		if !ok {
			i = len(out)
			place[key] = i
			out = append(out, r.permission())
		}
		out[i].add(r)
	}
	return out
}

func (r *SecurityGroupRule) permission() IpPermission {
	p := IpPermission{IpProtocol: r.IpProtocol}
	switch r.IpProtocol {
	case "tcp", "udp", "icmp", "icmpv6":
		from, to := r.FromPort, r.ToPort
		p.FromPort, p.ToPort = &from, &to
	}
	return p
}

func (p *IpPermission) add(r *SecurityGroupRule) {
	switch {
	case r.CidrIpv4 != "":
		p.IpRanges = append(p.IpRanges, IpRange{r.CidrIpv4, r.Description})
	case r.CidrIpv6 != "":
		p.Ipv6Ranges = append(p.Ipv6Ranges, Ipv6Range{r.CidrIpv6, r.Description})
	case r.PrefixListId != "":
		p.PrefixListIds = append(p.PrefixListIds, PrefixListId{r.PrefixListId, r.Description})
	default:
		p.UserIdGroupPairs = append(p.UserIdGroupPairs, UserIdGroupPair{GroupId: r.group(), UserId: r.ReferencedGroupInfo.UserId, Description: r.Description})
	}
}
