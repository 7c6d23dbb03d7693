package controller

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ringspan/ringspan/internal/deletion"
	"github.com/ringspan/ringspan/internal/federation"
	"github.com/ringspan/ringspan/internal/federation/peers"
	"github.com/ringspan/ringspan/internal/version"
)

// observe reads all that is needed to decide.
func (p *Pass) observe(ctx context.Context) error {
	p.View = federation.View{Region: p.Region, Name: p.name.String(), Noun: p.Kind.Noun, PartsNoun: p.Kind.Parts, Deletion: p.Kind.Deletion,
		Now: p.Now(), Lag: peers.Lag, Version: version.Version, Configs: p.Copies.Peers.Namespace, Yielded: p.yielded}
	for i := range p.Peers {
		o, c := p.Peers[i].Copy(p.Kind, p.name)
		p.View.Peers = append(p.View.Peers, p.peer(&p.Peers[i], o, c))
	}
	if err := p.observeParts(ctx); err != nil || p.Object == nil {
		return err
	}
	own := p.own()
	p.View.Own = own
	switch {
	case own.Deleting:
		return p.observeCause(ctx, own)
	case !own.IsZero() && own.Edited():
		// Before an edit gets a revision it must be known that it is one: a spec with fields that this version leaves out looks
		// edited too.
		raw := p.raw()
		if err := p.Client.Get(ctx, p.name, raw); err != nil {
			return err
		}
		spec, _, _ := unstructured.NestedMap(raw.Object, "spec")
		own.Unknown = p.Kind.Schema.Unknown(spec)
	}
	return p.observeNamespace(ctx, own)
}

// peer is a region as it was last seen, with its copy; nil when it has none.
func (p *Pass) peer(s *peers.Snapshot, o client.Object, c federation.Copy) federation.Peer {
	one := federation.Peer{Copy: federation.Copy{Region: s.Region}, Reachable: s.Reachable, Absent: true, Parts: p.Parts.At(s, p.name), Cluster: s.Cluster()}
	if s.Lacks(p.Kind) != "" { // what can't be read isn't known to be absent
		one.Reachable, one.Lacks = false, s.Reachable
	}
	if o == nil {
		return one
	}
	one.Copy, one.Absent = c, false
	one.Seen = federation.ParseRegions(o.GetAnnotations()[federation.RegionsAnnotation])
	one.Clusters = federation.ParseRegions(o.GetAnnotations()[federation.ClustersAnnotation])
	one.BringBack = o.GetAnnotations()[federation.BringBackAnnotation]
	if one.Refused = p.unfit[s.Region]; one.Refused == "" && p.Kind.Pull != nil {
		one.Refused = p.Kind.Pull(o)
	}
	return one
}

// own is this region's copy.
func (p *Pass) own() *federation.Own {
	notes := p.Object.GetAnnotations()
	own := &federation.Own{Copy: p.Kind.Copy(p.Region, p.Object), Origin: notes[federation.OriginAnnotation], Choose: notes[federation.ChooseAnnotation],
		Unfit: p.unfit[chosenBy(notes)], Seen: federation.ParseRegions(notes[federation.RegionsAnnotation]), Clusters: federation.ParseRegions(notes[federation.ClustersAnnotation]), BringBack: notes[federation.BringBackAnnotation],
		Unguarded: !hasFinalizer(p.Object, p.Kind.Finalizer), Told: map[string]federation.Revision{}}
	own.Elsewhere = p.Kind.Elsewhere != nil && p.Kind.Elsewhere(p.Object, p.Region)
	for region, text := range p.Parts.Told(p.Object) {
		if r, err := federation.ParseRevision(text); err == nil && !r.IsZero() {
			own.Told[region] = r
		}
	}
	return own
}

// chosenBy files the reason why a choice can't be stored apart from the one why a region's copy can't.
func chosenBy(notes map[string]string) string { return "chosen " + notes[federation.ChooseAnnotation] }

// observeParts reads what this region has made of the object. Two ids among them are nobody's.
func (p *Pass) observeParts(ctx context.Context) error {
	list, err := p.Parts.List(ctx, p.name)
	if err != nil {
		return err
	}
	p.parts = list
	parts, several := federation.Parts{}, false
	for _, one := range list {
		parts.Names = append(parts.Names, one.GetName()+p.Parts.HeldUp(one))
		parts.Living = parts.Living || one.GetDeletionTimestamp().IsZero()
		id := p.Parts.ID(one)
		several = several || parts.ID != "" && id != "" && id != parts.ID
		if parts.ID == "" {
			parts.ID = id
		}
	}
	if several {
		parts.ID = ""
	}
	p.View.Parts = parts
	return nil
}

// observeCause finds out whether a deletion was asked for.
func (p *Pass) observeCause(ctx context.Context, own *federation.Own) error {
	if own.Asked || own.Removal == federation.RemovalBegun {
		return nil
	}
	var err error
	if own.Cause, err = deletion.Cause(ctx, p.Live, p.Object, p.Kind.Definition); err != nil {
		own.Unsure = err.Error()
		return nil //nolint:nilerr // it is told, and looked at again
	}
	if own.Cause == "" && own.Mark != federation.DeletionLost {
		return nil
	}
	own.MayGo, err = deletion.MayGo(ctx, p.Live, p.Object)
	return err
}

// observeNamespace finds out whether the copy is about to go with its namespace.
func (p *Pass) observeNamespace(ctx context.Context, own *federation.Own) (err error) {
	if own.Doomed, err = deletion.NamespaceGoes(ctx, p.Live, p.name.Namespace); err != nil || own.Doomed == "" {
		return err
	}
	own.MayGo, err = deletion.MayGo(ctx, p.Live, p.Object)
	return err
}

// raw is the copy as this region's API server has it, with fields that this version doesn't know.
func (p *Pass) raw() *unstructured.Unstructured {
	raw := &unstructured.Unstructured{}
	raw.SetGroupVersionKind(p.Kind.GroupVersionKind)
	raw.SetNamespace(p.name.Namespace)
	raw.SetName(p.name.Name)
	return raw
}

func hasFinalizer(o client.Object, name string) bool {
	return slices.Contains(o.GetFinalizers(), name)
}
