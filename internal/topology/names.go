package topology

import (
	"regexp"
	"strconv"
	"strings"
)

// CleanName makes a Cassandra name fit for object names, as this program's first version did: lower case, without
// what DNS labels don't take.
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
type Names struct {
	Cluster, Datacenter string
	rack                func(string) string
}

// NamesOf are the names that this program's first version formed, with Cassandra's name of the datacenter.
func NamesOf(cluster, datacenter string) Names {
	return Names{CleanName(cluster), CleanName(datacenter), CleanName}
}

// CassOperatorNames are those that cass-operator forms, with the name that Kubernetes knows the datacenter by.
func CassOperatorNames(cluster, datacenter string) Names {
	return Names{labelName(cluster), labelName(datacenter), subdomainName}
}

// What names are made of: RFC 1035 labels, and RFC 1123 subdomains (the same with dots between, and digits at the start).
var (
	labelWords     = regexp.MustCompile(`[a-z]([-a-z0-9]*[a-z0-9])?`)
	subdomainWords = regexp.MustCompile(`[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*`)
)

// labelName is cass-operator's rule for the names of clusters and datacenters (its CleanupForKubernetes).
func labelName(name string) string { return wordsOf(labelWords, name) }

// subdomainName is its rule for those of racks (CleanupSubdomain).
func subdomainName(name string) string { return wordsOf(subdomainWords, name) }

func wordsOf(words *regexp.Regexp, name string) string {
	return strings.Join(words.FindAllString(strings.ReplaceAll(strings.ToLower(name), "_", "-"), -1), "")
}

func (n Names) prefix() string { return n.Cluster + "-" + n.Datacenter }

// Rack is what the names of a rack's objects have of the rack's name.
func (n Names) Rack(rack string) string { return n.rack(rack) }

// StatefulSet of a rack.
func (n Names) StatefulSet(rack string) string { return n.prefix() + "-" + n.rack(rack) + "-sts" }

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
