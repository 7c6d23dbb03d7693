package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ringspan/ringspan/internal/fleet/infra"
	"github.com/ringspan/ringspan/internal/fleet/provision"
)

// Apply does one step.
func (c *Cloud) Apply(ctx context.Context, t provision.Task) (physical string, err error) {
	j := &job{cloud: c, region: c.in(t.Step.Region), task: t, step: t.Step, physical: t.Step.Physical}
	err = c.explain(j.do(ctx), t.Step.Region)
	return j.physical, err
}

// kind is how resources of a kind are made, changed and deleted in AWS. Every function
// may be called again after it was cut off anywhere. nil means that there is
// nothing to do.
type kind struct {
	create func(*job, context.Context) error // sets physical
	change func(*job, context.Context) error
	await  func(*job, context.Context) error
	remove func(*job, context.Context) error // of what isn't there succeeds
}

// kinds are all that there are; each has a file of its own.
var kinds = map[infra.Kind]kind{
	infra.Role:             roleKind,
	infra.MachineProfile:   instanceProfileKind,
	infra.Network:          vpcKind,
	infra.Gateway:          internetGatewayKind,
	infra.Subnet:           subnetKind,
	infra.Address:          addressKind,
	infra.NAT:              natKind,
	infra.RouteTable:       routeTableKind,
	infra.Association:      associationKind,
	infra.Route:            routeKind,
	infra.Link:             peeringKind,
	infra.LinkAcceptance:   acceptanceKind,
	infra.Firewall:         securityGroupKind,
	infra.FirewallRules:    rulesKind,
	infra.Cluster:          clusterKind,
	infra.AccessEntry:      accessEntryKind,
	infra.Addon:            addonKind,
	infra.WorkloadIdentity: podIdentityKind,
	infra.NodePool:         nodeGroupKind,
	infra.Machine:          instanceKind,
	infra.Volume:           volumeKind,
	infra.Interface:        networkInterfaceKind,
}

func (j *job) do(ctx context.Context) error {
	k := kinds[j.step.Kind]
	switch j.step.Verb {
	case infra.Replace:
		if j.step.Kind != infra.Link { // a failed one can't be deleted; AWS forgets it
			if err := k.remove(j, ctx); err != nil {
				return err
			}
		}
		fallthrough
	case infra.Create:
		return j.make(ctx, k)
	case infra.Change:
		if err := j.retag(ctx); err != nil {
			return err
		}
		if k.change == nil || !j.differs() {
			return nil
		}
		return k.change(j, ctx)
	case infra.Await:
		return k.await(j, ctx)
	case infra.Delete:
		return k.remove(j, ctx)
	}
	return fmt.Errorf("nobody knows how to %s", j.step.Verb)
}

// make waits for the end of a former one, creates, and waits until it can be used.
func (j *job) make(ctx context.Context, k kind) error {
	if f := j.step.Found; f != nil && f.State == infra.Deleting {
		if err := k.remove(j, ctx); err != nil { // deleting again is waiting for the end
			return err
		}
	}
	if err := k.create(j, ctx); err != nil {
		return err
	}
	if k.await != nil {
		return k.await(j, ctx)
	}
	return nil
}

// differs tells whether more than tags is to be changed.
func (j *job) differs() bool {
	return slices.ContainsFunc(j.step.Differences, func(d infra.Difference) bool { return !strings.HasPrefix(d.Name, "tag:") })
}
