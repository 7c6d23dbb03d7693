package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	control "github.com/ringspan/ringspan/api/control/v1alpha1"
	fleetv1 "github.com/ringspan/ringspan/api/fleet/v1alpha1"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/install"
	"github.com/ringspan/ringspan/internal/propagation"
	"github.com/ringspan/ringspan/internal/region"
)

// Propagations and K8ssandraTasks have finalizers that only operators take off, so they end before the operators go:
// Propagations first, because each region deletes or lets go of its objects by what the Propagation says, and then tasks.

// sharedEndLimit is how long their end may take.
const sharedEndLimit = 5 * time.Minute

// sharedIn is a region's copy of one.
type sharedIn struct {
	region region.Region
	object client.Object
	labels map[string]string // of a Propagation, those of the region that placements choose by
	heed   string            // of a Propagation, why another copy has this region's objects stay; "" when none has, or this one does too
	fates  []string          // of a Propagation, what becomes of each of its objects in the region
}

func (s *sharedIn) name() string { return client.ObjectKeyFromObject(s.object).String() }

// addShared reads what a region has of Propagations and K8ssandraTasks.
func (h *held) addShared(ctx context.Context, r region.Region) error {
	var propagations fleetv1.PropagationList
	var tasks control.K8ssandraTaskList
	if err := errors.Join(known(r.Client.List(ctx, &propagations)), known(r.Client.List(ctx, &tasks))); err != nil {
		return err
	}
	if len(propagations.Items) > 0 {
		ns := &corev1.Namespace{} // whose labels placements choose by
		if err := r.Client.Get(ctx, client.ObjectKey{Name: install.Namespace}, ns); client.IgnoreNotFound(err) != nil {
			return err
		}
		for i := range propagations.Items {
			p := &propagations.Items[i]
			h.propagations = append(h.propagations, shared(r, p, ns.Labels))
		}
	}
	for i := range tasks.Items {
		h.tasks = append(h.tasks, sharedIn{region: r, object: &tasks.Items[i]})
	}
	return nil
}

func shared(r region.Region, p *fleetv1.Propagation, labels map[string]string) sharedIn {
	return sharedIn{region: r, object: p, labels: labels, fates: propagation.Fates(p, r.Name, labels)}
}

// heedAll finds what one copy of a Propagation has stay and another one, which has not followed yet, would delete: it stays.
func (h *held) heedAll() {
	for i := range h.propagations {
		own := &h.propagations[i]
		p, _ := own.object.(*fleetv1.Propagation)
		for _, other := range h.propagations {
			theirs, _ := other.object.(*fleetv1.Propagation)
			if other.region.Name == own.region.Name || other.name() != own.name() || own.heed != "" || !propagation.Deletes(p, own.region.Name, own.labels) {
				continue
			}
			if why := propagation.Heed(p, theirs, own.region.Name, own.labels); why != "" {
				own.heed = downNote + why
				noted := p.DeepCopy()
				federation.Note(noted, fleetv1.PropagationOrphanAnnotation, own.heed)
				own.fates = propagation.Fates(noted, own.region.Name, own.labels)
			}
		}
	}
}

// downNote begins what down notes on a copy of a Propagation. It begins otherwise than an operator's own note, which the operator
// would take off again before the deletion comes.
const downNote = "ringspan down: "

// note writes on a copy that its objects stay.
func (s *sharedIn) note(ctx context.Context) error {
	if s.heed == "" || s.object.GetAnnotations()[fleetv1.PropagationOrphanAnnotation] != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	before, _ := s.object.DeepCopyObject().(client.Object) // of its own type
	federation.Note(s.object, fleetv1.PropagationOrphanAnnotation, s.heed)
	return s.region.Client.Patch(ctx, s.object, client.MergeFrom(before))
}

// removeShared ends Propagations and then tasks, while the operators that have to do it run.
func (d *ExistingDown) removeShared(ctx context.Context, h held) error {
	for i := range h.propagations {
		for _, fate := range h.propagations[i].fates {
			d.tell("%s: Propagation %s: %s.", h.propagations[i].region.Name, h.propagations[i].name(), fate)
		}
	}
	for _, kind := range []struct {
		noun string
		of   func(held) []sharedIn
	}{{"Propagation", func(h held) []sharedIn { return h.propagations }}, {"K8ssandraTask", func(h held) []sharedIn { return h.tasks }}} {
		all := kind.of(h)
		if names := namesOf(all); len(names) > 0 {
			d.tell("Deleting %ss %s.", kind.noun, strings.Join(names, ", "))
		}
		for i := range all {
			if err := all[i].end(ctx); err != nil {
				return fmt.Errorf("%s %s in region %s: %w", kind.noun, all[i].name(), all[i].region.Name, err)
			}
		}
		if err := d.awaitNone(ctx, kind.noun, kind.of); err != nil {
			return err
		}
	}
	return nil
}

// end deletes the very copy that was looked at, when what other copies have stay is noted on it. The note is taken off again when the
// copy can't be deleted.
func (s *sharedIn) end(ctx context.Context) error {
	err := s.noteAndDelete(ctx)
	if err = client.IgnoreNotFound(err); err == nil || s.heed == "" {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), region.AnswerLimit) // also when a person ends this run
	defer cancel()
	_, off := unnote(ctx, s.region.Client, client.ObjectKeyFromObject(s.object))
	return errors.Join(err, off)
}

// noteAndDelete deletes a copy with its note only as it was noted: an up may have taken the note off, or its operator have written
// the status.
func (s *sharedIn) noteAndDelete(ctx context.Context) error {
	if s.heed == "" {
		return s.delete(ctx, nil)
	}
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := s.note(ctx); err != nil {
			return err
		}
		version := s.object.GetResourceVersion()
		err := s.delete(ctx, &version)
		if apierrors.IsConflict(err) {
			return errors.Join(err, s.again(ctx))
		}
		return err
	})
}

func (s *sharedIn) delete(ctx context.Context, version *string) error {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	id := s.object.GetUID()
	return s.region.Client.Delete(ctx, s.object, client.Preconditions{UID: &id, ResourceVersion: version})
}

// again reads the copy once more. Another one of the name is not the one that was looked at.
func (s *sharedIn) again(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	id := s.object.GetUID()
	fresh, _ := s.object.DeepCopyObject().(client.Object) // of its own type
	if err := s.region.Client.Get(ctx, client.ObjectKeyFromObject(s.object), fresh); err != nil {
		return err
	}
	if fresh.GetUID() == id {
		s.object = fresh
	}
	return nil
}

// unnote takes down's note off a Propagation's copy that isn't being deleted after all, and tells whether it did.
func unnote(ctx context.Context, c client.Client, key client.ObjectKey) (off bool, err error) {
	err = retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		off = false
		p := &fleetv1.Propagation{}
		if err := c.Get(ctx, key, p); err != nil {
			return err
		}
		if p.DeletionTimestamp != nil || !strings.HasPrefix(p.Annotations[fleetv1.PropagationOrphanAnnotation], downNote) {
			return nil
		}
		before := p.DeepCopy()
		delete(p.Annotations, fleetv1.PropagationOrphanAnnotation)
		off = true
		return c.Patch(ctx, p, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	})
	return off && err == nil, client.IgnoreNotFound(err)
}

// unnoteAll takes the notes of a down that came to nothing off all Propagations of a region, and names these.
func unnoteAll(ctx context.Context, c client.Client) (names []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	var all fleetv1.PropagationList
	if err := known(c.List(ctx, &all)); err != nil {
		return nil, err
	}
	var errs []error
	for i := range all.Items {
		p := &all.Items[i]
		if !strings.HasPrefix(p.Annotations[fleetv1.PropagationOrphanAnnotation], downNote) {
			continue
		}
		off, err := unnote(ctx, c, client.ObjectKeyFromObject(p))
		if errs = append(errs, err); off {
			names = append(names, client.ObjectKeyFromObject(p).String())
		}
	}
	return names, errors.Join(errs...)
}

// awaitNone returns when no region has one of a kind any more. What a copy says that it waits for is told.
func (d *ExistingDown) awaitNone(ctx context.Context, noun string, of func(held) []sharedIn) error {
	ctx, cancel := context.WithTimeout(ctx, sharedEndLimit)
	defer cancel()
	tick := time.NewTicker(ringsEndAgain)
	defer tick.Stop()
	said := map[string]bool{}
	for {
		h, err := hold(ctx, d.Regions)
		left := of(h)
		if err == nil && len(left) == 0 {
			return nil
		}
		for i := range left {
			if why := left[i].waits(); why != "" && !said[why] {
				said[why] = true
				d.Tell(why)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the operators stay, because %ss are still being deleted (%s): %w; run down again when what they wait for is mended", noun, strings.Join(namesOf(left), ", "), errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

// waits is what a Propagation says of its deletion.
func (s *sharedIn) waits() string {
	p, is := s.object.(*fleetv1.Propagation)
	if !is {
		return ""
	}
	c := meta.FindStatusCondition(p.Status.Conditions, fleetv1.PropagationDeleting)
	if c == nil || c.Message == "" {
		return ""
	}
	return fmt.Sprintf("%s: Propagation %s: %s", s.region.Name, s.name(), c.Message)
}

// notEnding are the Propagations with a copy that nobody has deleted yet.
func (h held) notEnding() []string {
	return namesOf(filter(h.propagations, func(s sharedIn) bool { return s.object.GetDeletionTimestamp() == nil }))
}

// namesOf are the names of all copies, each once.
func namesOf(all []sharedIn) (names []string) {
	for i := range all {
		names = append(names, all[i].name())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// sharedList says of a region what goes and what stays of Propagations, and which tasks go.
func (h held) sharedList(name string) string {
	in := func(s sharedIn) bool { return s.region.Name == name }
	propagations, tasks := filter(h.propagations, in), filter(h.tasks, in)
	var fates []string
	for i := range propagations {
		fates = append(fates, propagations[i].fates...)
	}
	text := ""
	if len(propagations) > 0 {
		text += "; Propagations: " + strings.Join(namesOf(propagations), ", ")
	}
	if len(fates) > 0 {
		text += " (" + strings.Join(fates, ", ") + ")"
	}
	if len(tasks) > 0 {
		text += "; K8ssandraTasks: " + strings.Join(namesOf(tasks), ", ")
	}
	return text
}

func filter(all []sharedIn, is func(sharedIn) bool) (some []sharedIn) {
	for _, s := range all {
		if is(s) {
			some = append(some, s)
		}
	}
	return some
}

// refuseNew is an error when somebody has made a Propagation or a task meanwhile: nobody would ever end it.
func (h held) refuseNew() error {
	left := slices.Concat(namesOf(h.propagations), namesOf(h.tasks))
	if len(left) == 0 {
		return nil
	}
	return fmt.Errorf("made since: %s; run down again", strings.Join(left, ", "))
}

// sharedReasons are why Propagations and tasks can't end: a part that nobody asks would wait, and be waited for.
func (h held) sharedReasons(regions []string) (all []string) {
	for _, s := range slices.Concat(h.propagations, h.tasks) {
		if strays := straysOf(s.object, regions); len(strays) > 0 {
			all = append(all, fmt.Sprintf("%s %s is also in region %s, which isn't among those that are asked: the file must name it", nounOf(s.object), s.name(), strings.Join(strays, ", ")))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func nounOf(o client.Object) string {
	if _, is := o.(*fleetv1.Propagation); is {
		return "Propagation"
	}
	return "K8ssandraTask"
}
