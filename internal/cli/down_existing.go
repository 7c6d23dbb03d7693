package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/fleet"
	"github.com/ringspan/ringspan/internal/fleet/existing"
	"github.com/ringspan/ringspan/internal/fleet/inventory"
	"github.com/ringspan/ringspan/internal/fleet/lifecycle"
	"github.com/ringspan/ringspan/internal/fleet/remote"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/region"
)

// How long the end of rings may take, and how often is looked.
const (
	ringsEndLimit = 15 * time.Minute
	ringsEndAgain = time.Second
)

// downExistingFile takes down what up has put into the clusters of a file.
func downExistingFile(ctx context.Context, f *fleet.File, keep bool, out io.Writer) error {
	p, err := existing.Load(f)
	if err != nil {
		return err
	}
	home, err := remote.New(f.Fleet.Name, remote.Record{Provider: remote.Existing, Account: p.Account()})
	if err != nil {
		return err
	}
	endpoints, err := p.Endpoints(ctx, f.Fleet.Name, &f.Fleet.Spec)
	if err != nil {
		return err
	}
	g := inventory.Existing{Fleet: home}
	if err := g.SaveKubeconfig(p, endpoints); err != nil {
		return err
	}
	return downExisting(ctx, g, keep, out)
}

// downExistingNamed is downExistingFile of a fleet that this machine knows.
func downExistingNamed(ctx context.Context, f inventory.Existing, asked, keep bool, out io.Writer) error {
	if !asked {
		return fmt.Errorf("nothing was deleted: fleet %s is in clusters of %s; say `ringspan down --fleet %s`, or -f FILE", f.Name(), f.Account, f.Name())
	}
	return downExisting(ctx, f, keep, out)
}

// downExisting removes rings and operators, and leaves the clusters as they are.
func downExisting(ctx context.Context, f inventory.Existing, keep bool, out io.Writer) error {
	if keep {
		return errors.New("nothing was deleted: --keep-data is for a fleet on this machine; in clusters that stay, a ring's data is kept by not deleting the ring")
	}
	all, err := inventory.Regions(f)
	if err != nil {
		return err
	}
	if err := removeRings(ctx, f.Name(), all, out); err != nil {
		return err
	}
	if err := removeOperators(ctx, f.Name(), all, out); err != nil {
		return err
	}
	fmt.Fprintf(out, "Fleet %s is down. The clusters stay, and in them namespace %s and Ringspan's definitions, because others' objects may depend on them.\n", f.Name(), install.Namespace)
	return f.Forget()
}

// held is what the regions hold of rings. It is known of all of them or not at all:
// of a region that doesn't answer nobody can say what would be left there.
type held struct {
	rings  map[types.NamespacedName][]copyIn
	loners []string // datacenters of no ring
	dcs    int
}

// copyIn is a region's copy of a ring.
type copyIn struct {
	region region.Region
	object k8ssandra.K8ssandraCluster
}

func hold(ctx context.Context, all []region.Region) (held, error) {
	h := held{rings: map[types.NamespacedName][]copyIn{}}
	for _, r := range all {
		ask, cancel := context.WithTimeout(ctx, region.AnswerLimit)
		var rings k8ssandra.K8ssandraClusterList
		var dcs cassandra.CassandraDatacenterList
		err := errors.Join(known(r.Client.List(ask, &rings)), known(r.Client.List(ask, &dcs)))
		cancel()
		if err != nil {
			return h, fmt.Errorf("region %s: %w", r.Name, err)
		}
		for i := range rings.Items {
			key := client.ObjectKeyFromObject(&rings.Items[i])
			h.rings[key] = append(h.rings[key], copyIn{r, rings.Items[i]})
		}
		h.dcs += len(dcs.Items)
		for i := range dcs.Items {
			if dcs.Items[i].Labels[k8ssandra.ClusterNameLabel] == "" {
				h.loners = append(h.loners, fmt.Sprintf("datacenter %s/%s in %s", dcs.Items[i].Namespace, dcs.Items[i].Name, r.Name))
			}
		}
	}
	return h, nil
}

// known takes a kind that a region has no definition of for one without objects.
func known(err error) error {
	if meta.IsNoMatchError(err) {
		return nil
	}
	return err
}

func (h held) names() []string {
	var all []string
	for key := range maps.Keys(h.rings) {
		all = append(all, key.String())
	}
	slices.Sort(all)
	return all
}

// refusals say why the rings can't go: what up hasn't made isn't up's to delete, and
// without an operator it would be nobody's.
func (h held) refusals() (all []string) {
	for key, copies := range h.rings {
		if !slices.ContainsFunc(copies, func(c copyIn) bool { return applied(&c.object) }) {
			all = append(all, fmt.Sprintf("ring %s was not made by `ringspan up`", key))
		}
		if slices.ContainsFunc(copies, func(c copyIn) bool { return c.object.Annotations[deletion.Protection] == "true" }) {
			all = append(all, fmt.Sprintf("ring %s is protected from deletion", key))
		}
	}
	for _, name := range h.loners {
		all = append(all, name+" belongs to no ring")
	}
	slices.Sort(all)
	return all
}

// applied tells whether up has written a ring in this region; the others take it over.
func applied(k *k8ssandra.K8ssandraCluster) bool {
	return slices.ContainsFunc(k.ManagedFields, func(f metav1.ManagedFieldsEntry) bool {
		return f.Manager == string(lifecycle.FieldOwner) && f.Operation == metav1.ManagedFieldsOperationApply
	})
}

// removeRings deletes the rings that up has made, in all regions, and returns when
// none is left.
func removeRings(ctx context.Context, fleet string, all []region.Region, out io.Writer) error {
	for _, r := range all {
		if err := install.RefuseForeign(ctx, r.Client, install.Options{Region: r.Name, Fleet: fleet}); err != nil {
			return fmt.Errorf("nothing was deleted: region %s: %w", r.Name, err)
		}
	}
	h, err := hold(ctx, all)
	if err != nil {
		return fmt.Errorf("nothing was deleted: %w", err)
	}
	if why := h.refusals(); len(why) > 0 {
		return fmt.Errorf("nothing was deleted:\n  %s\nDelete them yourself, or leave the operators where they are", strings.Join(why, "\n  "))
	}
	for _, name := range h.names() {
		fmt.Fprintf(out, "Deleting ring %s, with its data, in %s.\n", name, region.Names(all))
	}
	for _, copies := range h.rings {
		for i := range copies {
			c := &copies[i]
			id := c.object.UID
			if err := client.IgnoreNotFound(c.region.Client.Delete(ctx, &c.object, client.Preconditions{UID: &id})); err != nil {
				return fmt.Errorf("ring %s in region %s: %w", c.object.Name, c.region.Name, err)
			}
		}
	}
	return awaitNoRings(ctx, all)
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
func removeOperators(ctx context.Context, fleet string, all []region.Region, out io.Writer) error {
	for _, r := range all {
		others, err := install.Remove(ctx, r.Client, install.Options{Region: r.Name, Fleet: fleet})
		if err != nil {
			return fmt.Errorf("region %s: %w", r.Name, err)
		}
		fmt.Fprintf(out, "%s: the operator and its permissions are removed.\n", r.Name)
		for _, name := range others {
			fmt.Fprintf(out, "%s: %s stays: `ringspan up` has not made it.\n", r.Name, name)
		}
	}
	return nil
}
