package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/topology"
)

// owner is how a claim names its datacenter, in a region.
type owner struct{ region, namespace, ring, datacenter string }

func ownerOf(region string, dc *cassandra.CassandraDatacenter) owner {
	return owner{region, dc.Namespace, topology.CleanLabel(dc.Spec.ClusterName), topology.CleanLabel(dc.Name)}
}

// isKept tells whether a volume stays when the datacenters that are there go as was
// agreed: its finalizer waits until a time has passed, or until an annotation allows the deletion.
func (h held) isKept(c *claimIn) bool {
	o := &c.object
	if !slices.Contains(o.Finalizers, deletion.KeepData) {
		return false
	}
	by := owner{c.region, o.Namespace, o.Labels[cassandra.ClusterLabel], o.Labels[cassandra.DatacenterLabel]}
	return o.Annotations[deletion.KeptUntil] != "" || o.Annotations[deletion.Annotation] == deletion.Lost || !h.owners[by]
}

// keptVolumes names the volumes that stay.
func (h held) keptVolumes() (all []string) {
	for i := range h.claims {
		if c := &h.claims[i]; h.isKept(c) {
			name := fmt.Sprintf("claim %s in %s", client.ObjectKeyFromObject(&c.object), c.region)
			if until := c.object.Annotations[deletion.KeptUntil]; until != "" {
				name += ", kept until " + until
			}
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// keepers are the rings and datacenters whose volumes stay after their deletion.
func (h held) keepers() (all []string) {
	for _, copies := range h.rings {
		for i := range copies {
			if long := copies[i].object.Annotations[deletion.KeepVolumes]; long != "" {
				all = append(all, fmt.Sprintf("volumes of ring %s, for %s after its deletion (%s)", h.name(copies), long, deletion.KeepVolumes))
				break
			}
		}
	}
	all = append(all, h.keeping...)
	slices.Sort(all)
	return slices.Compact(all)
}

// refuseKept is an error when volumes would outlast the operators: nobody would delete them
// when their time is over, and their finalizer would hold them.
func (d *ExistingDown) refuseKept(kept []string) error {
	if len(kept) == 0 || d.LeaveVolumes {
		return nil
	}
	return fmt.Errorf("volumes are kept that no operator would look after:\n  %s\nWait until they are gone, or delete the claims; or say --leave-volumes: they stay then, each held by its finalizer %s until you take that off", strings.Join(kept, "\n  "), deletion.KeepData)
}

// tellKept looks again when the rings are gone, and names the volumes that stay.
func (d *ExistingDown) tellKept(ctx context.Context) error {
	h, err := hold(ctx, d.Regions)
	if err != nil {
		return fmt.Errorf("the operators stay: %w", err)
	}
	if err := h.refuseNew(); err != nil {
		return fmt.Errorf("the rings are deleted, and the operators stay: %w", err)
	}
	kept := h.keptVolumes()
	if err := d.refuseKept(kept); err != nil {
		return fmt.Errorf("the rings are deleted, and the operators stay: %w", err)
	}
	for _, name := range kept {
		d.tell("Nobody looks after %s: its finalizer %s holds it.", name, deletion.KeepData)
	}
	return nil
}
