package local

import (
	"strconv"

	"github.com/ringspan/ringspan/internal/fleet/aws/desired"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// Blank is the plan of a fleet whose account isn't there yet: everything is to be
// made, and no quota refuses it.
func Blank(r provision.Request) (*provision.Round, error) {
	seen := &infra.Seen{Account: Account, Offer: infra.Offer{Zones: map[string][]infra.Zone{}}}
	for _, region := range r.Spec.Regions {
		for i, z := range region.Zones {
			seen.Offer.Zones[region.Name] = append(seen.Offer.Zones[region.Name], infra.Zone{Name: z.Name, ID: region.Name + "-az" + strconv.Itoa(i+1)})
		}
	}
	return provision.PlanFrom(desired.Planner{Partition: "aws"}, r, desired.FleetID(Account, r.Fleet), seen)
}
