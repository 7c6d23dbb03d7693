package local

import (
	"strconv"

	"github.com/ringspan/ringspan/internal/fleet/aws"
	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// Blank is the plan of a fleet whose account isn't there yet: everything is to be
// made, and no quota refuses it.
func Blank(w aws.Wish) (*aws.Draft, error) {
	seen := &infra.Seen{Account: Account, Partition: "aws", Zones: map[string][]infra.Zone{}}
	for _, r := range w.Spec.Regions {
		for i, z := range r.Zones {
			seen.Zones[r.Name] = append(seen.Zones[r.Name], infra.Zone{Name: z.Name, ID: r.Name + "-az" + strconv.Itoa(i+1)})
		}
	}
	d := &aws.Draft{Seen: seen, ID: aws.FleetID(Account, w.Fleet)}
	var err error
	if d.Wanted, err = infra.Desire(infra.Input{Fleet: w.Fleet, ID: d.ID, Spec: w.Spec, Seen: seen, NetworkOnly: w.NetworkOnly}); err != nil {
		return nil, err
	}
	d.Plan = infra.Up(d.Wanted, seen, w.Prune)
	return d, nil
}
