package existing

import (
	"fmt"
	"maps"
	"slices"
)

// Distinct is an error when two regions are one cluster: a ring over both would have all
// its copies in one place. ids has the UID of each region's namespace kube-system; "" is
// of one that hasn't answered.
func Distinct(ids map[string]string) error {
	regions := map[string]string{}
	for _, region := range slices.Sorted(maps.Keys(ids)) {
		id := ids[region]
		if other := regions[id]; id != "" && other != "" {
			return fmt.Errorf("regions %s and %s are one cluster: each region needs one of its own", other, region)
		}
		regions[id] = region
	}
	return nil
}
