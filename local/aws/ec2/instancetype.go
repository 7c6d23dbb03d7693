package ec2

import (
	"context"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/local/aws/wire"
)

// machine is an instance type: virtual CPUs, memory, network interfaces and
// addresses on each of them ("Amazon EC2 instance type specifications").
type machine struct {
	name       string
	vcpus      int
	memory     int // MiB
	interfaces int
	addresses  int
	network    string
}

var machines = []machine{
	{"t3.micro", 2, 1024, 2, 2, "Up to 5 Gigabit"}, {"t3.small", 2, 2048, 3, 4, "Up to 5 Gigabit"},
	{"t3.medium", 2, 4096, 3, 6, "Up to 5 Gigabit"}, {"t3.large", 2, 8192, 3, 12, "Up to 5 Gigabit"},
	{"t3.xlarge", 4, 16384, 4, 15, "Up to 5 Gigabit"}, {"t3.2xlarge", 8, 32768, 4, 15, "Up to 5 Gigabit"},
	{"t3a.micro", 2, 1024, 2, 2, "Up to 5 Gigabit"}, {"t3a.small", 2, 2048, 2, 4, "Up to 5 Gigabit"},
	{"t3a.medium", 2, 4096, 3, 6, "Up to 5 Gigabit"}, {"t3a.large", 2, 8192, 3, 12, "Up to 5 Gigabit"},
	{"t4g.micro", 2, 1024, 2, 2, "Up to 5 Gigabit"}, {"t4g.small", 2, 2048, 3, 4, "Up to 5 Gigabit"},
	{"t4g.medium", 2, 4096, 3, 6, "Up to 5 Gigabit"}, {"t4g.large", 2, 8192, 3, 12, "Up to 5 Gigabit"},
	{"m5.large", 2, 8192, 3, 10, "Up to 10 Gigabit"}, {"m5.xlarge", 4, 16384, 4, 15, "Up to 10 Gigabit"},
	{"m5.2xlarge", 8, 32768, 4, 15, "Up to 10 Gigabit"}, {"m5.4xlarge", 16, 65536, 8, 30, "Up to 10 Gigabit"},
	{"m6i.large", 2, 8192, 3, 10, "Up to 12.5 Gigabit"}, {"m6i.xlarge", 4, 16384, 4, 15, "Up to 12.5 Gigabit"},
	{"m6i.2xlarge", 8, 32768, 4, 15, "Up to 12.5 Gigabit"}, {"m6i.4xlarge", 16, 65536, 8, 30, "Up to 12.5 Gigabit"},
	{"m7i.large", 2, 8192, 3, 10, "Up to 12.5 Gigabit"}, {"m7i.xlarge", 4, 16384, 4, 15, "Up to 12.5 Gigabit"},
	{"m7i.2xlarge", 8, 32768, 4, 15, "Up to 12.5 Gigabit"}, {"m7i.4xlarge", 16, 65536, 8, 30, "Up to 12.5 Gigabit"},
	{"m7g.large", 2, 8192, 3, 10, "Up to 12.5 Gigabit"}, {"m7g.xlarge", 4, 16384, 4, 15, "Up to 12.5 Gigabit"},
	{"m7g.2xlarge", 8, 32768, 4, 15, "Up to 15 Gigabit"}, {"c5.large", 2, 4096, 3, 10, "Up to 10 Gigabit"},
	{"c5.xlarge", 4, 8192, 4, 15, "Up to 10 Gigabit"}, {"c6i.large", 2, 4096, 3, 10, "Up to 12.5 Gigabit"},
	{"c6i.xlarge", 4, 8192, 4, 15, "Up to 12.5 Gigabit"}, {"c6i.2xlarge", 8, 16384, 4, 15, "Up to 12.5 Gigabit"},
	{"r5.large", 2, 16384, 3, 10, "Up to 10 Gigabit"}, {"r5.xlarge", 4, 32768, 4, 15, "Up to 10 Gigabit"},
	{"r6i.large", 2, 16384, 3, 10, "Up to 12.5 Gigabit"}, {"r6i.xlarge", 4, 32768, 4, 15, "Up to 12.5 Gigabit"},
	{"r6i.2xlarge", 8, 65536, 4, 15, "Up to 12.5 Gigabit"}, {"r7g.large", 2, 16384, 3, 10, "Up to 12.5 Gigabit"},
	{"r7g.xlarge", 4, 32768, 4, 15, "Up to 12.5 Gigabit"}, {"i4i.large", 2, 16384, 3, 10, "Up to 10 Gigabit"},
	{"i4i.xlarge", 4, 32768, 4, 15, "Up to 10 Gigabit"}, {"i4i.2xlarge", 8, 65536, 4, 15, "Up to 12 Gigabit"},
}

// arch is the architecture of an instance type: families with a g after the
// generation are Graviton.
func (m machine) arch() string {
	family, _, _ := strings.Cut(m.name, ".")
	if strings.HasSuffix(strings.TrimRight(family, "dn"), "g") {
		return "arm64"
	}
	return "x86_64"
}

func machineOf(name string) (machine, error) {
	i := slices.IndexFunc(machines, func(m machine) bool { return m.name == name })
	if i < 0 {
		return machine{}, wire.Errorf("InvalidInstanceType", "The following supplied instance types do not exist: [%s]", name)
	}
	return machines[i], nil
}

// KnowsInstanceType says whether this cloud has an instance type.
func KnowsInstanceType(name string) bool {
	_, err := machineOf(name)
	return err == nil
}

// InstanceTypeInfo describes an instance type.
type InstanceTypeInfo struct {
	InstanceType                                                                  string
	CurrentGeneration, BareMetal, BurstablePerformanceSupported, FreeTierEligible bool
	InstanceStorageSupported                                                      bool
	Hypervisor                                                                    string
	VCpuInfo                                                                      VCpuInfo
	MemoryInfo                                                                    MemoryInfo
	NetworkInfo                                                                   NetworkInfo
	ProcessorInfo                                                                 ProcessorInfo
	SupportedUsageClasses, SupportedRootDeviceTypes                               []string
	SupportedVirtualizationTypes                                                  []string
}

// VCpuInfo counts virtual CPUs.
type VCpuInfo struct {
	DefaultVCpus, DefaultCores, DefaultThreadsPerCore int
}

// MemoryInfo is the memory.
type MemoryInfo struct {
	SizeInMiB int
}

// NetworkInfo counts interfaces and addresses.
type NetworkInfo struct {
	NetworkPerformance                                                                                string
	MaximumNetworkInterfaces, Ipv4AddressesPerInterface, MaximumNetworkCards, DefaultNetworkCardIndex int
	EnaSupport                                                                                        string
}

// ProcessorInfo names the architectures.
type ProcessorInfo struct {
	SupportedArchitectures []string
}

func (m machine) info() InstanceTypeInfo {
	threads := 2
	if m.arch() == "arm64" {
		threads = 1
	}
	return InstanceTypeInfo{
		InstanceType: m.name, CurrentGeneration: true, BurstablePerformanceSupported: m.name[0] == 't', FreeTierEligible: m.name == "t3.micro",
		InstanceStorageSupported: m.name[0] == 'i', Hypervisor: "nitro", VCpuInfo: VCpuInfo{m.vcpus, m.vcpus / threads, threads}, MemoryInfo: MemoryInfo{m.memory},
		NetworkInfo:           NetworkInfo{m.network, m.interfaces, m.addresses, 1, 0, "required"},
		ProcessorInfo:         ProcessorInfo{[]string{m.arch()}},
		SupportedUsageClasses: []string{"on-demand", "spot"}, SupportedRootDeviceTypes: []string{"ebs"}, SupportedVirtualizationTypes: []string{"hvm"},
	}
}

var typeKind = &kind[InstanceTypeInfo]{filters: map[string]func(*API, *InstanceTypeInfo) []string{
	"instance-type":                         of(func(t *InstanceTypeInfo) string { return t.InstanceType }),
	"current-generation":                    of(func(t *InstanceTypeInfo) string { return flag(t.CurrentGeneration) }),
	"bare-metal":                            of(func(t *InstanceTypeInfo) string { return flag(t.BareMetal) }),
	"hypervisor":                            of(func(t *InstanceTypeInfo) string { return t.Hypervisor }),
	"processor-info.supported-architecture": many(func(t *InstanceTypeInfo) []string { return t.ProcessorInfo.SupportedArchitectures }),
	"supported-usage-class":                 many(func(t *InstanceTypeInfo) []string { return t.SupportedUsageClasses }),
}}

// DescribeInstanceTypesInput is DescribeInstanceTypes's.
type DescribeInstanceTypesInput struct {
	InstanceTypes []string `wire:"InstanceType"`
	Filters       []Filter `wire:"Filter"`
	Page
}

// DescribeInstanceTypesOutput is DescribeInstanceTypes's.
type DescribeInstanceTypesOutput struct {
	InstanceTypes []InstanceTypeInfo `wire:"instanceTypeSet"`
	NextToken     string
}

// DescribeInstanceTypes lists the types that this cloud has, in one page.
func (a *API) DescribeInstanceTypes(_ context.Context, in *DescribeInstanceTypesInput) (*DescribeInstanceTypesOutput, error) {
	for _, name := range in.InstanceTypes {
		if _, err := machineOf(name); err != nil {
			return nil, err
		}
	}
	out := &DescribeInstanceTypesOutput{}
	for _, m := range machines {
		info := m.info()
		ok, err := passes(a, typeKind, &info, in.Filters)
		if err != nil {
			return nil, err
		}
		if ok && (len(in.InstanceTypes) == 0 || slices.Contains(in.InstanceTypes, m.name)) {
			out.InstanceTypes = append(out.InstanceTypes, info)
		}
	}
	return out, nil
}

// InstanceTypeOffering says where a type is offered.
type InstanceTypeOffering struct {
	InstanceType, LocationType, Location string
}

// DescribeInstanceTypeOfferingsInput is DescribeInstanceTypeOfferings's.
type DescribeInstanceTypeOfferingsInput struct {
	LocationType string
	Filters      []Filter `wire:"Filter"`
	Page
}

// DescribeInstanceTypeOfferingsOutput is DescribeInstanceTypeOfferings's.
type DescribeInstanceTypeOfferingsOutput struct {
	InstanceTypeOfferings []InstanceTypeOffering `wire:"instanceTypeOfferingSet"`
	NextToken             string
}

var offeringKind = &kind[InstanceTypeOffering]{filters: map[string]func(*API, *InstanceTypeOffering) []string{
	"instance-type": of(func(o *InstanceTypeOffering) string { return o.InstanceType }),
	"location":      of(func(o *InstanceTypeOffering) string { return o.Location }),
}}

// DescribeInstanceTypeOfferings lists where types are offered: everywhere.
func (a *API) DescribeInstanceTypeOfferings(_ context.Context, in *DescribeInstanceTypeOfferingsInput) (*DescribeInstanceTypeOfferingsOutput, error) {
	p, _ := a.regionOf(a.region.Name)
	var locations []string
	switch in.LocationType {
	case "", "region":
		in.LocationType, locations = "region", []string{p.name}
	case "availability-zone":
		locations = each(p.zones(), func(z AvailabilityZone) string { return z.ZoneName })
	case "availability-zone-id":
		locations = each(p.zones(), func(z AvailabilityZone) string { return z.ZoneId })
	default:
		return nil, invalid("locationType", in.LocationType)
	}
	out := &DescribeInstanceTypeOfferingsOutput{}
	for _, m := range machines {
		for _, l := range locations {
			o := InstanceTypeOffering{m.name, in.LocationType, l}
			ok, err := passes(a, offeringKind, &o, in.Filters)
			if err != nil {
				return nil, err
			}
			if ok {
				out.InstanceTypeOfferings = append(out.InstanceTypeOfferings, o)
			}
		}
	}
	return out, nil
}
