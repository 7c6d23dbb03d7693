package ec2

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/ringspan/ringspan/local/aws/wire"
	"github.com/ringspan/ringspan/local/aws/world"
)

// regionInfo is a region as AWS has it. Zone ids are numbered in the order of the
// letters; on AWS the two differ from account to account.
type regionInfo struct {
	name, zoneID, letters string
	optIn                 bool     // not enabled in a new account
	named                 []string // zones by name, in place of the letters
}

var awsRegions = []regionInfo{
	{"us-east-1", "use1", "abcdef", false, nil}, {"us-east-2", "use2", "abc", false, nil}, {"us-west-1", "usw1", "ac", false, nil},
	{"us-west-2", "usw2", "abcd", false, nil}, {"ca-central-1", "cac1", "abd", false, nil}, {"sa-east-1", "sae1", "abc", false, nil},
	{"eu-west-1", "euw1", "abc", false, nil}, {"eu-west-2", "euw2", "abc", false, nil}, {"eu-west-3", "euw3", "abc", false, nil},
	{"eu-central-1", "euc1", "abc", false, nil}, {"eu-north-1", "eun1", "abc", false, nil}, {"ap-south-1", "aps1", "abc", false, nil},
	{"ap-northeast-1", "apne1", "acd", false, nil}, {"ap-northeast-2", "apne2", "abcd", false, nil}, {"ap-northeast-3", "apne3", "abc", false, nil},
	{"ap-southeast-1", "apse1", "abc", false, nil}, {"ap-southeast-2", "apse2", "abc", false, nil},
	{"af-south-1", "afs1", "abc", true, nil}, {"ap-east-1", "ape1", "abc", true, nil}, {"ap-south-2", "aps2", "abc", true, nil},
	{"ap-southeast-3", "apse3", "abc", true, nil}, {"ap-southeast-4", "apse4", "abc", true, nil}, {"ca-west-1", "caw1", "abc", true, nil},
	{"eu-central-2", "euc2", "abc", true, nil}, {"eu-south-1", "eus1", "abc", true, nil}, {"eu-south-2", "eus2", "abc", true, nil},
	{"il-central-1", "ilc1", "abc", true, nil}, {"me-central-1", "mec1", "abc", true, nil}, {"me-south-1", "mes1", "abc", true, nil},
}

// regions are AWS's regions and the account's own ones, which come last unless
// they take the place of one of AWS's.
func (s *Service) regions() []regionInfo {
	all := slices.Clone(awsRegions)
	for _, r := range s.world.Regions {
		p := ownRegion(r)
		if i := slices.IndexFunc(all, func(o regionInfo) bool { return o.name == p.name }); i >= 0 {
			all[i] = p
			continue
		}
		all = append(all, p)
	}
	return all
}

// ownRegion has zone ids that are none of AWS's, of which EKS shuns some.
func ownRegion(r world.Region) regionInfo {
	return regionInfo{name: r.Name, zoneID: r.Name, named: r.Zones}
}

func (s *Service) regionOf(region string) (regionInfo, bool) {
	all := s.regions()
	i := slices.IndexFunc(all, func(p regionInfo) bool { return p.name == region })
	if i < 0 {
		return regionInfo{}, false
	}
	return all[i], true
}

// Enabled says whether the account can use a region without opting in.
func (s *Service) Enabled(region string) bool {
	p, ok := s.regionOf(region)
	return ok && !p.optIn
}

func (p regionInfo) optInStatus() string {
	if p.optIn {
		return "not-opted-in"
	}
	return "opt-in-not-required"
}

func (p regionInfo) zones() []AvailabilityZone {
	var out []AvailabilityZone
	for i, name := range p.zoneNames() {
		out = append(out, AvailabilityZone{
			ZoneName: name, ZoneId: p.zoneID + "-az" + strconv.Itoa(i+1), RegionName: p.name,
			State: "available", OptInStatus: "opt-in-not-required", GroupName: p.name, NetworkBorderGroup: p.name, ZoneType: "availability-zone",
		})
	}
	return out
}

func (p regionInfo) zoneNames() []string {
	if p.named != nil {
		return p.named
	}
	return each(strings.Split(p.letters, ""), func(letter string) string { return p.name + letter })
}

// RegionInfo is a region.
type RegionInfo struct {
	RegionName  string
	Endpoint    string `wire:"regionEndpoint"`
	OptInStatus string
}

// DescribeRegionsInput is DescribeRegions's.
type DescribeRegionsInput struct {
	AllRegions  bool
	RegionNames []string `wire:"RegionName"`
	Filters     []Filter `wire:"Filter"`
}

// DescribeRegionsOutput is DescribeRegions's.
type DescribeRegionsOutput struct {
	Regions []RegionInfo `wire:"regionInfo"`
}

var regionKind = &kind[RegionInfo]{filters: map[string]func(*API, *RegionInfo) []string{
	"region-name":   of(func(r *RegionInfo) string { return r.RegionName }),
	"endpoint":      of(func(r *RegionInfo) string { return r.Endpoint }),
	"opt-in-status": of(func(r *RegionInfo) string { return r.OptInStatus }),
}}

// DescribeRegions lists the enabled regions, or all.
func (a *API) DescribeRegions(_ context.Context, in *DescribeRegionsInput) (*DescribeRegionsOutput, error) {
	for _, name := range in.RegionNames {
		if _, ok := a.regionOf(name); !ok {
			return nil, wire.Errorf("InvalidParameterValue", "Invalid region provided: %s", name)
		}
	}
	out := &DescribeRegionsOutput{}
	for _, p := range a.regions() {
		r := RegionInfo{RegionName: p.name, Endpoint: "ec2." + p.name + ".amazonaws.com", OptInStatus: p.optInStatus()}
		if len(in.RegionNames) > 0 && !slices.Contains(in.RegionNames, p.name) || p.optIn && !in.AllRegions && len(in.RegionNames) == 0 {
			continue
		}
		ok, err := passes(a, regionKind, &r, in.Filters)
		if err != nil {
			return nil, err
		}
		if ok {
			out.Regions = append(out.Regions, r)
		}
	}
	return out, nil
}

// AvailabilityZone is a zone.
type AvailabilityZone struct {
	ZoneName, ZoneId, RegionName, GroupName, NetworkBorderGroup, OptInStatus, ZoneType string
	State                                                                              string `wire:"zoneState"`
}

// DescribeAvailabilityZonesInput is DescribeAvailabilityZones's.
type DescribeAvailabilityZonesInput struct {
	AllAvailabilityZones bool
	ZoneIds              []string `wire:"ZoneId"`
	ZoneNames            []string `wire:"ZoneName"`
	Filters              []Filter `wire:"Filter"`
}

// DescribeAvailabilityZonesOutput is DescribeAvailabilityZones's.
type DescribeAvailabilityZonesOutput struct {
	AvailabilityZones []AvailabilityZone `wire:"availabilityZoneInfo"`
}

var zoneKind = &kind[AvailabilityZone]{filters: map[string]func(*API, *AvailabilityZone) []string{
	"zone-name":     of(func(z *AvailabilityZone) string { return z.ZoneName }),
	"zone-id":       of(func(z *AvailabilityZone) string { return z.ZoneId }),
	"zone-type":     of(func(z *AvailabilityZone) string { return z.ZoneType }),
	"group-name":    of(func(z *AvailabilityZone) string { return z.GroupName }),
	"region-name":   of(func(z *AvailabilityZone) string { return z.RegionName }),
	"state":         of(func(z *AvailabilityZone) string { return z.State }),
	"opt-in-status": of(func(z *AvailabilityZone) string { return z.OptInStatus }),
}}

// DescribeAvailabilityZones lists the region's zones. There are no local zones.
func (a *API) DescribeAvailabilityZones(_ context.Context, in *DescribeAvailabilityZonesInput) (*DescribeAvailabilityZonesOutput, error) {
	p, _ := a.regionOf(a.region.Name)
	out := &DescribeAvailabilityZonesOutput{}
	named := slices.Concat(in.ZoneNames, in.ZoneIds)
	for _, z := range p.zones() {
		ok, err := passes(a, zoneKind, &z, in.Filters)
		if err != nil {
			return nil, err
		}
		if ok && (len(named) == 0 || slices.Contains(named, z.ZoneName) || slices.Contains(named, z.ZoneId)) {
			out.AvailabilityZones = append(out.AvailabilityZones, z)
		}
	}
	for _, name := range named {
		if !slices.ContainsFunc(p.zones(), func(z AvailabilityZone) bool { return z.ZoneName == name || z.ZoneId == name }) {
			return nil, wire.Errorf("InvalidParameterValue", "Invalid availability zone: [%s]", name)
		}
	}
	return out, nil
}

// AccountAttribute is a setting of the account.
type AccountAttribute struct {
	AttributeName   string
	AttributeValues []AttributeValueItem `wire:"attributeValueSet"`
}

// AttributeValueItem is a value of an attribute.
type AttributeValueItem struct {
	AttributeValue string
}

// DescribeAccountAttributesInput is DescribeAccountAttributes's.
type DescribeAccountAttributesInput struct {
	AttributeNames []string `wire:"AttributeName"`
}

// DescribeAccountAttributesOutput is DescribeAccountAttributes's.
type DescribeAccountAttributesOutput struct {
	AccountAttributes []AccountAttribute `wire:"accountAttributeSet"`
}

// DescribeAccountAttributes says that there is no default VPC, and the limits
// that EC2 itself tells.
func (a *API) DescribeAccountAttributes(_ context.Context, in *DescribeAccountAttributesInput) (*DescribeAccountAttributesOutput, error) {
	out := &DescribeAccountAttributesOutput{}
	for _, v := range [][2]string{
		{"supported-platforms", "VPC"}, {"default-vpc", "none"}, {"max-instances", "1000"},
		{"vpc-max-security-groups-per-interface", "5"}, {"max-elastic-ips", "5"}, {"vpc-max-elastic-ips", "5"},
	} {
		if len(in.AttributeNames) == 0 || slices.Contains(in.AttributeNames, v[0]) {
			out.AccountAttributes = append(out.AccountAttributes, AccountAttribute{v[0], []AttributeValueItem{{v[1]}}})
		}
	}
	return out, nil
}
