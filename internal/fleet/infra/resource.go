package infra

import (
	"maps"
	"slices"
	"strings"
)

// Kind is a type of resource, in words that every cloud has something for; its provider
// says what it is there.
type Kind string

// Kinds. A route table's associations and a link's acceptance are resources
// too: each can be missing by itself.
const (
	Role             Kind = "role"
	MachineProfile   Kind = "machine profile"
	Network          Kind = "network"
	Gateway          Kind = "gateway"
	Subnet           Kind = "subnet"
	Address          Kind = "public address"
	NAT              Kind = "NAT gateway"
	RouteTable       Kind = "route table"
	Association      Kind = "route table association"
	Route            Kind = "route"
	Link             Kind = "link"
	LinkAcceptance   Kind = "link acceptance"
	Firewall         Kind = "firewall"
	FirewallRules    Kind = "firewall rules"
	Cluster          Kind = "cluster"
	AccessEntry      Kind = "access entry"
	Addon            Kind = "add-on"
	WorkloadIdentity Kind = "workload identity"
	NodePool         Kind = "node pool"
	Machine          Kind = "machine"

	// Volume and Interface are found only: Kubernetes makes them.
	Volume    Kind = "volume"
	Interface Kind = "network interface"
)

// Resource is one that is wanted.
type Resource struct {
	ID     string // logical, unique in the fleet; the value of the tag ringspan.io/role
	Kind   Kind
	Region string // "" for what belongs to no region

	Want  map[string]string // attributes that are compared, and mended when they differ
	Make  map[string]string // attributes of the making only
	Refs  map[string]string // name → logical id of another resource that must be ready first
	After []string          // further logical ids that must be ready first

	Adopted string // id of what is there already; never changed or deleted
}

// Attribute is one that is wanted or made with.
func (r *Resource) Attribute(name string) string {
	if v, ok := r.Want[name]; ok {
		return v
	}
	return r.Make[name]
}

// needs are the logical ids of what must be ready first.
func (r *Resource) needs() []string {
	all := slices.Sorted(maps.Values(r.Refs))
	return slices.Compact(append(all, r.After...))
}

// State of a resource that was found.
type State string

// States.
const (
	Ready    State = "ready"
	Pending  State = "pending" // it becomes ready by itself
	Failed   State = "failed"  // it never will
	Deleting State = "leaving" // it is being deleted
	Gone     State = "gone"    // it has ended, and the cloud lists it for a while
)

// Found is one resource of the fleet as the cloud describes it.
type Found struct {
	ID       string // logical, from its tag or its name
	Kind     Kind
	Region   string
	Physical string // the provider's id or name
	State    State
	Detail   string // the provider's own words about its state

	Have map[string]string // attributes
	Refs map[string]string // name → physical id
	Tags map[string]string // nil where the kind has none
}

// Foreign is something inside the fleet's networks that isn't the fleet's.
type Foreign struct {
	Region, Network string
	Kind            string
	Physical        string
	Detail          string
}

func (f Foreign) String() string {
	text := f.Region + ": " + f.Kind + " " + f.Physical + " in " + f.Network
	if f.Detail != "" {
		text += " (" + f.Detail + ")"
	}
	return text
}

// Zone of a region; ID is the same in all accounts.
type Zone struct{ Name, ID string }

// AdoptedNetwork is one that was there before the fleet.
type AdoptedNetwork struct {
	ID, CIDR    string
	Subnets     []string // private ones where they can be told apart, sorted
	RouteTables []string // all of them, sorted
	Cluster     string   // "" when the fleet makes one
	Services    string   // range of its Services; "" without a cluster
	Owned       string   // what of it is another fleet's: "VPC vpc-1"; "" when nothing is
	Owner       string   // name of that fleet
}

// Seen is what was found, at one moment.
type Seen struct {
	Account string // of the credentials
	Found   []Found
	Foreign []Foreign
	Adopted map[string]AdoptedNetwork // by region
	Runs    []Run                     // others that are at work on the fleet
	Offer   Offer                     // nothing where it wasn't asked for: of a fleet that is deleted
}

// Offer is what an account lets a fleet choose from, and how much the fleet may have.
type Offer struct {
	Zones  map[string][]Zone // by region
	Images map[string]string // machine image of the jump host, by region
	Quotas []Quota
	VCPUs  map[string]int // virtual CPUs that count against a quota, by instance type; of types that the fleet wants
}

// Run is one `up` or `down` that says it is at work.
type Run struct{ By, Since string }

// Find is the resource of a logical id. Two runs at once can make several; then it is the one
// that most others refer to, and among equals the one with the lowest physical id.
func (s *Seen) Find(id string) *Found {
	var best *Found
	for i := range s.Found {
		f := &s.Found[i]
		if f.ID != id {
			continue
		}
		if best == nil || s.prefers(f, best) {
			best = f
		}
	}
	return best
}

func (f *Found) unusable() bool { return f.State == Deleting || f.State == Failed || f.State == Gone }

func (s *Seen) prefers(a, b *Found) bool {
	if x, y := a.unusable(), b.unusable(); x != y {
		return y
	}
	if x, y := s.dependants(a), s.dependants(b); x != y {
		return x > y
	}
	return a.Physical < b.Physical
}

func (s *Seen) dependants(of *Found) (n int) {
	for i := range s.Found {
		for _, physical := range s.Found[i].Refs {
			if physical == of.Physical {
				n++
			}
		}
	}
	return n
}

// Physical is the id of a logical one; "" when it isn't there.
func (s *Seen) Physical(id string) string {
	if f := s.Find(id); f != nil && f.State != Gone {
		return f.Physical
	}
	return ""
}

// List joins values into an attribute; order doesn't matter in it.
func List(values []string) string {
	values = slices.Clone(values)
	slices.Sort(values)
	return strings.Join(slices.Compact(values), ",")
}

// Values takes a List apart.
func Values(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
