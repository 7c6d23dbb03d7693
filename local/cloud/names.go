package cloud

import (
	"fmt"
	"slices"
	"strings"
)

// nameOf is what people call a cluster: its region, or REGION.CLUSTER where the
// region has several.
func nameOf(c *cluster, all []*cluster) string {
	same := func(o *cluster) bool { return o.region == c.region && o != c }
	if slices.ContainsFunc(all, same) {
		return c.name
	}
	return c.region
}

// named finds a cluster by such a name.
func named(all []*cluster, name string) (*cluster, error) {
	var known []string
	for _, c := range all {
		if name == c.name || name == nameOf(c, all) {
			return c, nil
		}
		known = append(known, nameOf(c, all))
	}
	if len(known) == 0 {
		return nil, fmt.Errorf("there is no cluster %q, nor any other yet", name)
	}
	return nil, fmt.Errorf("there is no cluster %q; there are %s", name, strings.Join(known, ", "))
}
