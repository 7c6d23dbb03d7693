package cost

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// Line is one thing that costs, by the month.
type Line struct {
	Region  string  `json:"region"`
	What    string  `json:"what"`
	Count   int     `json:"count"`
	Each    float64 `json:"each"` // dollars a month
	Monthly float64 `json:"monthly"`
}

// Estimate is what a fleet costs in a month, as far as that follows from what it
// is made of. Traffic and the databases' volumes come on top.
type Estimate struct {
	Currency string   `json:"currency"`
	AsOf     string   `json:"asOf"`
	Source   string   `json:"source"`
	Lines    []Line   `json:"lines"`
	Monthly  float64  `json:"monthly"`
	Unknown  []string `json:"unknown,omitempty"` // what could not be reckoned
	Besides  []string `json:"besides"`           // what is billed by use
}

// item is something with a price.
type item struct {
	region, what string
	each         float64
}

// Of what is wanted.
func Of(d *infra.Desired) Estimate {
	e := newEstimate()
	for i := range d.Resources {
		if r := &d.Resources[i]; r.Adopted == "" {
			e.add(r.Kind, r.Region, r.Attribute)
		}
	}
	return e.done()
}

// OfFound is the cost of what is there.
func OfFound(found []infra.Found) Estimate {
	e := newEstimate()
	for i := range found {
		if f := &found[i]; f.State != infra.Gone {
			e.add(f.Kind, f.Region, func(name string) string { return f.Have[name] })
		}
	}
	return e.done()
}

type estimate struct {
	Estimate

	items map[item]int // how many
}

func newEstimate() *estimate {
	return &estimate{items: map[item]int{}, Estimate: Estimate{Currency: "USD", AsOf: AsOf, Source: Source, Lines: []Line{}, Besides: []string{
		fmt.Sprintf("traffic between regions: $%.2f a GB, each way", peeringPerGB), "traffic through NAT gateways and to the internet", "the databases' volumes", "control-plane logs in CloudWatch"}}}
}

// add reckons one resource; most kinds are free.
func (e *estimate) add(kind infra.Kind, region string, attribute func(string) string) {
	p, known := ratesOf[region]
	if !known {
		p = ratesOf[reference]
	}
	switch kind {
	case infra.Cluster:
		e.items[item{region: region, what: "EKS control plane", each: controlPlane * hours}]++
	case infra.NAT:
		e.items[item{region: region, what: "NAT gateway", each: p.nat * hours}]++
	case infra.Address:
		e.items[item{region: region, what: "public IPv4 address", each: address * hours}]++
	case infra.NodePool:
		count, _ := strconv.Atoi(attribute("count"))
		e.machine(region, p, attribute("instanceType"), attribute("capacity") == string(fleetv1.Spot), count)
		size, _ := strconv.Atoi(attribute("diskGiB"))
		e.items[item{region: region, what: fmt.Sprintf("root volume of %d GiB", size), each: p.gp3 * float64(size)}] += count
	case infra.Machine:
		e.machine(region, p, attribute("instanceType"), false, 1)
		e.items[item{region: region, what: "root volume of 20 GiB", each: p.gp3 * 20}]++
	default:
		return
	}
	if !known {
		e.missing("prices of region %s: those of %s were taken", region, reference)
	}
}

func (e *estimate) machine(region string, p rates, kind string, spot bool, count int) {
	each, ok := p.machines[kind]
	if !ok {
		e.missing("the price of %s in %s: %d machines are not in the sum", kind, region, count)
		return
	}
	what := kind
	if spot {
		what += " at the on-demand price (spot is usually far less)"
	}
	e.items[item{region: region, what: what, each: each * hours}] += count
}

func (e *estimate) missing(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(e.Unknown, text) {
		e.Unknown = append(e.Unknown, text)
	}
}

func (e *estimate) done() Estimate {
	for i, n := range e.items {
		e.Lines = append(e.Lines, Line{i.region, i.what, n, i.each, i.each * float64(n)})
		e.Monthly += i.each * float64(n)
	}
	slices.SortFunc(e.Lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), -cmp.Compare(a.Monthly, b.Monthly), cmp.Compare(a.What, b.What))
	})
	return e.Estimate
}
