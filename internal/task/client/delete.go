package client

import (
	"context"
	"fmt"
	"slices"
	"strings"

	kube "sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/region"
)

// Delete deletes a task: a K8ssandraTask in one region that answers and has it, which the others follow. It returns the region.
func Delete(ctx context.Context, regions []region.Region, seen Seen, v *View) (string, error) {
	if v.PartOf != "" {
		return "", fmt.Errorf("%s is made for K8ssandraTask %s, and would be made again: delete that one", v.Is(), v.PartOf)
	}
	where, object := seen.object(v.Is())
	if object == nil {
		return "", fmt.Errorf("there is no %s any more", v.Is())
	}
	i := slices.IndexFunc(regions, func(r region.Region) bool { return r.Name == where })
	limited, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	uid := object.GetUID()
	if err := regions[i].Client.Delete(limited, object, kube.Preconditions{UID: &uid}); kube.IgnoreNotFound(err) != nil {
		return "", fmt.Errorf("region %s: %w", where, err)
	}
	return where, nil
}

// object is a task as the first region that has it has it.
func (s Seen) object(is Name) (where string, object kube.Object) {
	for _, a := range s {
		for i := range a.RingTasks {
			if t := &a.RingTasks[i]; is.Kind == OverRegions && t.Name == is.Name && t.Namespace == is.Namespace {
				return a.Region, t
			}
		}
		for i := range a.Tasks {
			if t := &a.Tasks[i]; is.Kind == OneDatacenter && is.Region == a.Region && t.Name == is.Name && t.Namespace == is.Namespace {
				return a.Region, t
			}
		}
	}
	return "", nil
}

// Text says what was deleted.
func Text(v *View, region string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s deleted", v.Is())
	if v.Kind == OverRegions {
		fmt.Fprintf(&b, ", in region %s; the others follow", region)
	}
	if v.State == Running {
		b.WriteString("; what a node has begun it ends")
	}
	return b.String()
}
