package rollback

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	api "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
)

// cassandraContainer is the one in which Cassandra runs.
const cassandraContainer = "cassandra"

// lower tells whether a datacenter would get a version of Cassandra below the one that it has. Its data may have been written by that,
// and a former version may not read it.
func lower(now, good *api.K8ssandraClusterSpec) bool {
	if now.Cassandra == nil || good.Cassandra == nil {
		return false
	}
	for i := range now.Cassandra.Datacenters {
		name := now.Cassandra.Datacenters[i].Metadata.Name
		j := slices.IndexFunc(good.Cassandra.Datacenters, func(t api.CassandraDatacenterTemplate) bool { return t.Metadata.Name == name })
		was := &api.CassandraDatacenterTemplate{} // one that came since then has what the ring had
		if j >= 0 {
			was = &good.Cassandra.Datacenters[j]
		} else {
			was.DatacenterOptions = *now.Cassandra.Datacenters[i].DatacenterOptions.DeepCopy()
		}
		if compareReleases(release(good.Cassandra, was), release(now.Cassandra, &now.Cassandra.Datacenters[i])) < 0 {
			return true
		}
	}
	return false
}

// release is the version of Cassandra that a datacenter has: that of its image where its tag says one, else the one that it asks for.
func release(ring *api.CassandraClusterTemplate, dc *api.CassandraDatacenterTemplate) string {
	image := cmp.Or(imageOf(dc.Containers), imageOf(ring.Containers), dc.ServerImage, ring.ServerImage)
	if _, tag, tagged := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":"); tagged && releases.MatchString(tag) {
		return tag
	}
	return cmp.Or(dc.ServerVersion, ring.ServerVersion)
}

func imageOf(containers []corev1.Container) string {
	i := slices.IndexFunc(containers, func(c corev1.Container) bool { return c.Name == cassandraContainer })
	if i < 0 {
		return ""
	}
	return containers[i].Image
}

// releases is how a tag, or a version, begins: major, minor and patch.
var releases = regexp.MustCompile(`^v?(\d+)\.(\d+)(?:\.(\d+))?`)

// compareReleases compares by numbers. What is no version is neither higher nor lower.
func compareReleases(a, b string) int {
	x, y := releases.FindStringSubmatch(a), releases.FindStringSubmatch(b)
	if x == nil || y == nil {
		return 0
	}
	for i := 1; i < len(x); i++ {
		m, _ := strconv.Atoi(x[i])
		n, _ := strconv.Atoi(y[i])
		if m != n {
			return cmp.Compare(m, n)
		}
	}
	return 0
}

// cassandraImage is the image that options give Cassandra's container by its name; nil when they don't.
func cassandraImage(options map[string]any) any {
	for _, c := range listOf(options, "containers") {
		if c["name"] == cassandraContainer {
			return c["image"]
		}
	}
	return nil
}

// setCassandraImage leaves Cassandra's container with the image that it has now.
func setCassandraImage(options map[string]any, image any) {
	for _, c := range listOf(options, "containers") {
		if c["name"] == cassandraContainer {
			set(c, "image", image)
			return
		}
	}
	if image != nil {
		list, _ := options["containers"].([]any)
		options["containers"] = append(list, map[string]any{"name": cassandraContainer, "image": image})
	}
}
