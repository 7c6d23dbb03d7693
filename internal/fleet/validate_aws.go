package fleet

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/network"
)

// Tags that Ringspan or AWS writes.
var reservedTags = []string{"ringspan.io/", "aws:", "kubernetes.io/", "eks:"}

var (
	awsRegion    = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	instanceType = regexp.MustCompile(`^[a-z][a-z0-9-]*\.[a-z0-9-]+$`)
	kubeVersion  = regexp.MustCompile(`^1\.[0-9]{2}$`)
	vpcID        = regexp.MustCompile(`^vpc-[0-9a-f]+$`)
	registry     = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$`)
	principal    = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/.+$`)
)

// onlyAWS refuses what provider local has no use for: silence would mislead.
func (f *File) onlyAWS() (errs []error) {
	spec := f.Fleet.Spec
	refuse := func(is bool, field string) {
		if is {
			errs = append(errs, f.at.fieldError(field, "provider local has no such thing; provider aws does"))
		}
	}
	refuse(spec.JumpHost != nil, "spec.jumpHost")
	refuse(len(spec.ReservedCIDRs) > 0, "spec.reservedCIDRs")
	refuse(spec.Expires != "", "spec.expires")
	refuse(len(spec.Admins) > 0, "spec.admins")
	refuse(spec.Endpoint != "", "spec.endpoint")
	refuse(spec.ImageRegistry != "", "spec.imageRegistry")
	for i, r := range spec.Regions {
		at := func(field string) string { return path("spec.regions[%d].%s", i, field) }
		refuse(r.KubernetesVersion != "", at("kubernetesVersion"))
		refuse(r.APIEndpoint.Access != "" || len(r.APIEndpoint.AllowedCIDRs) > 0, at("apiEndpoint"))
		refuse(r.Adopt != nil, at("adopt"))
		refuse(len(r.Nodes.Zones) > 0, at("nodes.zones"))
	}
	return errs
}

// validateTags refuses keys that Ringspan, AWS or Kubernetes set themselves.
func (f *File) validateTags() []error {
	x := &faults{d: f.at, at: "spec"}
	for key := range f.Fleet.Spec.Tags {
		if i := slices.IndexFunc(reservedTags, func(p string) bool { return strings.HasPrefix(key, p) }); i >= 0 {
			x.bad("tags", "%s: tags that begin with %s are not yours to set", key, reservedTags[i])
		}
	}
	return x.errs
}

// validateAWS checks what belongs to no region.
func (f *File) validateAWS() []error {
	x := &faults{d: f.at, at: "spec"}
	spec := f.Fleet.Spec
	if len(f.Fleet.Name) > 24 {
		x.errs = append(x.errs, f.at.fieldError("metadata.name", "%q is longer than 24: names of IAM roles are made of it and have at most 64", f.Fleet.Name))
	}
	for i, text := range spec.ReservedCIDRs {
		if _, ok := anyNetwork(text); !ok {
			x.bad(path("reservedCIDRs[%d]", i), "%q is not an IPv4 network such as 10.8.0.0/16", text)
		}
	}
	for i, arn := range spec.Admins {
		if !principal.MatchString(arn) {
			x.bad(path("admins[%d]", i), "%q is not the ARN of an IAM user or role", arn)
		}
	}
	if _, err := Expiry(spec.Expires); err != nil {
		x.bad("expires", "%q is not a time such as 2027-01-31 or 2027-01-31T18:00:00Z", spec.Expires)
	}
	if u, err := url.Parse(spec.Endpoint); spec.Endpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		x.bad("endpoint", "%q is not a URL such as http://127.0.0.1:4566", spec.Endpoint)
	}
	if spec.ImageRegistry != "" && !registry.MatchString(spec.ImageRegistry) {
		x.bad("imageRegistry", "%q is not a place in a registry such as registry.example.com/ringspan, without scheme, tag or closing slash", spec.ImageRegistry)
	}
	f.validateJumpHost(x)
	f.validateRanges(x)
	return x.errs
}

// Expiry reads when a fleet is no longer wanted; the zero time when never. A day
// ends when it is over in UTC.
func Expiry(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1), nil
	}
	return time.Parse(time.RFC3339, text)
}

func (f *File) validateJumpHost(x *faults) {
	j := f.Fleet.Spec.JumpHost
	if j == nil {
		return
	}
	if !awsRegion.MatchString(j.Region) {
		x.bad("jumpHost.region", "%q is not a region of AWS such as us-east-2", j.Region)
	}
	if !instanceType.MatchString(j.InstanceType) {
		x.bad("jumpHost.instanceType", "%q is not an instance type such as t3.micro", j.InstanceType)
	}
	if j.CIDR != "" {
		vpcRange(x, "jumpHost.cidr", j.CIDR)
	}
}

// vpcRange checks a range that was given for a VPC.
func vpcRange(x *faults, field, text string) {
	p, ok := anyNetwork(text)
	switch {
	case !ok:
		x.bad(field, "%q is not an IPv4 network such as 172.21.0.0/16", text)
	case p.Bits() < network.MinBits || p.Bits() > network.MaxBits:
		x.bad(field, "%s is not between /%d and /%d", p, network.MinBits, network.MaxBits)
	case p.Overlaps(network.Docker):
		x.bad(field, "%s overlaps %s, which container engines use on every node; choose another", p, network.Docker)
	}
}

// anyNetwork reads an IPv4 network of any size; its host bits must be zero.
func anyNetwork(text string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(text)
	return p, err == nil && p.Addr().Is4() && p == p.Masked()
}

// validateRanges finds what overlaps among what was given; what is chosen later
// never does.
func (f *File) validateRanges(x *faults) {
	type claim struct{ field, of, text string }
	var claims []claim
	for i, r := range f.Fleet.Spec.Regions {
		claims = append(claims, claim{path("regions[%d].serviceCIDR", i), "the Services of region " + r.Name, r.ServiceCIDR})
	}
	if j := f.Fleet.Spec.JumpHost; j != nil {
		claims = append(claims, claim{"jumpHost.cidr", "the jump host's network", j.CIDR})
	}
	for i, text := range f.Fleet.Spec.ReservedCIDRs {
		claims = append(claims, claim{path("reservedCIDRs[%d]", i), "the reserved range", text})
	}
	for _, r := range f.Fleet.Spec.Regions {
		own, ok := anyNetwork(r.CIDR)
		for _, c := range claims {
			if p, is := anyNetwork(c.text); ok && is && p.Overlaps(own) {
				x.bad(c.field, "%s overlaps the range %s of region %s; choose another", p, own, r.Name)
			}
		}
	}
	last := len(claims) - len(f.Fleet.Spec.ReservedCIDRs)
	for _, c := range claims[:last] {
		p, ok := anyNetwork(c.text)
		for _, d := range claims[len(f.Fleet.Spec.Regions):] {
			if q, is := anyNetwork(d.text); ok && is && c.field != d.field && p.Overlaps(q) {
				x.bad(c.field, "%s overlaps %s %s; choose another", p, d.of, q)
			}
		}
	}
}

// validateAWSRegion checks a region's fields of provider aws.
func (f *File) validateAWSRegion(x *faults, r fleetv1.Region) {
	if !awsRegion.MatchString(r.Name) {
		x.bad("name", "%q is not a region of AWS such as eu-west-1", r.Name)
	}
	if r.CIDR != "" {
		vpcRange(x, "cidr", r.CIDR)
	}
	if s, ok := anyNetwork(r.ServiceCIDR); r.ServiceCIDR != "" && (!ok || s.Bits() < 12 || s.Bits() > 24 || !network.Private(s)) {
		x.bad("serviceCIDR", "%q is not a private IPv4 network of /12 to /24 such as 10.200.0.0/16", r.ServiceCIDR)
	}
	if len(r.Zones) == 1 {
		x.bad("zones", "one zone is too few: EKS wants subnets in two")
	}
	if r.APIServerPort != 0 {
		x.bad("apiServerPort", "provider aws has no such thing; provider local does")
	}
	if r.KubernetesVersion != "" && !kubeVersion.MatchString(r.KubernetesVersion) {
		x.bad("kubernetesVersion", "%q is not a minor version of Kubernetes such as \"1.34\"", r.KubernetesVersion)
	}
	validateAPIEndpoint(x, r.APIEndpoint)
	for i, zone := range r.Nodes.Zones {
		if !slices.ContainsFunc(r.Zones, func(z fleetv1.Zone) bool { return z.Name == zone }) && len(r.Zones) > 0 {
			x.bad(path("nodes.zones[%d]", i), "%s is none of the region's zones", zone)
		}
	}
	validateAdopt(x, r)
}

func validateAPIEndpoint(x *faults, e fleetv1.APIEndpoint) {
	switch e.Access {
	case fleetv1.EndpointPublic:
	case fleetv1.EndpointPrivate:
		if len(e.AllowedCIDRs) > 0 {
			x.bad("apiEndpoint.allowedCIDRs", "they are for a public endpoint; this one is private")
		}
	default:
		x.bad("apiEndpoint.access", "%q: there are %s and %s", e.Access, fleetv1.EndpointPublic, fleetv1.EndpointPrivate)
	}
	for i, text := range e.AllowedCIDRs {
		if _, ok := anyNetwork(text); !ok {
			x.bad(path("apiEndpoint.allowedCIDRs[%d]", i), "%q is not an IPv4 network such as 203.0.113.0/24", text)
		}
	}
}

// validateMachines checks what nodes are, and how they reach the world.
func validateMachines(x *faults, r fleetv1.Region) {
	if r.NAT != fleetv1.NATPerRegion && r.NAT != fleetv1.NATPerZone {
		x.bad("nat", "%q: there are %s and %s", r.NAT, fleetv1.NATPerRegion, fleetv1.NATPerZone)
	}
	n := r.Nodes
	if !instanceType.MatchString(n.InstanceType) {
		x.bad("nodes.instanceType", "%q is not an instance type such as m5.large", n.InstanceType)
	}
	if n.DiskGiB < 20 || n.DiskGiB > 16384 {
		x.bad("nodes.diskGiB", "%d is not between 20 and 16384", n.DiskGiB)
	}
	if n.Capacity != fleetv1.OnDemand && n.Capacity != fleetv1.Spot {
		x.bad("nodes.capacity", "%q: there are %s and %s", n.Capacity, fleetv1.OnDemand, fleetv1.Spot)
	}
}

func validateAdopt(x *faults, r fleetv1.Region) {
	if r.Adopt == nil {
		return
	}
	if r.Adopt.VPC == "" && r.Adopt.Cluster == "" {
		x.bad("adopt", "it names neither vpc nor cluster")
	}
	if r.Adopt.VPC != "" && !vpcID.MatchString(r.Adopt.VPC) {
		x.bad("adopt.vpc", "%q is not the id of a VPC such as vpc-0123456789abcdef0", r.Adopt.VPC)
	}
	if r.CIDR != "" {
		x.bad("cidr", "the range of a VPC that is adopted is its own; leave it out")
	}
	if len(r.Zones) > 0 {
		x.bad("zones", "the zones of a VPC that is adopted are those of its subnets; leave them out")
	}
}
