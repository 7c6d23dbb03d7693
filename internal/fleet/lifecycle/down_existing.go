package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/existing"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/words"
)

// How long the end of rings may take, and how often is looked.
const (
	ringsEndLimit = 15 * time.Minute
	ringsEndAgain = time.Second
)

// ExistingDown is how a fleet is taken out of clusters that stay: its Propagations, tasks, rings and operators
// are removed.
type ExistingDown struct {
	Fleet        inventory.Existing
	Regions      []region.Region
	LeaveVolumes bool // in the clusters, though no operator would look after them

	// Agree is asked before anything is deleted in clusters of which this machine has no
	// record that the fleet is theirs, and before Propagations are deleted, which up hasn't
	// made; an error ends the run.
	Agree func(ctx context.Context, g Going) error
	// Tell is told what is done, a line at a time.
	Tell func(line string)
}

// Going is what is asked about: the regions whose clusters this machine has no record of, the
// Propagations that nobody is deleting yet, and what would be deleted in all of the fleet's
// clusters, a line a region.
type Going struct{ Unrecorded, Propagations, Lines []string }

// DownOfFile is of the clusters that a file names. Nothing is saved of it: they may be others
// than those that this machine knows.
func DownOfFile(ctx context.Context, f *fleet.File) (*ExistingDown, error) {
	p, err := existing.Load(f)
	if err != nil {
		return nil, err
	}
	known, err := inventory.OpenExisting(f.Fleet.Name, p.Account())
	if err != nil {
		return nil, err
	}
	endpoints, err := p.Endpoints(ctx, f.Fleet.Name, &f.Fleet.Spec)
	if err != nil {
		return nil, err
	}
	all, err := known.Reach(p, endpoints)
	return &ExistingDown{Fleet: known, Regions: all}, err
}

// DownOfKnown is of the clusters that this machine has saved of a fleet.
func DownOfKnown(f inventory.Existing) (*ExistingDown, error) {
	all, err := inventory.Regions(f)
	return &ExistingDown{Fleet: f, Regions: all}, err
}

// Run removes what operators have to end, rings and operators, and leaves the clusters as they are.
func (d *ExistingDown) Run(ctx context.Context) error {
	h, err := d.check(ctx)
	if err != nil {
		return fmt.Errorf("nothing was deleted: %w", err)
	}
	if err := d.removeShared(ctx, h); err != nil {
		return err
	}
	if err := d.removeRings(ctx, h); err != nil {
		return err
	}
	if err := d.tellKept(ctx); err != nil {
		return err
	}
	if err := d.removeOperators(ctx); err != nil {
		return err
	}
	d.tell("Fleet %s is down. The clusters stay, and in them namespace %s and Ringspan's definitions, because others' objects may depend on them.", d.Fleet.Name(), install.Namespace)
	return d.Fleet.Forget()
}

func (d *ExistingDown) tell(format string, args ...any) { d.Tell(fmt.Sprintf(format, args...)) }

// check reads what the clusters hold. It is an error when anything of it isn't the
// fleet's, or when a region of the fleet isn't among those that are asked.
func (d *ExistingDown) check(ctx context.Context) (held, error) {
	if err := d.Fleet.RefuseDropped(d.names()); err != nil {
		return held{}, err
	}
	unknown, err := d.identify(ctx)
	if err != nil {
		return held{}, err
	}
	for _, r := range d.Regions {
		if err := install.RefuseForeign(ctx, r.Client, install.Options{Region: r.Name, Fleet: d.Fleet.Name()}); err != nil {
			return held{}, fmt.Errorf("region %s: %w", r.Name, err)
		}
	}
	h, err := d.look(ctx)
	if err != nil {
		return h, err
	}
	return d.agreed(ctx, h, unknown)
}

// look reads what the regions hold; it is an error when anything of that stands in the way.
func (d *ExistingDown) look(ctx context.Context) (held, error) {
	h, err := hold(ctx, d.Regions)
	if err != nil {
		return h, err
	}
	if err := h.refuse(d.names()); err != nil {
		return h, err
	}
	return h, d.refuseKept(slices.Concat(h.keptVolumes(), h.keepers()))
}

// agreed asks about what goes, and returns what there is after the answer. An answer may take long: meanwhile somebody may have
// objects stay, in a region that another one can't reach, and that one would delete its own by what was read before.
func (d *ExistingDown) agreed(ctx context.Context, h held, unknown []string) (held, error) {
	g := Going{unknown, h.notEnding(), d.list(h)}
	if len(g.Unrecorded)+len(g.Propagations) == 0 {
		return h, nil
	}
	if err := d.Agree(ctx, g); err != nil {
		return h, err
	}
	fresh, err := d.look(ctx)
	if err != nil {
		return fresh, err
	}
	return fresh, fresh.refuseChanged(h)
}

// identify refuses other clusters than those on record. Those of which nothing is on
// record are unknown.
func (d *ExistingDown) identify(ctx context.Context) (unknown []string, err error) {
	ids := map[string]string{}
	var refused []error
	for _, r := range d.Regions {
		id, err := d.Fleet.Identify(ctx, r)
		if err != nil {
			refused = append(refused, fmt.Errorf("region %s: %w", r.Name, err))
		}
		if ids[r.Name] = id; d.Fleet.Clusters[r.Name] == "" {
			unknown = append(unknown, r.Name)
		}
	}
	return unknown, errors.Join(append(refused, existing.Distinct(ids))...)
}

func (d *ExistingDown) names() (all []string) {
	for _, r := range d.Regions {
		all = append(all, r.Name)
	}
	return all
}

// removeRings deletes the rings that up has made, in all regions, and returns when
// none is left.
func (d *ExistingDown) removeRings(ctx context.Context, h held) error {
	for _, name := range h.names() {
		d.tell("Deleting ring %s, with its data, in %s.", name, region.Names(d.Regions))
	}
	for _, copies := range h.rings {
		for i := range copies {
			c := &copies[i]
			if err := c.delete(ctx); err != nil {
				return fmt.Errorf("ring %s in region %s: %w", c.object.Name, c.region.Name, err)
			}
		}
	}
	return awaitNoRings(ctx, d.Regions)
}

// delete deletes the very copy that was looked at.
func (c *copyIn) delete(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	id := c.object.UID
	return client.IgnoreNotFound(c.region.Client.Delete(ctx, &c.object, client.Preconditions{UID: &id}))
}

func awaitNoRings(ctx context.Context, all []region.Region) error {
	ctx, cancel := context.WithTimeout(ctx, ringsEndLimit)
	defer cancel()
	tick := time.NewTicker(ringsEndAgain)
	defer tick.Stop()
	for {
		h, err := hold(ctx, all)
		if err == nil && len(h.rings) == 0 && h.dcs == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the operators stay, because rings are still being deleted (%s, %s): %w; run down again", strings.Join(h.names(), ", "), words.Count(h.dcs, "datacenter"), errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

// removeOperators takes Ringspan out of every region.
func (d *ExistingDown) removeOperators(ctx context.Context) error {
	for _, r := range d.Regions {
		others, err := install.Remove(ctx, r.Client, install.Options{Region: r.Name, Fleet: d.Fleet.Name()})
		if err != nil {
			return fmt.Errorf("region %s: %w", r.Name, err)
		}
		d.tell("%s: the operator and its permissions are removed.", r.Name)
		for _, name := range others {
			d.tell("%s: %s stays: `ringspan up` has not made it.", r.Name, name)
		}
	}
	return nil
}

// list says of each cluster where it is and what of rings is in it.
func (d *ExistingDown) list(h held) (lines []string) {
	for _, r := range d.Regions {
		var rings []string
		for _, copies := range h.rings {
			if slices.ContainsFunc(copies, func(c copyIn) bool { return c.region.Name == r.Name }) {
				rings = append(rings, h.name(copies))
			}
		}
		slices.Sort(rings)
		volumes := 0
		for i := range h.claims {
			if h.claims[i].region == r.Name {
				volumes++
			}
		}
		lines = append(lines, fmt.Sprintf("%s: %s: rings: %s; volumes: %d%s", r.Name, r.Config.Host, orNone(rings), volumes, h.sharedList(r.Name)))
	}
	return lines
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
