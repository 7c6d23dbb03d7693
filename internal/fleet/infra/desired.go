package infra

import (
	"maps"
	"net/netip"

	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
)

// Input is what a provider decides from what a fleet needs there.
type Input struct {
	Fleet       string
	ID          string // of the fleet, as its tag has it
	Spec        fleetv1.FleetSpec
	Seen        *Seen
	NetworkOnly bool // no clusters: what uses the networks comes from somewhere else
}

// Desired is everything that is wanted.
type Desired struct {
	Resources []Resource
	Sites     []Site
	Tags      map[string]string // on every resource

	// Warnings name what exceeds limits that the provider raises on request.
	Warnings []string

	// NetworkOnly leaves clusters out: those that are there are neither changed nor deleted.
	NetworkOnly bool
}

// Site is one network: a region's, or the jump host's.
type Site struct {
	Name     string // the region's, or JumpHost
	Region   string
	CIDR     netip.Prefix
	Services netip.Prefix // invalid without a cluster
	Zones    []string
	Adopted  bool
}

// JumpHost is the name of the jump host's site.
const JumpHost = "jump"

// Tag keys.
const (
	TagFleet   = "ringspan.io/fleet"
	TagFleetID = "ringspan.io/fleet-id"
	TagRole    = "ringspan.io/role"
	TagExpires = "ringspan.io/expires"
	TagRun     = "ringspan.io/run" // who is at work; on the first network only
)

// Tags of every resource; its own role comes on top.
func (in Input) Tags() map[string]string {
	all := map[string]string{TagFleet: in.Fleet, TagFleetID: in.ID}
	if in.Spec.Expires != "" {
		all[TagExpires] = in.Spec.Expires
	}
	maps.Copy(all, in.Spec.Tags)
	return all
}
