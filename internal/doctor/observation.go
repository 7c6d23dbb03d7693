package doctor

import (
	"net/netip"

	"github.com/ringspan/ringspan/internal/doctor/probe"
)

// Observation is what probes have seen, and what is needed to judge it.
type Observation struct {
	Regions        []string // in the order in which they are shown
	ObservedProbes []ObservedProbe
	Others         []Other
	Names          map[string][]Name // that pods of a region look up
	Missing        []Missing
}

// ObservedProbe is one probe.
type ObservedProbe struct {
	Name    string // also as a target of others
	Region  string
	Zone    string
	Node    string
	NodeIP  netip.Addr
	Address netip.Addr
	Result  probe.Result
}

// OtherKind is what a target is that isn't a probe.
type OtherKind string

// Kinds.
const (
	APIServer OtherKind = "API server"
	Cassandra OtherKind = "Cassandra"
)

// Other is a target that isn't a probe.
type Other struct {
	Name   string
	Region string
	Kind   OtherKind
	Host   string
}

// Name is looked up in a region. No expected address means any.
type Name struct {
	Name string
	Want netip.Addr
}

// Missing is a region, or a part of it, in which nothing could be measured.
type Missing struct {
	Region, What, Why string
}
