package topology

import (
	"strconv"
	"strings"
)

// CleanName makes a Cassandra name fit for object names: lower case, without
// what DNS labels don't take (cass-operator's rule).
func CleanName(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if digitOrLower(r) || r == '-' {
			return r
		}
		return -1
	}, strings.ToLower(name)), "-")
}

// CleanLabel makes a name fit for a label's value.
func CleanLabel(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if digitOrLower(r) || 'A' <= r && r <= 'Z' || strings.ContainsRune("_.-", r) {
			return r
		}
		return -1
	}, name), "_.-")
}

func digitOrLower(r rune) bool { return '0' <= r && r <= '9' || 'a' <= r && r <= 'z' }

// Names are the object names of one datacenter.
type Names struct{ Cluster, Datacenter string }

// NamesOf cleans both names.
func NamesOf(cluster, datacenter string) Names {
	return Names{CleanName(cluster), CleanName(datacenter)}
}

func (n Names) prefix() string { return n.Cluster + "-" + n.Datacenter }

// StatefulSet of a rack.
func (n Names) StatefulSet(rack string) string { return n.prefix() + "-" + CleanName(rack) + "-sts" }

// Pod of a rack.
func (n Names) Pod(p Position) string { return n.StatefulSet(p.Rack) + "-" + strconv.Itoa(p.Ordinal) }

// SeedService is shared by all datacenters of a cluster in a namespace.
func (n Names) SeedService() string { return n.Cluster + "-seed-service" }

// Service is the clients'.
func (n Names) Service() string { return n.prefix() + "-service" }

// AllPodsService is the StatefulSets'.
func (n Names) AllPodsService() string { return n.prefix() + "-all-pods-service" }

// AdditionalSeedService has the addresses of seeds elsewhere.
func (n Names) AdditionalSeedService() string { return n.prefix() + "-additional-seed-service" }

// NodePortService exists when node ports are asked for.
func (n Names) NodePortService() string { return n.prefix() + "-node-port-service" }

// ManagementSecret has certificates of the management API: the authority's, the
// client's or the server's.
func (n Names) ManagementSecret(kind string) string { return n.prefix() + "-management-" + kind }

// ConfigSecret is what the names of copies of a configuration begin with.
func (n Names) ConfigSecret() string { return n.prefix() + "-config" }

// SuperuserSecret is made when none is named.
func (n Names) SuperuserSecret() string { return n.Cluster + "-superuser" }
