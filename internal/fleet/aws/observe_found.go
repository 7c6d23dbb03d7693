package aws

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// into turns a region's answers into resources.
func (l *look) into(seen *infra.Seen) {
	region := l.in.name
	if l.zones != nil {
		seen.Zones[region] = l.zones
	}
	if l.image != "" {
		seen.Images[region] = l.image
	}
	if l.adopted != nil {
		seen.Adopted[region] = *l.adopted
	}
	seen.Quotas = append(seen.Quotas, l.quotas...)
	maps.Copy(seen.VCPUs, l.vcpus)
	var all []infra.Found
	all = append(all, l.foundNetworks()...)
	all = append(all, l.foundWaysOut()...)
	all = append(all, l.foundTables()...)
	all = append(all, l.foundPeerings()...)
	all = append(all, l.foundMachines()...)
	for i := range l.clusters {
		all = append(all, l.clusters[i].found(region, l.question.ID)...)
	}
	all = append(all, l.foundInterfaces()...)
	for i := range l.joinedGroups {
		all = append(all, rulesIn(&l.joinedGroups[i], region, "", l.question.ID)...)
	}
	for _, f := range all {
		f.Region = region
		seen.Found = append(seen.Found, f)
	}
	seen.Runs = append(seen.Runs, l.runs()...)
}

// read turns AWS's list of tags into a map.
func readTags(tags []types.Tag) map[string]string {
	out := map[string]string{}
	for _, t := range tags {
		out[awssdk.ToString(t.Key)] = awssdk.ToString(t.Value)
	}
	return out
}

// tagged begins a resource that carries its role.
func tagged(kind infra.Kind, physical *string, tags []types.Tag) infra.Found {
	t := readTags(tags)
	return infra.Found{ID: t[infra.TagRole], Kind: kind, Physical: awssdk.ToString(physical), State: infra.Ready, Tags: t, Have: map[string]string{}, Refs: map[string]string{}}
}

func (l *look) foundNetworks() (all []infra.Found) {
	for _, v := range l.vpcs {
		f := tagged(infra.VPC, v.VpcId, v.Tags)
		f.Have["cidr"] = awssdk.ToString(v.CidrBlock)
		a := l.attributes[f.Physical]
		f.Have["dnsSupport"], f.Have["dnsHostnames"] = strconv.FormatBool(a[0]), strconv.FormatBool(a[1])
		if v.State == types.VpcStatePending {
			f.State, f.Detail = infra.Pending, "it is pending"
		}
		all = append(all, f)
	}
	for _, g := range l.gateways {
		f := tagged(infra.InternetGateway, g.InternetGatewayId, g.Tags)
		for _, a := range g.Attachments {
			f.Refs["vpc"] = awssdk.ToString(a.VpcId)
		}
		all = append(all, f)
	}
	for _, s := range l.subnets {
		f := tagged(infra.Subnet, s.SubnetId, s.Tags)
		f.Have["cidr"], f.Have["zone"] = awssdk.ToString(s.CidrBlock), awssdk.ToString(s.AvailabilityZone)
		f.Have["publicAddresses"] = strconv.FormatBool(awssdk.ToBool(s.MapPublicIpOnLaunch))
		f.Refs["vpc"] = awssdk.ToString(s.VpcId)
		if s.State == types.SubnetStatePending {
			f.State, f.Detail = infra.Pending, "it is pending"
		}
		all = append(all, f)
	}
	return all
}

func (l *look) foundWaysOut() (all []infra.Found) {
	for _, a := range l.addresses {
		f := tagged(infra.Address, a.AllocationId, a.Tags)
		f.Have["address"] = awssdk.ToString(a.PublicIp)
		all = append(all, f)
	}
	for _, n := range l.nats {
		f := tagged(infra.NAT, n.NatGatewayId, n.Tags)
		f.Refs["subnet"], f.Refs["vpc"] = awssdk.ToString(n.SubnetId), awssdk.ToString(n.VpcId)
		for _, a := range n.NatGatewayAddresses {
			f.Refs["address"] = awssdk.ToString(a.AllocationId)
		}
		f.Detail = "it is " + string(n.State) + prefixed(": ", awssdk.ToString(n.FailureMessage))
		switch n.State {
		case types.NatGatewayStatePending:
			f.State = infra.Pending
		case types.NatGatewayStateFailed:
			f.State = infra.Failed
		case types.NatGatewayStateDeleting:
			f.State = infra.Leaving
		case types.NatGatewayStateDeleted:
			f.State, f.Refs = infra.Gone, nil
		case types.NatGatewayStateAvailable:
			f.Detail = ""
		}
		all = append(all, f)
	}
	return all
}

// foundTables are route tables, their associations, and those of their routes
// that lead to something of the fleet or to nothing.
func (l *look) foundTables() (all []infra.Found) {
	roles := map[string]string{}
	for _, s := range l.subnets {
		roles[awssdk.ToString(s.SubnetId)] = readTags(s.Tags)[infra.TagRole]
	}
	seen := map[string]bool{}
	for _, t := range l.tables {
		f := tagged(infra.RouteTable, t.RouteTableId, t.Tags)
		if seen[f.Physical] {
			continue
		}
		seen[f.Physical] = true
		f.Refs["vpc"] = awssdk.ToString(t.VpcId)
		own := f.Tags[infra.TagFleetID] == l.question.ID
		table := l.in.name + "/table/" + f.Physical // as the planner names those that it adopts
		if own {
			table = f.ID
			all = append(all, f)
			for _, a := range t.Associations {
				if id, subnet := awssdk.ToString(a.RouteTableAssociationId), awssdk.ToString(a.SubnetId); roles[subnet] != "" {
					all = append(all, infra.Found{ID: strings.Replace(roles[subnet], "/subnet/", "/association/", 1), Kind: infra.Association, Physical: id, State: infra.Ready, Refs: map[string]string{"table": f.Physical, "subnet": subnet}})
				}
			}
		}
		for _, r := range t.Routes {
			if route, ok := l.foundRoute(r, f.Physical, table, own); ok {
				all = append(all, route)
			}
		}
	}
	return all
}

func (l *look) foundRoute(r types.Route, physical, table string, own bool) (infra.Found, bool) {
	destination := awssdk.ToString(r.DestinationCidrBlock)
	target := awssdk.ToString(r.GatewayId)
	for _, t := range []*string{r.NatGatewayId, r.VpcPeeringConnectionId} {
		if t != nil {
			target = *t
		}
	}
	// In a network that is adopted only what leads over the fleet's peerings is
	// the fleet's; elsewhere what a person added towards something else is left.
	mine := strings.HasPrefix(target, "pcx-") && slices.ContainsFunc(l.peerings, func(p types.VpcPeeringConnection) bool { return awssdk.ToString(p.VpcPeeringConnectionId) == target })
	mine = mine || own && (strings.HasPrefix(target, "igw-") || strings.HasPrefix(target, "nat-") || strings.HasPrefix(target, "pcx-"))
	if destination == "" || !mine {
		return infra.Found{}, false
	}
	id := strings.Replace(table, "/table/", "/route/", 1) + "/" + destination
	return infra.Found{ID: id, Kind: infra.Route, Physical: physical + " " + destination, State: infra.Ready,
		Have: map[string]string{"destination": destination, "state": string(r.State)}, Refs: map[string]string{"table": physical, "target": target}}, true
}

// foundPeerings: the requester's region has the peering, the accepter's its
// acceptance. Both carry tags of their own.
func (l *look) foundPeerings() (all []infra.Found) {
	for _, p := range l.peerings {
		f := tagged(infra.Peering, p.VpcPeeringConnectionId, p.Tags)
		requester, accepter := p.RequesterVpcInfo, p.AccepterVpcInfo
		if requester == nil || accepter == nil || strings.HasPrefix(f.ID, "acceptance/") && awssdk.ToString(requester.Region) != l.in.name {
			if f.ID != "" {
				f.Kind = infra.Acceptance
				f.Have["mine"] = "true" // only its tags count: see derive
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
		return infra.Leaving
	case types.VpcPeeringConnectionStateReasonCodeDeleted:
		return infra.Gone
	default:
		return infra.Ready
	}
}

// derive joins what two regions say of one peering: it is accepted when it is
// active, whatever its tags on the other side.
func derive(seen *infra.Seen) {
	tags := map[string]map[string]string{}
	for _, f := range seen.Found {
		if f.Kind == infra.Acceptance {
			tags[f.Region+" "+f.Physical] = f.Tags
		}
	}
	seen.Found = slices.DeleteFunc(seen.Found, func(f infra.Found) bool { return f.Kind == infra.Acceptance })
	for _, f := range slices.Clone(seen.Found) {
		if f.Kind != infra.Peering || f.Have["status"] != string(types.VpcPeeringConnectionStateReasonCodeActive) {
			continue
		}
		region := f.Have["accepter"]
		t := tags[region+" "+f.Physical]
		if region == f.Region { // one set of tags for both sides
			t = f.Tags
		}
		if t == nil {
			t = map[string]string{}
		}
		seen.Found = append(seen.Found, infra.Found{ID: strings.Replace(f.ID, "peering/", "acceptance/", 1), Kind: infra.Acceptance, Region: region, Physical: f.Physical + " in " + region,
			State: infra.Ready, Tags: t, Refs: map[string]string{"peering": f.Physical}})
	}
}

func (l *look) foundMachines() (all []infra.Found) {
	for _, g := range l.groups {
		f := tagged(infra.SecurityGroup, g.GroupId, g.Tags)
		f.Refs["vpc"] = awssdk.ToString(g.VpcId)
		var rules []string
		for _, p := range g.IpPermissions {
			for _, r := range p.IpRanges {
				rules = append(rules, ruleText(p, awssdk.ToString(r.CidrIp)))
			}
			for _, r := range p.UserIdGroupPairs {
				rules = append(rules, ruleText(p, awssdk.ToString(r.GroupId)))
			}
		}
		f.Have["rules"] = infra.List(rules)
		all = append(all, f)
	}
	for _, i := range l.instances {
		f := tagged(infra.Instance, i.InstanceId, i.Tags)
		f.Have["instanceType"] = string(i.InstanceType)
		f.Refs["subnet"], f.Refs["vpc"] = awssdk.ToString(i.SubnetId), awssdk.ToString(i.VpcId)
		for _, g := range i.SecurityGroups {
			f.Refs["group"] = awssdk.ToString(g.GroupId)
		}
		if p := i.IamInstanceProfile; p != nil {
			f.Refs["profile"] = lastPart(awssdk.ToString(p.Arn))
		}
		if i.State != nil {
			f.Detail = "it is " + string(i.State.Name)
			switch i.State.Name {
			case types.InstanceStateNamePending:
				f.State = infra.Pending
			case types.InstanceStateNameShuttingDown:
				f.State = infra.Leaving
			case types.InstanceStateNameTerminated:
				f.State, f.Refs = infra.Gone, nil
			default:
			}
		}
		all = append(all, f)
	}
	for _, v := range l.volumes {
		f := tagged(infra.Volume, v.VolumeId, v.Tags)
		f.ID = l.in.name + "/volume/" + f.Physical
		all = append(all, f)
	}
	return all
}

// runs are others that say they are at work.
func (l *look) runs() (all []infra.Run) {
	for _, v := range l.vpcs {
		if by, since, ok := strings.Cut(readTags(v.Tags)[infra.TagRun], " since "); ok && by != runner() {
			all = append(all, infra.Run{By: by, Since: since})
		}
	}
	return all
}
