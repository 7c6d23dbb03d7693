package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Config is the wish: which regions there are, and which can reach each other.
type Config struct {
	Name    string   `json:"name"`
	Images  string   `json:"images"` // directory of images
	Regions []Region `json:"regions"`
	Links   []Link   `json:"links"`
	AWS     *AWS     `json:"aws,omitempty"` // clusters come through its API, too
}

// journal is where the lab's events are printed: standard output, unless the
// API's endpoint is.
func (c Config) journal() *os.File {
	if c.AWS != nil {
		return os.Stderr
	}
	return os.Stdout
}

// Region is one network with one Kubernetes cluster in it.
type Region struct {
	Name          string       `json:"name"`
	CIDR          netip.Prefix `json:"cidr"`
	ServiceCIDR   netip.Prefix `json:"serviceCIDR"`
	APIServerPort int          `json:"apiServerPort,omitempty"` // on the host's loopback; 0 = any
	NodeCPUs      int          `json:"nodeCPUs,omitempty"`      // capacity that nodes report; 0 = 8
	NodeMemory    string       `json:"nodeMemory,omitempty"`    // a Kubernetes quantity; "" = 32Gi
	InstanceType  string       `json:"instanceType,omitempty"`  // label of the nodes; "" = local
	Zones         []Zone       `json:"zones"`
}

// Zone is a part of a region that fails on its own.
type Zone struct {
	Name   string       `json:"name"`
	Subnet netip.Prefix `json:"subnet"`
	Nodes  int          `json:"nodes"`
}

// Link lets the pods of two regions reach each other.
type Link struct {
	A string `json:"a"`
	B string `json:"b"`
}

// ReadConfig reads and checks a configuration file.
func ReadConfig(path string) (Config, error) {
	var c Config
	file, err := os.Open(path)
	if err != nil {
		return c, err
	}
	defer file.Close()
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Validate names every field that is wrong.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Images == "" {
		bad("images: the directory of images is missing")
	}
	if len(c.Regions) == 0 && c.AWS == nil {
		bad("regions: there must be at least one")
	}
	errs = append(errs, c.AWS.validate()...)
	names, ports := map[string]bool{}, map[int]bool{}
	for i, r := range c.Regions {
		if r.Name == "" || names[r.Name] {
			bad("regions[%d].name: %q is empty or used twice", i, r.Name)
		}
		names[r.Name] = true
		errs = append(errs, r.validate(fmt.Sprintf("regions[%d]", i))...)
		if port := r.APIServerPort; port < 0 || port > 65535 || port != 0 && ports[port] {
			bad("regions[%d].apiServerPort: %d is not a port, or used twice", i, port)
		}
		ports[r.APIServerPort] = true
		for j, other := range c.Regions[:i] {
			if r.CIDR.Overlaps(other.CIDR) {
				bad("regions[%d].cidr: %s overlaps %s of regions[%d]", i, r.CIDR, other.CIDR, j)
			}
		}
	}
	for i, l := range c.Links {
		if !names[l.A] || !names[l.B] || l.A == l.B {
			bad("links[%d]: %q and %q must be two of the regions", i, l.A, l.B)
		}
		if slices.Contains(c.Links[:i], l) || slices.Contains(c.Links[:i], Link{l.B, l.A}) {
			bad("links[%d]: %q and %q are linked already", i, l.A, l.B)
		}
	}
	return errors.Join(errs...)
}

func (r Region) validate(at string) (errs []error) {
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(at+"."+format, args...))
	}
	if !r.CIDR.IsValid() || !r.CIDR.Addr().Is4() || r.CIDR.Bits() > 22 {
		bad("cidr: an IPv4 range of at least /22 is needed, not %q", r.CIDR)
		return errs
	}
	if !r.ServiceCIDR.IsValid() || !r.ServiceCIDR.Addr().Is4() {
		bad("serviceCIDR: an IPv4 range is needed, not %q", r.ServiceCIDR)
	} else if r.ServiceCIDR.Overlaps(r.CIDR) {
		bad("serviceCIDR: %s overlaps the region's own range %s", r.ServiceCIDR, r.CIDR)
	}
	if r.NodeMemory != "" {
		if _, err := resource.ParseQuantity(r.NodeMemory); err != nil {
			bad("nodeMemory: %q: %w", r.NodeMemory, err)
		}
	}
	if len(r.Zones) == 0 {
		bad("zones: there must be at least one")
	}
	for i, z := range r.Zones {
		switch {
		case z.Name == "":
			bad("zones[%d].name: is missing", i)
		case z.Nodes < 1 || z.Nodes > 16:
			bad("zones[%d].nodes: %d is not between 1 and 16", i, z.Nodes)
		case !z.Subnet.IsValid() || z.Subnet.Bits() < r.CIDR.Bits() || !r.CIDR.Contains(z.Subnet.Addr()):
			bad("zones[%d].subnet: %s is not inside %s", i, z.Subnet, r.CIDR)
		case z.Subnet.Contains(r.controlAddress()):
			bad("zones[%d].subnet: %s contains %s, which is the control plane's", i, z.Subnet, r.controlAddress())
		case z.sliceBits() > 27:
			bad("zones[%d].subnet: %s has no room for %d nodes: each needs 32 addresses", i, z.Subnet, z.Nodes)
		}
		for j, other := range r.Zones[:i] {
			if z.Subnet.IsValid() && z.Subnet.Overlaps(other.Subnet) {
				bad("zones[%d].subnet: %s overlaps zones[%d]", i, z.Subnet, j)
			}
			if z.Name != "" && z.Name == other.Name {
				bad("zones[%d].name: %q is used twice", i, z.Name)
			}
		}
	}
	return errs
}

// controlAddress is the control plane's address: the tenth of the range's last 256.
func (r Region) controlAddress() netip.Addr {
	base := r.CIDR.Masked().Addr().As4()
	size := uint32(1) << (32 - r.CIDR.Bits())
	return addressAt(base, size-256+10)
}

func addressAt(base [4]byte, offset uint32) netip.Addr {
	n := uint32(base[0])<<24 | uint32(base[1])<<16 | uint32(base[2])<<8 | uint32(base[3])
	n += offset
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// node is one Kubernetes node's place.
type node struct {
	name    string
	zone    string
	address netip.Addr
	pods    netip.Prefix // routed to the node; holds its own address too
}

// nodeReserved are the addresses at a node's range's start that pods don't get:
// the network's, the router's, and up to the node's own.
const nodeReserved = 10

// sliceBits is the prefix length of one node's part of the zone's subnet.
func (z Zone) sliceBits() int {
	bits := z.Subnet.Bits()
	for n := 1; n < z.Nodes; n *= 2 {
		bits++
	}
	return bits
}

// nodes lays out the region's nodes: a zone's subnet is cut into equal slices,
// one a node, and the tenth address of a slice is the node's.
func (r Region) nodes() (all []node) {
	for _, z := range r.Zones {
		bits := z.sliceBits()
		for i := range z.Nodes {
			base := addressAt(z.Subnet.Masked().Addr().As4(), uint32(i)<<(32-bits))
			address := addressAt(base.As4(), nodeReserved)
			b := address.As4()
			all = append(all, node{
				name: fmt.Sprintf("ip-%d-%d-%d-%d.%s.compute.internal", b[0], b[1], b[2], b[3], r.Name),
				zone: z.Name, address: address, pods: netip.PrefixFrom(base, bits),
			})
		}
	}
	return all
}
