package ec2

import (
	"context"

	"github.com/ringspan/ringspan/local/aws/world"
)

// DhcpOptions are what DHCP tells machines. This cloud has the default ones.
type DhcpOptions struct {
	DhcpOptionsId, OwnerId string
	DhcpConfigurations     []DhcpConfiguration `wire:"dhcpConfigurationSet"`
	Tagged
}

// DhcpConfiguration is one option.
type DhcpConfiguration struct {
	Key    string
	Values []DhcpValue `wire:"valueSet"`
}

// DhcpValue is a value of an option.
type DhcpValue struct {
	Value string
}

var dhcpOptions = &kind[DhcpOptions]{
	noun: "dhcpOption ID", code: "InvalidDhcpOptionID", prefix: "dopt",
	table: func(r *Region) *world.Table[DhcpOptions] { return &r.DhcpOptions },
	id:    func(d *DhcpOptions) string { return d.DhcpOptionsId },
	tags:  func(d *DhcpOptions) *[]Tag { return &d.Tags },
	filters: map[string]func(*API, *DhcpOptions) []string{
		"dhcp-options-id": of(func(d *DhcpOptions) string { return d.DhcpOptionsId }),
		"owner-id":        of(func(d *DhcpOptions) string { return d.OwnerId }),
	},
}

func (a *API) addDefaultDhcpOptions() {
	domain := a.region.Name + ".compute.internal"
	if a.region.Name == "us-east-1" {
		domain = "ec2.internal"
	}
	id := a.world.IDs.New("dopt")
	a.region.DhcpOptions.Put(id, &DhcpOptions{DhcpOptionsId: id, OwnerId: a.world.Account, DhcpConfigurations: []DhcpConfiguration{
		{"domain-name", []DhcpValue{{domain}}}, {"domain-name-servers", []DhcpValue{{"AmazonProvidedDNS"}}},
	}})
}

// DescribeDhcpOptionsInput is DescribeDhcpOptions's.
type DescribeDhcpOptionsInput struct {
	DhcpOptionsIds []string `wire:"DhcpOptionsId"`
	Filters        []Filter `wire:"Filter"`
	Page
}

// DescribeDhcpOptionsOutput is DescribeDhcpOptions's.
type DescribeDhcpOptionsOutput struct {
	DhcpOptions []*DhcpOptions `wire:"dhcpOptionsSet"`
	NextToken   string
}

// DescribeDhcpOptions lists the region's options.
func (a *API) DescribeDhcpOptions(_ context.Context, in *DescribeDhcpOptionsInput) (*DescribeDhcpOptionsOutput, error) {
	found, next, err := list(a, dhcpOptions, in.DhcpOptionsIds, in.Filters, in.Page)
	return &DescribeDhcpOptionsOutput{found, next}, err
}
