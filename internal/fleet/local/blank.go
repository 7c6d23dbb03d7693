package local

import (
	"strconv"

	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// Blank is the plan of a fleet whose account isn't there yet: everything is to be
// made, and no quota refuses it.
func Blank(r provision.Request) (*provision.Round, error) {
	seen := &infra.Seen{Account: Account, Partition: "aws", Zones: map[string][]infra.Zone{}}
	for _, region := range r.Spec.Regions {
		for i, z := range region.Zones {
			seen.Zones[region.Name] = append(seen.Zones[region.Name], infra.Zone{Name: z.Name, ID: region.Name + "-az" + strconv.Itoa(i+1)})
		}
	}
	return provision.PlanFrom(&aws.Cloud{}, r, aws.FleetID(Account, r.Fleet), seen)
}
