package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
	"github.com/ringspan/ringspan/internal/hash"
)

// job is one step being done.
type job struct {
	cloud    *Cloud
	region   *regional // the step's
	task     provision.Task
	step     *infra.Step
	physical string // AWS's id
}

// waits reports what the cloud has to do before the step goes on.
func (j *job) waits(format string, args ...any) {
	j.task.Waits(j.cloud.who() + " " + fmt.Sprintf(format, args...))
}

// ref is the physical id of a resource that the one to make refers to.
func (j *job) ref(name string) string { return j.task.Physical(j.step.Resource.Refs[name]) }

// refs are those whose names begin with a prefix, sorted.
func (j *job) refs(prefix string) (all []string) {
	for _, name := range slices.Sorted(maps.Keys(j.step.Resource.Refs)) {
		if strings.HasPrefix(name, prefix) {
			all = append(all, j.ref(name))
		}
	}
	slices.Sort(all)
	return all
}

func (j *job) want(name string) string { return j.step.Resource.Attribute(name) }

func (j *job) number(name string) int32 {
	n, _ := strconv.Atoi(j.want(name)) // written by infra from a number
	return int32(n)                    //nolint:gosec // bounded by the file's rules
}

// subnets of a cluster or a node group: the fleet's, or those that are adopted.
func (j *job) subnets() []string {
	if adopted := infra.Values(j.want("subnets")); len(adopted) > 0 {
		return adopted
	}
	return j.refs("subnet ")
}

// part splits the physical id of something in a cluster.
func (j *job) part() (cluster, name string) {
	cluster, name, _ = strings.Cut(j.physical, "/")
	return cluster, name
}

// token is the client token by which AWS recognizes a repeated call, of another run too: it
// is computed from what all runs see alike. A replacement has another one, and so has a
// resource that refers to others.
func (j *job) token() *string {
	parts := []string{j.task.FleetID, j.step.ID, j.step.Physical}
	for _, name := range slices.Sorted(maps.Keys(j.step.Resource.Refs)) {
		parts = append(parts, name+"="+j.ref(name))
	}
	return new(hash.Text(strings.Join(parts, "|"), 16))
}

// tags of a resource to make: the fleet's, its logical id, a name for people, and those
// that its kind wants.
func (j *job) tags() map[string]string {
	all := maps.Clone(j.task.Tags)
	all[infra.TagRole] = j.step.ID
	all["Name"] = j.task.Fleet + " " + j.step.ID
	for name, value := range j.step.Resource.Want {
		if key, ok := strings.CutPrefix(name, "tag:"); ok {
			all[key] = value
		}
	}
	return all
}

// deleteWhenUnused makes a call that deletes until nothing refers to the resource any longer.
// That it isn't there is no error.
func (j *job) deleteWhenUnused(ctx context.Context, what string, call func(context.Context) error) error {
	told := false
	err := j.cloud.retry(ctx, what, func(ctx context.Context) error {
		err := call(ctx)
		if is(err, inUse) && !told {
			told = true
			j.waits("to release it")
		}
		return err
	}, inUse)
	if is(err, notFound, settled) {
		return nil
	}
	return err
}

// failure is an error that AWS reports as final: waiting longer doesn't help.
func failure(format string, args ...any) error { return fmt.Errorf(format, args...) }

// without are the values of a that aren't in b.
func without(a, b []string) (out []string) {
	for _, v := range a {
		if !slices.Contains(b, v) {
			out = append(out, v)
		}
	}
	return out
}
