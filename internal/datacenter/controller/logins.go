package controller

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	api "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	"github.com/ringspan/ringspan/internal/datacenter"
	"github.com/ringspan/ringspan/internal/mgmtapi"
)

// How long what was seen of a login holds: to compare a password takes a node a tenth of a second. A role that is changed by
// somebody else all the time, or whose row was written by a clock that is ahead, is written no more often than that either.
const (
	loginWorksFor = 5 * time.Minute
	loginFailsFor = 5 * time.Second
)

// observeLogin asks a node whether the superuser gets in with what its Secret has. Agents of former versions don't know.
func (r *Reconciler) observeLogin(ctx context.Context, s *datacenter.State, m *memory) {
	if !s.ObservesLogin() {
		return
	}
	if m.login != nil && m.login.Version == s.Superuser.Version {
		age := s.Now.Sub(m.login.At)
		if age >= 0 && age < loginFailsFor || m.login.Works && age >= 0 && age < loginWorksFor {
			s.Login = m.login
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	works, err := r.loginWorks(ctx, s)
	if err != nil { // it isn't known now
		return
	}
	m.login = &datacenter.Login{Version: s.Superuser.Version, Works: works, At: s.Now}
	s.Login = m.login
}

// loginWorks asks a node now whether the superuser gets in.
func (r *Reconciler) loginWorks(ctx context.Context, s *datacenter.State) (works bool, err error) {
	err = r.onRunning(s, func(n mgmtapi.Node) (err error) {
		works, err = n.VerifyRole(ctx, s.Superuser.Username, s.Superuser.Password)
		return err
	})
	return works, err
}

// roles writes the superuser and the users. Passwords go in bodies only. That roles are ours is on record before they are made.
func (r *Reconciler) roles(ctx context.Context, s *datacenter.State, step datacenter.Step, m *memory) error {
	if s.ReadsRolesFirst() { // what a replica here doesn't know another datacenter may have
		known, err := r.rolesEverywhere(ctx, s)
		if err != nil {
			return err
		}
		s.KnowRoles(known)
		step.Owned = s.OwnedRoles(known)
	}
	all := s.RolesToWrite()
	if err := r.claimRoles(ctx, s, step); err != nil {
		return err
	}
	for _, c := range all {
		err := r.onRunning(s, func(n mgmtapi.Node) error {
			return n.PutRole(ctx, mgmtapi.Role{Name: c.Username, Password: c.Password, Superuser: c.Superuser, Login: true})
		})
		if err != nil {
			return err
		}
	}
	m.rolesDone, m.rolesAt = step.Stamp, r.Now()
	_ = r.confirmRoles(ctx, s, step, m) // a datacenter that is away is asked later, in a step of its own
	return nil
}

// claimRoles records that roles which are about to be made are ours.
func (r *Reconciler) claimRoles(ctx context.Context, s *datacenter.State, step datacenter.Step) error {
	if step.Owned == s.DC.Annotations[api.WrittenRolesAnnotation] {
		return nil
	}
	return r.recordOwned(ctx, s, r.owned(ctx, s, step.Owned))
}

// owned is what the record is to be: roles that a quorum in each datacenter doesn't know are ours. While one of them is away a
// role that was made there may not be known here, and nothing is claimed: such a role is only not dropped later. On a new ring
// all are.
func (r *Reconciler) owned(ctx context.Context, s *datacenter.State, planned string) string {
	if !s.DC.Status.IsTrue(api.DatacenterInitialized) {
		return planned
	}
	roles, err := r.rolesEverywhere(ctx, s)
	if err != nil {
		return s.DC.Annotations[api.WrittenRolesAnnotation]
	}
	return s.OwnedRoles(roles)
}

// rolesEverywhere are the roles that a quorum in each datacenter knows.
func (r *Reconciler) rolesEverywhere(ctx context.Context, s *datacenter.State) (roles []mgmtapi.Role, err error) {
	err = r.onRunning(s, func(n mgmtapi.Node) (err error) {
		roles, err = n.RolesEverywhere(ctx)
		return err
	})
	return roles, err
}

// confirmRoles reads the roles at a quorum of each datacenter: a replica that has fallen behind is repaired by that.
func (r *Reconciler) confirmRoles(ctx context.Context, s *datacenter.State, step datacenter.Step, m *memory) error {
	if err := r.onRunning(s, func(n mgmtapi.Node) error { return knowsEverywhere(ctx, n, step.Target) }); err != nil {
		return err
	}
	m.confirmed = step.Stamp
	return nil
}

// dropRole drops a role, and then takes it off the record: ended in between, it is dropped once more. What the plan knows of the
// superuser's login may be minutes old, so a node is asked again.
func (r *Reconciler) dropRole(ctx context.Context, s *datacenter.State, step datacenter.Step) error {
	switch works, err := r.loginWorks(ctx, s); {
	case err != nil:
		return err
	case !works:
		return fmt.Errorf("role %s doesn't get in any more with Secret %s", s.Superuser.Username, s.Superuser.Secret)
	}
	if err := r.onRunning(s, func(n mgmtapi.Node) error { return n.DropRole(ctx, step.Target) }); err != nil {
		return err
	}
	return r.recordOwned(ctx, s, step.Owned)
}

// recordOwned puts on record which roles are the operator's own, if the datacenter is still as it was seen.
func (r *Reconciler) recordOwned(ctx context.Context, s *datacenter.State, owned string) error {
	if s.DC.Annotations[api.WrittenRolesAnnotation] == owned {
		return nil
	}
	changed := s.DC.DeepCopy()
	if changed.Annotations == nil {
		changed.Annotations = map[string]string{}
	}
	if changed.Annotations[api.WrittenRolesAnnotation] = owned; owned == "" {
		delete(changed.Annotations, api.WrittenRolesAnnotation)
	}
	return r.Client.Patch(ctx, changed, client.MergeFromWithOptions(s.DC, client.MergeFromWithOptimisticLock{}))
}
