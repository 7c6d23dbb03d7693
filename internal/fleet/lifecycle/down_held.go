package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/region"
)

// held is what the regions hold of rings, and of what operators have to end. It is known of all of them or not at all:
// of a region that doesn't answer nobody can say what would be left there.
type held struct {
	rings  map[string][]copyIn // by identity
	loners []string            // datacenters of no ring
	dcs    int

	owners  map[owner]bool // the datacenters, as claims name them
	keeping []string       // datacenters whose volumes stay after them
	claims  []claimIn

	propagations, tasks []sharedIn
}

// copyIn is a region's copy of a ring.
type copyIn struct {
	region region.Region
	object k8ssandra.K8ssandraCluster
}

// claimIn is a region's claim of a datacenter's volume.
type claimIn struct {
	region string
	object corev1.PersistentVolumeClaim
}

// identity tells rings apart: a ring's id is the same in all regions, and two rings may bear
// one name. A copy that has no id yet counts as a ring of its own.
func identity(k *k8ssandra.K8ssandraCluster) string {
	if id := k.Annotations[k8ssandra.RingIDAnnotation]; id != "" {
		return id
	}
	return "copy " + string(k.UID)
}

func hold(ctx context.Context, all []region.Region) (held, error) {
	h := held{rings: map[string][]copyIn{}, owners: map[owner]bool{}}
	for _, r := range all {
		if err := h.add(ctx, r); err != nil {
			return h, fmt.Errorf("region %s: %w", r.Name, err)
		}
	}
	h.heedAll()
	return h, nil
}

// add reads a region.
func (h *held) add(ctx context.Context, r region.Region) error {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	var rings k8ssandra.K8ssandraClusterList
	var dcs cassandra.CassandraDatacenterList
	var claims corev1.PersistentVolumeClaimList
	err := errors.Join(known(r.Client.List(ctx, &rings)), known(r.Client.List(ctx, &dcs)), r.Client.List(ctx, &claims, client.HasLabels{cassandra.DatacenterLabel}))
	if err != nil {
		return err
	}
	if err := h.addShared(ctx, r); err != nil {
		return err
	}
	for i := range rings.Items {
		id := identity(&rings.Items[i])
		h.rings[id] = append(h.rings[id], copyIn{r, rings.Items[i]})
	}
	h.dcs += len(dcs.Items)
	for i := range dcs.Items {
		dc := &dcs.Items[i]
		name := fmt.Sprintf("datacenter %s/%s in %s", dc.Namespace, dc.Name, r.Name)
		h.owners[ownerOf(r.Name, dc)] = true
		if dc.Labels[k8ssandra.ClusterNameLabel] == "" {
			h.loners = append(h.loners, name)
		}
		if long := dc.Annotations[deletion.KeepVolumes]; long != "" {
			h.keeping = append(h.keeping, fmt.Sprintf("volumes of %s, for %s after its deletion (%s)", name, long, deletion.KeepVolumes))
		}
	}
	for i := range claims.Items {
		h.claims = append(h.claims, claimIn{r.Name, claims.Items[i]})
	}
	return nil
}

// known takes a kind that a region has no definition of for one without objects.
func known(err error) error {
	if meta.IsNoMatchError(err) {
		return nil
	}
	return err
}

// names of the rings, in order.
func (h held) names() (all []string) {
	for _, copies := range h.rings {
		all = append(all, h.name(copies))
	}
	slices.Sort(all)
	return all
}

// name says where a ring is if that is needed to tell it from another one of its name.
func (h held) name(copies []copyIn) string {
	key := client.ObjectKeyFromObject(&copies[0].object)
	if len(h.bearers(key)) < 2 {
		return key.String()
	}
	var regions []string
	for i := range copies {
		regions = append(regions, copies[i].region.Name)
	}
	return fmt.Sprintf("%s (the one in %s)", key, strings.Join(regions, ", "))
}

// bearers are the rings of a name.
func (h held) bearers(key types.NamespacedName) (ids []string) {
	for id, copies := range h.rings {
		if client.ObjectKeyFromObject(&copies[0].object) == key {
			ids = append(ids, id)
		}
	}
	return ids
}

// refuse says why the rings can't go: what up hasn't made isn't up's to delete, and
// without an operator it would be nobody's; and a part that nobody asks would be left.
func (h held) refuse(regions []string) error {
	why := h.sharedReasons(regions)
	for _, copies := range h.rings {
		why = append(why, h.reasons(copies, regions)...)
	}
	for _, name := range h.loners {
		why = append(why, name+" belongs to no ring")
	}
	if len(why) == 0 {
		return nil
	}
	slices.Sort(why)
	return fmt.Errorf("this stands in the way:\n  %s\nDelete them yourself, or leave the operators where they are", strings.Join(why, "\n  "))
}

// part is one thing that goes, in one region, with what becomes of it.
type part struct {
	what string
	id   types.UID
}

// refuseChanged is an error when there is anything now that nobody has agreed to, or when something else becomes of it. What is
// gone since needs no agreement.
func (h held) refuseChanged(agreed held) error {
	before := agreed.parts()
	var since []string
	for _, p := range h.parts() {
		if !slices.Contains(before, p) {
			since = append(since, p.what)
		}
	}
	if len(since) == 0 {
		return nil
	}
	slices.Sort(since)
	return fmt.Errorf("what would go is not what was listed before; now it is:\n  %s\nRun down again", strings.Join(since, "\n  "))
}

func (h held) parts() (all []part) {
	for _, copies := range h.rings {
		for i := range copies {
			c := &copies[i]
			all = append(all, part{fmt.Sprintf("%s: ring %s", c.region.Name, client.ObjectKeyFromObject(&c.object)), c.object.UID})
		}
	}
	for _, s := range slices.Concat(h.propagations, h.tasks) {
		name := fmt.Sprintf("%s: %s %s", s.region.Name, nounOf(s.object), s.name())
		all = append(all, part{name, s.object.GetUID()})
		for _, fate := range s.fates {
			all = append(all, part{name + ": " + fate, s.object.GetUID()})
		}
	}
	return all
}

func (h held) reasons(copies []copyIn, regions []string) (all []string) {
	name := h.name(copies)
	if !slices.ContainsFunc(copies, func(c copyIn) bool { return applied(&c.object) }) && !allAsked(copies) {
		all = append(all, fmt.Sprintf("ring %s was not made by `ringspan up`", name))
	}
	if slices.ContainsFunc(copies, func(c copyIn) bool { return c.object.Annotations[deletion.Protection] == "true" }) {
		all = append(all, fmt.Sprintf("ring %s is protected from deletion", name))
	}
	var strays []string
	for i := range copies {
		strays = append(strays, Strays(&copies[i].object, regions)...)
	}
	slices.Sort(strays)
	if strays = slices.Compact(strays); len(strays) > 0 {
		all = append(all, fmt.Sprintf("ring %s is also in region %s, which isn't among those that are asked: the file must name it", name, strings.Join(strays, ", ")))
	}
	return all
}

// allAsked tells whether every copy of a ring is being deleted because somebody asked for that,
// as an earlier down did. The copy that up applied may be deleted already then.
func allAsked(copies []copyIn) bool {
	return !slices.ContainsFunc(copies, func(c copyIn) bool { return !deletion.IsAsked(&c.object) })
}

// applied tells whether up has written a ring in this region; the others take it over.
func applied(k *k8ssandra.K8ssandraCluster) bool {
	return slices.ContainsFunc(k.ManagedFields, func(f metav1.ManagedFieldsEntry) bool {
		return f.Manager == string(FieldOwner) && f.Operation == metav1.ManagedFieldsOperationApply
	})
}
