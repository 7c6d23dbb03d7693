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

// lower tells whether a datacenter would get a version of Cassandra below the one that it has, or one of which that can't be told. Its
// data may have been written by the one that it has, and another one may not read it.
func lower(now, good *api.K8ssandraClusterSpec) bool {
	if now.Cassandra == nil || good.Cassandra == nil {
		return false
	}
	for i := range now.Cassandra.Datacenters {
		present := &now.Cassandra.Datacenters[i]
		j := slices.IndexFunc(good.Cassandra.Datacenters, func(t api.CassandraDatacenterTemplate) bool { return t.Metadata.Name == present.Metadata.Name })
		was := &api.CassandraDatacenterTemplate{} // one that came since then has what the ring had
		if j >= 0 {
			was = &good.Cassandra.Datacenters[j]
		} else {
			was.DatacenterOptions = *present.DatacenterOptions.DeepCopy()
		}
		if !isAtLeast(release(good.Cassandra, was), release(now.Cassandra, present)) || !isAtLeast(serverVersion(good.Cassandra, was), serverVersion(now.Cassandra, present)) {
			return true
		}
	}
	return false
}

func serverVersion(ring *api.CassandraClusterTemplate, dc *api.CassandraDatacenterTemplate) string {
	return cmp.Or(dc.ServerVersion, ring.ServerVersion)
}

// release is the version of Cassandra that a datacenter has: that of its image where its tag says one, else the one that it asks for.
func release(ring *api.CassandraClusterTemplate, dc *api.CassandraDatacenterTemplate) string {
	image := cmp.Or(imageOf(dc.Containers), imageOf(ring.Containers), dc.ServerImage, ring.ServerImage)
	if _, tag, tagged := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":"); tagged && releases.MatchString(tag) {
		return tag
	}
	return serverVersion(ring, dc)
}

func imageOf(containers []corev1.Container) string {
	i := slices.IndexFunc(containers, func(c corev1.Container) bool { return c.Name == cassandraContainer })
	if i < 0 {
		return ""
	}
	return containers[i].Image
}

// releases is how a tag, or a version, begins: major, minor and patch. unreleased is what it has in it when it comes before that release.
var (
	releases   = regexp.MustCompile(`^v?(\d+)\.(\d+)(?:\.(\d+))?`)
	unreleased = regexp.MustCompile(`(?i)alpha|beta|rc|snapshot|pre|dev|nightly`)
)

// isAtLeast tells whether a release is another one or a later one, by their numbers. Of two that differ, and of which one can't be read or
// isn't released yet, that can't be told.
func isAtLeast(a, b string) bool {
	x, y := numbersOf(a), numbersOf(b)
	return a == b || x != nil && y != nil && slices.Compare(x, y) >= 0
}

// numbersOf are major, minor and patch of a release; nil when the text doesn't say all of them, or comes before that release.
func numbersOf(text string) (all []uint64) {
	found := releases.FindStringSubmatch(text)
	if found == nil || unreleased.MatchString(text) {
		return nil
	}
	for _, digits := range found[1:] {
		number, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			return nil
		}
		all = append(all, number)
	}
	return all
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
