package aws

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/ringspan/ringspan/internal/fleet/infra"
)

// parallel bounds the steps that are under way at once; those that wait count.
const parallel = 64

// Event is news of one step.
type Event struct {
	Step *infra.Step
	Wait string // what AWS is waited for; "" when the step has ended
	Err  error
}

// Work carries a plan out.
type Work struct {
	Fleet  string            // its name
	ID     string            // FleetID
	Tags   map[string]string // on everything that is made
	Seen   *infra.Seen       // that the plan was made from
	Wanted *infra.Desired    // likewise; nil on the way down
	Report func(Event)       // may be called from several goroutines; nil is silence
}

// Apply does all steps, each as soon as those that it needs are done. A step
// that fails keeps only those that need it from being done; all errors are told.
// It may be ended at any moment and run again, with a new plan.
func (c *Cloud) Apply(ctx context.Context, p *infra.Plan, w Work) error {
	if len(p.Refused) > 0 {
		return fmt.Errorf("the plan is refused: %s", strings.Join(p.Refused, "; "))
	}
	r := &run{Work: w, cloud: c, ids: map[string]string{}, done: map[string]chan struct{}{}, failed: map[string]bool{}}
	if r.Report == nil {
		r.Report = func(Event) {}
	}
	for i := range p.Steps {
		r.done[p.Steps[i].Key()] = make(chan struct{})
	}
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Resource != nil {
			for _, id := range s.Resource.Refs {
				if physical := w.Seen.Physical(id); physical != "" {
					r.ids[id] = physical
				}
			}
		}
	}
	if w.Wanted != nil {
		for i := range w.Wanted.Resources {
			if a := &w.Wanted.Resources[i]; a.Adopted != "" {
				r.ids[a.ID] = a.Adopted
			}
		}
	}
	var group errgroup.Group
	slots := make(chan struct{}, parallel)
	for i := range p.Steps {
		group.Go(func() error {
			r.step(ctx, &p.Steps[i], slots)
			return nil
		})
	}
	_ = group.Wait() // errors are collected, so that all are told
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(r.errs...)
}

// run is one Apply.
type run struct {
	Work

	cloud *Cloud
	done  map[string]chan struct{}

	mu     sync.Mutex
	ids    map[string]string // of what was there, what is adopted, and what was made
	failed map[string]bool
	errs   []error
}

func (r *run) step(ctx context.Context, s *infra.Step, slots chan struct{}) {
	defer close(r.done[s.Key()])
	for _, key := range s.After {
		select {
		case <-r.done[key]:
		case <-ctx.Done():
			return
		}
	}
	if r.hindered(s) {
		return
	}
	slots <- struct{}{}
	defer func() { <-slots }()
	if ctx.Err() != nil {
		return
	}
	j := &job{run: r, step: s, physical: s.Physical, regional: r.cloud.in(s.Region)}
	err := j.do(ctx)
	if err != nil {
		err = r.cloud.explain(err, s.Region)
		err = fmt.Errorf("%s %s: %w", s.Verb, s.Target, err)
	}
	r.Report(Event{Step: s, Err: err})
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.failed[s.Key()] = true
		r.errs = append(r.errs, err)
	}
}

// hindered says that something which the step needs has failed.
func (r *run) hindered(s *infra.Step) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range s.After {
		if r.failed[key] {
			r.failed[s.Key()] = true
			return true
		}
	}
	return false
}

// job is one step being done.
type job struct {
	*run
	*regional

	step     *infra.Step
	physical string
}

// kind is how resources of a kind are made, changed and deleted. Every function
// may be called again after it was cut off anywhere. nil means that there is
// nothing to do.
type kind struct {
	create func(*job, context.Context) error // sets physical
	change func(*job, context.Context) error
	await  func(*job, context.Context) error
	remove func(*job, context.Context) error // of what isn't there succeeds
}

var kinds = map[infra.Kind]kind{
	infra.Role:            {(*job).createRole, (*job).changeRole, nil, (*job).removeRole},
	infra.InstanceProfile: {(*job).createProfile, (*job).changeProfile, nil, (*job).removeProfile},
	infra.VPC:             {(*job).createVPC, (*job).changeVPC, nil, (*job).removeVPC},
	infra.InternetGateway: {(*job).createGateway, (*job).attachGateway, nil, (*job).removeGateway},
	infra.Subnet:          {(*job).createSubnet, (*job).changeSubnet, nil, (*job).removeSubnet},
	infra.Address:         {(*job).createAddress, nil, nil, (*job).removeAddress},
	infra.NAT:             {(*job).createNAT, nil, (*job).awaitNAT, (*job).removeNAT},
	infra.RouteTable:      {(*job).createTable, nil, nil, (*job).removeTable},
	infra.Association:     {(*job).createAssociation, (*job).changeAssociation, nil, (*job).removeAssociation},
	infra.Route:           {(*job).createRoute, (*job).changeRoute, nil, (*job).removeRoute},
	infra.Peering:         {(*job).createPeering, nil, (*job).awaitPeering, (*job).removePeering},
	infra.Acceptance:      {(*job).accept, nil, nil, nil},
	infra.SecurityGroup:   {(*job).createGroup, (*job).closeGroup, nil, (*job).removeGroup},
	infra.Rules:           {(*job).createRules, (*job).changeRules, nil, (*job).removeRules},
	infra.Cluster:         {(*job).createCluster, (*job).changeCluster, (*job).awaitCluster, (*job).removeCluster},
	infra.AccessEntry:     {(*job).createEntry, (*job).changeEntry, nil, (*job).removeEntry},
	infra.Addon:           {(*job).createAddon, (*job).changeAddon, (*job).awaitAddon, (*job).removeAddon},
	infra.PodIdentity:     {(*job).createIdentity, (*job).changeIdentity, nil, (*job).removeIdentity},
	infra.NodeGroup:       {(*job).createNodes, (*job).changeNodes, (*job).awaitNodes, (*job).removeNodes},
	infra.Instance:        {(*job).createInstance, nil, (*job).awaitInstance, (*job).removeInstance},
	infra.Volume:          {nil, nil, nil, (*job).removeVolume},
	infra.Interface:       {nil, nil, nil, (*job).removeInterface},
}

func (j *job) do(ctx context.Context) error {
	k := kinds[j.step.Kind]
	switch j.step.Verb {
	case infra.Replace:
		if j.step.Kind != infra.Peering { // a failed one can't be deleted; AWS forgets it
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
	if f := j.step.Found; f != nil && f.State == infra.Leaving {
		if err := k.remove(j, ctx); err != nil { // deleting again is waiting for the end
			return err
		}
	}
	if err := k.create(j, ctx); err != nil {
		return err
	}
	j.mu.Lock()
	j.ids[j.step.ID] = j.physical
	j.mu.Unlock()
	if k.await != nil {
		return k.await(j, ctx)
	}
	return nil
}

// differs tells whether more than tags is to be changed.
func (j *job) differs() bool {
	return slices.ContainsFunc(j.step.Differences, func(d infra.Difference) bool { return !strings.HasPrefix(d.Name, "tag:") })
}

// waits tells what the cloud is waited for to do.
func (j *job) waits(format string, args ...any) {
	j.Report(Event{Step: j.step, Wait: j.cloud.who() + " " + fmt.Sprintf(format, args...)})
}

// ref is the physical id of a reference of what is made.
func (j *job) ref(name string) string {
	id := j.step.Resource.Refs[name]
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.ids[id]
}

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

// token makes AWS see two calls for one thing as one, whoever makes them: it
// follows from what everybody sees alike. What replaces another is another
// thing, and so is what is made in another place.
func (j *job) token() *string {
	parts := []string{j.ID, j.step.ID, j.step.Physical}
	for _, name := range slices.Sorted(maps.Keys(j.step.Resource.Refs)) {
		parts = append(parts, name+"="+j.ref(name))
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "|")))
	text := hex.EncodeToString(sum[:16])
	return &text
}

// tags of what is made: the fleet's, its own role, a name for people, and those
// that its kind wants.
func (j *job) tags() map[string]string {
	all := maps.Clone(j.Tags)
	all[infra.TagRole] = j.step.ID
	all["Name"] = j.Fleet + " " + j.step.ID
	for name, value := range j.step.Resource.Want {
		if key, ok := strings.CutPrefix(name, "tag:"); ok {
			all[key] = value
		}
	}
	return all
}
