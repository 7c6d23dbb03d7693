package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/existing"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/region"
)

// How long the end of rings may take, and how often is looked.
const (
	ringsEndLimit = 15 * time.Minute
	ringsEndAgain = time.Second
)

// downChoices are what a person says with down, and where they are asked.
type downChoices struct {
	keep        bool // the data
	yes         bool // nobody is asked
	leave       bool // kept volumes, in clusters that stay
	in          io.Reader
	out, errOut io.Writer
}

// existingDown is one run that takes a fleet out of clusters that stay.
type existingDown struct {
	downChoices

	fleet inventory.Existing
	all   []region.Region
}

// downExistingFile takes down what up has put into the clusters of a file. Nothing is
// saved of it: the file may name other clusters than those that this machine knows.
func downExistingFile(ctx context.Context, f *fleet.File, c downChoices) error {
	p, err := existing.Load(f)
	if err != nil {
		return err
	}
	known, err := inventory.OpenExisting(f.Fleet.Name, p.Account())
	if err != nil {
		return err
	}
	endpoints, err := p.Endpoints(ctx, f.Fleet.Name, &f.Fleet.Spec)
	if err != nil {
		return err
	}
	all, err := known.Reach(p, endpoints)
	if err != nil {
		return err
	}
	d := existingDown{c, known, all}
	return d.run(ctx)
}

// downExistingNamed is downExistingFile of a fleet that this machine knows.
func downExistingNamed(ctx context.Context, f inventory.Existing, asked bool, c downChoices) error {
	if !asked {
		return fmt.Errorf("nothing was deleted: fleet %s is in clusters of %s; say `ringspan down --fleet %s`, or -f FILE", f.Name(), f.Account, f.Name())
	}
	all, err := inventory.Regions(f)
	if err != nil {
		return err
	}
	d := existingDown{c, f, all}
	return d.run(ctx)
}

// run removes rings and operators, and leaves the clusters as they are.
func (d *existingDown) run(ctx context.Context) error {
	if d.keep {
		return errors.New("nothing was deleted: --keep-data is for a fleet on this machine; in clusters that stay, a ring's data is kept by not deleting the ring")
	}
	h, err := d.check(ctx)
	if err != nil {
		return fmt.Errorf("nothing was deleted: %w", err)
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
	fmt.Fprintf(d.out, "Fleet %s is down. The clusters stay, and in them namespace %s and Ringspan's definitions, because others' objects may depend on them.\n", d.fleet.Name(), install.Namespace)
	return d.fleet.Forget()
}

// check reads what the clusters hold. It is an error when anything of it isn't the
// fleet's, or when a region of the fleet isn't among those that are asked.
func (d *existingDown) check(ctx context.Context) (held, error) {
	if err := d.fleet.RefuseDropped(d.names()); err != nil {
		return held{}, err
	}
	unknown, err := d.identify(ctx)
	if err != nil {
		return held{}, err
	}
	for _, r := range d.all {
		if err := install.RefuseForeign(ctx, r.Client, install.Options{Region: r.Name, Fleet: d.fleet.Name()}); err != nil {
			return held{}, fmt.Errorf("region %s: %w", r.Name, err)
		}
	}
	h, err := hold(ctx, d.all)
	if err != nil {
		return h, err
	}
	if err := h.refuse(d.names()); err != nil {
		return h, err
	}
	if err := d.refuseKept(slices.Concat(h.keptVolumes(), h.keepers())); err != nil {
		return h, err
	}
	if len(unknown) > 0 {
		err = d.confirm(ctx, h, unknown)
	}
	return h, err
}

// identify refuses other clusters than those on record. Those of which nothing is on
// record are unknown.
func (d *existingDown) identify(ctx context.Context) (unknown []string, err error) {
	ids := map[string]string{}
	var refused []error
	for _, r := range d.all {
		id, err := d.fleet.Identify(ctx, r)
		if err != nil {
			refused = append(refused, fmt.Errorf("region %s: %w", r.Name, err))
		}
		if ids[r.Name] = id; d.fleet.Clusters[r.Name] == "" {
			unknown = append(unknown, r.Name)
		}
	}
	return unknown, errors.Join(append(refused, existing.Distinct(ids))...)
}

func (d *existingDown) names() (all []string) {
	for _, r := range d.all {
		all = append(all, r.Name)
	}
	return all
}

// removeRings deletes the rings that up has made, in all regions, and returns when
// none is left.
func (d *existingDown) removeRings(ctx context.Context, h held) error {
	for _, name := range h.names() {
		fmt.Fprintf(d.out, "Deleting ring %s, with its data, in %s.\n", name, region.Names(d.all))
	}
	for _, copies := range h.rings {
		for i := range copies {
			c := &copies[i]
			if err := c.delete(ctx); err != nil {
				return fmt.Errorf("ring %s in region %s: %w", c.object.Name, c.region.Name, err)
			}
		}
	}
	return awaitNoRings(ctx, d.all)
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
			return fmt.Errorf("the operators stay, because rings are still being deleted (%s, %d datacenters): %w; run down again", strings.Join(h.names(), ", "), h.dcs, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

// removeOperators takes Ringspan out of every region.
func (d *existingDown) removeOperators(ctx context.Context) error {
	for _, r := range d.all {
		others, err := install.Remove(ctx, r.Client, install.Options{Region: r.Name, Fleet: d.fleet.Name()})
		if err != nil {
			return fmt.Errorf("region %s: %w", r.Name, err)
		}
		fmt.Fprintf(d.out, "%s: the operator and its permissions are removed.\n", r.Name)
		for _, name := range others {
			fmt.Fprintf(d.out, "%s: %s stays: `ringspan up` has not made it.\n", r.Name, name)
		}
	}
	return nil
}
