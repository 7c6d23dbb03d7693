package live

import (
	"context"
	"maps"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cassandra "github.com/ringspan/ringspan/api/cassandra/v1beta1"
	k8ssandra "github.com/ringspan/ringspan/api/k8ssandra/v1alpha1"
	"github.com/ringspan/ringspan/internal/preview"
	"github.com/ringspan/ringspan/internal/region"
	"github.com/ringspan/ringspan/internal/ring"
)

// Edit is an object as somebody is about to apply it.
type Edit struct {
	// Object is a K8ssandraCluster or a CassandraDatacenter, as it was written.
	Object *unstructured.Unstructured
	// Owner applies it server-side. "" stands for kubectl apply, by which the written spec takes the place of the one that is there.
	Owner client.FieldOwner
}

// Foretell says what an edit does. An error is one of this machine, or of its user's rights; what regions can't say is in the
// report.
func Foretell(ctx context.Context, regions []region.Region, e Edit) (*Report, error) {
	r := &Report{Kind: e.Object.GetKind(), Namespace: e.Object.GetNamespace(), Name: e.Object.GetName()}
	key := client.ObjectKeyFromObject(e.Object)
	sites := read(ctx, regions, key)
	var err error
	if r.Kind == "CassandraDatacenter" {
		err = r.alone(ctx, sites, e)
	} else {
		err = r.ring(ctx, sites, e)
	}
	r.sort()
	return r, err
}

// alone is for a datacenter without a ring.
func (r *Report) alone(ctx context.Context, sites []*site, e Edit) error {
	key := client.ObjectKeyFromObject(e.Object)
	for _, s := range sites {
		if s.err != nil {
			r.Unknown = append(r.Unknown, Unknown{s.Name, []string{e.Object.GetName()}, s.err.Error()})
			continue
		}
		have := s.datacenter(key)
		if have == nil {
			continue
		}
		want := &cassandra.CassandraDatacenter{}
		if r.dryRun(ctx, s, e, have, want) {
			r.Edits = preview.Edits(have.Spec, want.Spec)
			r.foretell(ctx, s, have, want)
		}
		r.Unknown = nil // it is found
		return nil
	}
	if len(r.Unknown) == 0 {
		want := &cassandra.CassandraDatacenter{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(e.Object.Object, want); err != nil {
			return err
		}
		r.New = true
		r.Datacenters = append(r.Datacenters, Datacenter{Namespace: want.Namespace, Name: want.Name, New: true, Nodes: int(want.Spec.Size)})
	}
	return nil
}

// dryRun has the API server say what an object would be, and tells whether it takes it.
func (r *Report) dryRun(ctx context.Context, s *site, e Edit, have client.Object, into client.Object) bool {
	ctx, cancel := context.WithTimeout(ctx, region.AnswerLimit)
	defer cancel()
	asked := e.Object.DeepCopy()
	var err error
	if e.Owner != "" || have == nil {
		asked.SetManagedFields(nil)
		owner := e.Owner
		if owner == "" {
			owner = "kubectl"
		}
		err = s.Client.Patch(ctx, asked, client.Apply, owner, client.ForceOwnership, client.DryRunAll) //nolint:staticcheck // as the operator does: the result is read back
	} else {
		asked, err = replaced(asked, have)
		if err == nil {
			err = s.Client.Update(ctx, asked, client.DryRunAll)
		}
	}
	if err == nil {
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(asked.Object, into)
	}
	switch why := refusal(err); {
	case err == nil:
		return true
	case why != "":
		r.Refused, r.Rejected = append(r.Refused, why), true
	default:
		r.Unknown = append(r.Unknown, Unknown{s.Name, nil, err.Error()})
	}
	return false
}

// replaced is what is there with the spec that was written, and its labels and annotations beside those that there are.
func replaced(written *unstructured.Unstructured, have client.Object) (*unstructured.Unstructured, error) {
	data, err := runtime.DefaultUnstructuredConverter.ToUnstructured(have)
	if err != nil {
		return nil, err
	}
	out := &unstructured.Unstructured{Object: data}
	out.SetGroupVersionKind(written.GroupVersionKind())
	out.SetLabels(laid(out.GetLabels(), written.GetLabels()))
	out.SetAnnotations(laid(out.GetAnnotations(), written.GetAnnotations()))
	out.Object["spec"] = written.Object["spec"]
	return out, nil
}

func laid(over, more map[string]string) map[string]string {
	out := maps.Clone(over)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, more)
	return out
}

// foretellDeparture says what becomes of a datacenter that the edited ring doesn't have any more.
func (r *Report) foretellDeparture(ctx context.Context, s *site, one ring.Departure) {
	have := s.datacenter(client.ObjectKeyFromObject(one.Datacenter))
	if have == nil {
		return
	}
	known := len(r.Datacenters)
	r.foretell(ctx, s, have, one.Datacenter)
	for i := known; i < len(r.Datacenters); i++ {
		d := &r.Datacenters[i]
		d.Leaves, d.Nodes, d.Blocker = true, 0, one.Blocker
		if s.ring == nil { // its own operator doesn't look at it
			d.Blocker = "region " + s.Name + " to have its copy of the ring"
		}
	}
}

// foretell says what becomes of a datacenter that is there.
func (r *Report) foretell(ctx context.Context, s *site, have, want *cassandra.CassandraDatacenter) {
	if !sameSpec(have, want) && want.Generation == have.Generation {
		want.Generation++
	}
	want.UID, want.Status = have.UID, *have.Status.DeepCopy()
	seen, err := s.look(ctx, have, want)
	if err != nil {
		r.Unknown = append(r.Unknown, Unknown{s.Name, []string{have.Name}, err.Error()})
		return
	}
	d := Datacenter{Region: s.Name, Namespace: have.Namespace, Name: have.Name, Nodes: int(want.Spec.Size), Preview: preview.Of(seen[1])}
	now := preview.Of(seen[0])
	if now.Consent == "" { // what waits for consent isn't under way
		d.UnderWay = now.Events
	}
	d.Refused = slices.DeleteFunc(d.Refused, func(why string) bool { return slices.Contains(now.Refused, why) }) // its status says so
	r.Datacenters = append(r.Datacenters, d)
}

func sameSpec(a, b *cassandra.CassandraDatacenter) bool {
	return len(preview.Edits(a.Spec, b.Spec)) == 0
}

// ring is for a ring over all its regions.
func (r *Report) ring(ctx context.Context, sites []*site, e Edit) error {
	written := &k8ssandra.K8ssandraCluster{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(e.Object.Object, written); err != nil {
		return err
	}
	home := homeOf(sites, written)
	if home == nil {
		r.unanswered(sites, written)
		if r.New = len(r.Unknown) == 0; r.New {
			r.allNew(written)
		}
		return nil
	}
	edited := &k8ssandra.K8ssandraCluster{}
	if !r.dryRun(ctx, home, e, home.ring, edited) {
		return nil
	}
	r.Edits = preview.Edits(home.ring.Spec, edited.Spec)
	r.unanswered(sites, edited, home.ring)
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, s := range sites {
		if s.err != nil {
			continue
		}
		group.Go(func() {
			one := &Report{}
			one.inRegion(ctx, s, sites, home.ring, edited)
			mu.Lock()
			defer mu.Unlock()
			r.Datacenters, r.Unknown = append(r.Datacenters, one.Datacenters...), append(r.Unknown, one.Unknown...)
			for _, why := range one.Refused {
				if !slices.Contains(r.Refused, why) {
					r.Refused = append(r.Refused, why)
				}
			}
		})
	}
	group.Wait()
	return nil
}

// homeOf is the region in which the ring is applied: that of its first datacenter, else one that has a copy.
func homeOf(sites []*site, k *k8ssandra.K8ssandraCluster) *site {
	var found *site
	for _, s := range sites {
		if s.err != nil || s.ring == nil {
			continue
		}
		first := k.Spec.Cassandra != nil && len(k.Spec.Cassandra.Datacenters) > 0 && k.Spec.Cassandra.Datacenters[0].K8sContext == s.Name
		if found == nil || first {
			found = s
		}
	}
	return found
}

// allNew is for a ring that isn't there.
func (r *Report) allNew(k *k8ssandra.K8ssandraCluster) {
	if k.Spec.Cassandra == nil {
		return
	}
	for _, t := range k.Spec.Cassandra.Datacenters {
		r.Datacenters = append(r.Datacenters, Datacenter{Region: ring.RegionOf(k, t), Namespace: ring.Namespace(k, t), Name: t.Metadata.Name, New: true, Nodes: int(t.Size)})
	}
}

// unanswered names the regions of a ring that don't answer.
func (r *Report) unanswered(sites []*site, versions ...*k8ssandra.K8ssandraCluster) {
	byRegion := map[string][]string{}
	for _, k := range versions {
		if k.Spec.Cassandra == nil {
			continue
		}
		for _, t := range k.Spec.Cassandra.Datacenters {
			if at := ring.RegionOf(k, t); !slices.Contains(byRegion[at], t.Metadata.Name) {
				byRegion[at] = append(byRegion[at], t.Metadata.Name)
			}
		}
	}
	for _, s := range sites {
		if s.err != nil && len(byRegion[s.Name]) > 0 {
			r.Unknown = append(r.Unknown, Unknown{s.Name, byRegion[s.Name], s.err.Error()})
		}
		delete(byRegion, s.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(byRegion)) {
		if name != "" {
			r.Unknown = append(r.Unknown, Unknown{name, byRegion[name], name + " is no region of the fleet"})
		}
	}
}

// notThere tells whether an error says that an object isn't there.
func notThere(err error) bool { return apierrors.IsNotFound(err) }
